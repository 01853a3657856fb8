"""The words that set a message apart: TF-IDF over the model's vocabulary, without names of persons."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.grams import Floats

KEYWORDS = 6
# A word that more than one message in nine holds (我们, 希望, 领导) says nothing about any of them.
COMMONEST_IDF = 3.2


@dataclass(frozen=True, slots=True)
class KeywordPicker:
    """`names` (n_words,) are the vocabulary; `eligible` (n_words,) is 1 where a word may be a keyword."""

    names: tuple[str, ...]
    eligible: Floats

    @classmethod
    def of(cls, columns: Collection[str], idf: Floats, named: npt.NDArray[np.bool_]) -> KeywordPicker:
        """Return the picker for a vocabulary; `named` (n_words,) marks the names of persons."""
        shaped = np.fromiter((len(word) > 1 and not word[0].isascii() for word in columns), dtype=bool)
        return cls(tuple(columns), (shaped & ~named & (idf >= COMMONEST_IDF)).astype(np.float32))

    def pick(self, weighed_words: Any, row: int, taken: Collection[str]) -> tuple[str, ...]:
        """Return the best words of one row, at most `KEYWORDS`, none of them part of a name of `taken`."""
        part = slice(weighed_words.indptr[row], weighed_words.indptr[row + 1])
        columns = weighed_words.indices[part]
        weights = weighed_words.data[part] * self.eligible[columns]
        best = np.argsort(-weights, kind="stable")[: KEYWORDS * 3]
        found: list[str] = []
        for column in columns[best[weights[best] > 0]].tolist():
            word = self.names[column]
            if not any(word in name for name in taken):
                found.append(word)
        return tuple(found[:KEYWORDS])
