"""Hashes of the character pairs that may be parts of names: rare ones, in runs of rare words.

A name that no pattern knows (of a company, a brand, a case) is cut into unusual words and single characters.
Names of cities, districts and streets are left out: too much happens there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nlp.grams import Ints, KeyTable

_CHINESE, _OTHERS = "\u4e00", "\ua000"  # what sorts between them begins with a Chinese character
_LINE, _PLANE = 0x0A, 0xFFFF
_CHIEF, _WIDE, _TITLE, _TEXT = range(4)  # where a pair stands: the first decides
_SIGN_BITS, _PAIR_BITS = 2, 32
_PAIR = (1 << _PAIR_BITS) - 1
_MIX = np.uint32(0x9E3779B1)  # odd, so different pairs have different hashes

Keys = npt.NDArray[np.uint32]


def rare_runs(pieces: Sequence[str], common: Collection[str]) -> str:
    """Return the Chinese words that are not `common`, on one line where they follow each other."""
    return "".join(
        [piece if _CHINESE <= piece < _OTHERS and piece not in common else "\n" for piece in pieces]
    )


def name_keys(
    *, chief: Sequence[str], wide: Sequence[str], title: Sequence[str], text: Sequence[str], common: KeyTable
) -> list[tuple[Keys, Keys]]:
    """Return for each message its title's keys and all others; neither holds one twice.

    All are one text for each message, in lines. Pairs of `chief`, places that stand for the title, join the
    title's; those of `wide` take theirs away. `common` pairs are no part of a name.
    """
    n = len(text)
    lines = [each + "\n" for each in (*chief, *wide, *title, *text)]
    rows = np.arange(n) << _PAIR_BITS + _SIGN_BITS
    above = np.concatenate([rows | sign for sign in (_CHIEF, _WIDE, _TITLE, _TEXT)])
    at, found = pairs_in("".join(lines))
    signed = np.sort(np.repeat(above, list(map(len, lines)))[at] | found << _SIGN_BITS)
    pairs, sign = signed >> _SIGN_BITS, signed & _TEXT
    kept = np.ones(len(pairs), dtype=bool)
    np.not_equal(pairs[1:], pairs[:-1], out=kept[1:])
    kept &= common.find(pairs & _PAIR) < 0
    titles, others = pairs[kept & (sign != _WIDE) & (sign != _TEXT)], pairs[kept & (sign == _TEXT)]
    return list(zip(_by_row(titles, n), _by_row(others, n), strict=True))


def pairs_in(text: str) -> tuple[Ints, Ints]:
    """Return where in `text` two characters stand side by side in a line, and each pair as a number.

    Characters past the basic plane count by their lower half.
    """
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.int64) & _PLANE
    inside = codes != _LINE
    at = (inside[:-1] & inside[1:]).nonzero()[0]
    return at, codes[at] << _PAIR_BITS // 2 | codes[at + 1]


def _by_row(pairs: Ints, n_rows: int) -> list[Keys]:
    bounds = pairs.searchsorted(np.arange(n_rows + 1) << _PAIR_BITS).tolist()
    hashes = pairs.astype(np.uint32) * _MIX
    return [hashes[start:end] for start, end in pairwise(bounds)]
