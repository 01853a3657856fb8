"""The pieces of a batch of messages in flat arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np
import numpy.typing as npt

from nlp.grams import Ints

_FIRST, _LAST = 0x4E00, 0x9FFF  # Chinese characters
_PLANE = 0xFFFF


@dataclass(frozen=True, slots=True)
class Pieces:
    """`words` (n,) are the pieces, message after message; `rows` (n,) their messages.

    `lengths` (n,) are characters, `codes` (sum of lengths,) their code points, `in_title` and `chinese` (n,)
    flags: whether the piece stands in the title, whether it begins with a Chinese character.
    """

    words: list[str]
    rows: Ints
    lengths: Ints
    codes: Ints
    in_title: npt.NDArray[np.bool_]
    chinese: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, messages: Sequence[tuple[Sequence[str], int]]) -> Self:
        """Take messages as (pieces, at least one; characters of the title, which come first)."""
        words = list(chain.from_iterable(pieces for pieces, _ in messages))
        lengths = np.fromiter(map(len, words), dtype=np.int64, count=len(words))
        n_pieces, titles = np.array([(len(pieces), title) for pieces, title in messages], dtype=np.int64).T
        rows = np.repeat(np.arange(len(messages)), n_pieces)
        ends = np.cumsum(lengths)
        starts = ends - lengths
        codes = code_points("".join(words))
        first = codes[starts]
        title_ends = starts[np.cumsum(n_pieces) - n_pieces] + titles
        return cls(
            words, rows, lengths, codes, ends <= title_ends[rows], (first >= _FIRST) & (first <= _LAST)
        )


def code_points(text: str) -> Ints:
    """Return the code points of `text`; those past the basic plane by their lower half."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.int64) & _PLANE
