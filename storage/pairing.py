"""Texts to the terms of their characters: what storage.characters says, for whole texts at once and quicker.

Each piece is made one code point, so that a pair is three of them and a text's pairs are one array: runs of
letters and digits are hidden behind private code points meanwhile, which no text has among its pieces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from storage.characters import BLANKS, GAP, JOINT, RUN, pairs, pieces, with_gaps

_FIRST_HIDDEN, _LAST_HIDDEN = 0xF0000, 0x10FFFF
_HIDDEN = re.compile("[\U000f0000-\U0010ffff]")
# A run has two characters or more and something beside it: fewer characters cannot hold too many runs.
MOST_CHARACTERS = 3 * (_LAST_HIDDEN - _FIRST_HIDDEN)
# Up to so many, to replace each in the whole is quicker than to look at every character.
_MANY_RUNS = 30
_END = "\n"  # between two texts: neither a piece nor a gap
_ROW = np.uint64(32)  # bits that a code point may take, below the number of its row
_GAP, _JOINT, _LINE, _BLANK = map(ord, (GAP, JOINT, _END, " "))

Codes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class CharacterTerms:
    """Terms of a text, parted by blanks: `pairs` in their order, `pieces` each once, no gaps, in no order."""

    pairs: str
    pieces: str


def character_terms(texts: Sequence[str]) -> list[CharacterTerms]:
    """Return the terms of each text. Linear; some 50 texts at once take half the time of one by one."""
    if sum(map(len, texts)) > MOST_CHARACTERS:
        return [_one_by_one(text) for text in texts]
    hidden: dict[str, str] = {}

    def hide(run: re.Match[str]) -> str:
        return hidden.setdefault(run[0], chr(_FIRST_HIDDEN + len(hidden)))

    rows = [BLANKS.sub("", RUN.sub(hide, with_gaps(text))).strip(GAP) for text in texts]
    runs = {code: run for run, code in hidden.items()}
    return [
        CharacterTerms(_show(paired, row, runs), _show(alone, row, runs))
        for row, paired, alone in zip(rows, *_pairs_and_pieces(rows), strict=True)
    ]


def _show(terms: str, row: str, runs: Mapping[str, str]) -> str:
    """Return the terms with the runs that are hidden in `row`."""
    codes = set(_HIDDEN.findall(row)) if runs else ()
    if len(codes) > _MANY_RUNS:
        return _HIDDEN.sub(lambda code: runs[code[0]], terms)
    for code in codes:
        terms = terms.replace(code, runs[code])
    return terms


def _pairs_and_pieces(rows: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the pairs of each row and its different pieces; every character of a row is a piece or a gap."""
    codes: Codes = np.frombuffer(_END.join(rows).encode("utf-32-le"), dtype=np.uint32)
    at = np.flatnonzero(codes != _GAP)
    each = codes[at]
    of_row = np.cumsum(each == _LINE, dtype=np.uint64)
    follows = np.flatnonzero((each[:-1] != _LINE) & (each[1:] != _LINE))
    paired = np.empty((len(follows), 4), dtype=np.uint32)
    paired[:, 0], paired[:, 2], paired[:, 3] = each[follows], each[follows + 1], _BLANK
    paired[:, 1] = np.where(np.diff(at)[follows] == 1, _JOINT, _GAP)
    different = np.unique((of_row << _ROW)[each != _LINE] | each[each != _LINE])
    alone = np.empty((len(different), 2), dtype=np.uint32)
    alone[:, 0], alone[:, 1] = different, _BLANK
    return (
        _by_row(paired, of_row[follows], len(rows)),
        _by_row(alone, different >> _ROW, len(rows)),
    )


def _by_row(terms: Codes, of_row: npt.NDArray[np.uint64], n_rows: int) -> list[str]:
    """Return the terms of each row, which all take the same number of characters."""
    text = terms.tobytes().decode("utf-32-le")
    ends = np.searchsorted(of_row, np.arange(n_rows), side="right") * terms.shape[1]
    return [text[start:end].rstrip() for start, end in pairwise([0, *ends.tolist()])]


def _one_by_one(text: str) -> CharacterTerms:
    found = pieces(text)
    return CharacterTerms(" ".join(pairs(found)), " ".join(sorted(set(found) - {GAP})))
