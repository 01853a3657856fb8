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
_CHIEF, _WIDE, _TITLE, _TEXT = range(4)  # where a pair is found: the first decides
_SIGN_BITS, _PAIR_BITS = 2, 32  # a pair is two code points; the row of its message stands above it
_PAIR = (1 << _PAIR_BITS) - 1
_MIX = np.uint32(0x9E3779B1)  # odd, so different pairs have different hashes

Keys = npt.NDArray[np.uint32]


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
    signed = np.sort(np.concatenate([_pairs_of_names(chief, wide), _pairs_of_pieces(pieces, rare)]))
    pairs, sign = signed >> _SIGN_BITS, signed & _TEXT
    kept = np.ones(len(pairs), dtype=bool)
    np.not_equal(pairs[1:], pairs[:-1], out=kept[1:])
    kept &= common.find(pairs & _PAIR) < 0
    title, others = pairs[kept & (sign != _WIDE) & (sign != _TEXT)], pairs[kept & (sign == _TEXT)]
    return list(zip(_by_row(title, len(chief)), _by_row(others, len(chief)), strict=True))


def _pairs_of_names(chief: Sequence[Sequence[str]], wide: Sequence[Sequence[str]]) -> Ints:
    joined = ["\n".join(names) + "\n" for names in (*chief, *wide)]
    rows = np.arange(len(chief)) << _PAIR_BITS + _SIGN_BITS
    above = np.repeat(np.concatenate([rows | _CHIEF, rows | _WIDE]), [len(text) for text in joined])
    codes = code_points("".join(joined))
    inside = codes != _LINE
    pairs: Ints = (above[:-1] | _side_by_side(codes))[inside[:-1] & inside[1:]]
    return pairs


def _pairs_of_pieces(pieces: Pieces, rare: npt.NDArray[np.bool_]) -> Ints:
    above = pieces.rows << _PAIR_BITS + _SIGN_BITS | np.where(pieces.in_title, _TITLE, _TEXT)
    inside = np.repeat(rare, pieces.lengths)
    above = np.repeat(above, pieces.lengths)
    return (above[:-1] | _side_by_side(pieces.codes))[inside[:-1] & inside[1:]]


def _side_by_side(codes: Ints) -> Ints:
    """Return each two characters that stand side by side as one number, above their sign, (n - 1,)."""
    return (codes[:-1] << _PAIR_BITS // 2 | codes[1:]) << _SIGN_BITS


def _by_row(pairs: Ints, n_rows: int) -> list[Keys]:
    bounds = np.searchsorted(pairs, np.arange(n_rows + 1) << _PAIR_BITS).tolist()
    hashes = pairs.astype(np.uint32) * _MIX
    return [hashes[start:end] for start, end in pairwise(bounds)]
