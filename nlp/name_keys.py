"""Hashes of the character pairs that may be parts of names: rare ones, in runs of rare words.

A name that no pattern knows (of a company, a brand, a case) is cut into unusual words and single characters.
Names of cities, districts and streets are left out: too much happens there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nlp.grams import Ints, KeyTable
from nlp.pieces import Pieces, code_points

_LINE = ord("\n")
_PAIR = 32  # bits of a pair: two code points
_WIDE, _TITLE, _TEXT = 1, 2, 3
_MIX = np.uint32(0x9E3779B1)  # odd, so different pairs have different hashes

Keys = npt.NDArray[np.uint32]


def pair_keys(codes: Ints) -> Ints:
    """Return the number of each two characters that stand side by side, (n - 1,)."""
    return codes[:-1] << 16 | codes[1:]


def name_keys(
    pieces: Pieces,
    rare: npt.NDArray[np.bool_],
    chief: Sequence[Sequence[str]],
    wide: Sequence[Sequence[str]],
    common: KeyTable,
) -> list[tuple[Keys, Keys]]:
    """Return for each message its title's keys and all others; neither holds one twice.

    `rare` (n_pieces,) marks the pieces that names are made of. The names of `chief`, places that stand for
    the title, add their pairs to it; those of `wide` take theirs away. `common` pairs are no part of a name.
    """
    inside = np.repeat(rare, pieces.lengths)
    at = np.flatnonzero(inside[:-1] & inside[1:])
    rows = np.repeat(pieces.rows, pieces.lengths)[at]
    titled = np.repeat(pieces.in_title, pieces.lengths)[at]
    pairs = rows << _PAIR | pieces.codes[at] << 16 | pieces.codes[at + 1]
    found = (
        _pairs_of(chief) << 2,
        _pairs_of(wide) << 2 | _WIDE,
        pairs << 2 | np.where(titled, _TITLE, _TEXT),
    )
    # Sorted, the first sign of each pair decides: of a chief place, of a wide one, of the title, of the text.
    signed = np.sort(np.concatenate(found))
    pairs, sign = signed >> 2, signed & 3
    first = np.append(True, pairs[1:] != pairs[:-1])[: len(pairs)]
    first &= common.find(pairs & ((1 << _PAIR) - 1)) < 0
    title, others = pairs[first & (sign != _WIDE) & (sign != _TEXT)], pairs[first & (sign == _TEXT)]
    return list(zip(_by_row(title, len(chief)), _by_row(others, len(chief)), strict=True))


def _pairs_of(names: Sequence[Sequence[str]]) -> Ints:
    """Return the pairs of each message's names, with its row above them."""
    joined = ["\n".join(own) + "\n" for own in names]
    rows = np.repeat(np.arange(len(joined)), [len(text) for text in joined])
    codes = code_points("".join(joined))
    inside = (codes[:-1] != _LINE) & (codes[1:] != _LINE)
    pairs: Ints = (rows[:-1] << _PAIR | pair_keys(codes))[inside]
    return pairs


def _by_row(pairs: Ints, n_rows: int) -> list[Keys]:
    bounds = np.searchsorted(pairs, np.arange(n_rows + 1) << _PAIR).tolist()
    hashes = pairs.astype(np.uint32) * _MIX
    return [hashes[start:end] for start, end in pairwise(bounds)]
