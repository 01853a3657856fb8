"""The words that set a message apart: TF-IDF over the model's vocabulary, without names of persons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.grams import Floats

KEYWORDS = 6
# A word that more than one message in nine holds (我们, 希望, 领导) says nothing about any of them.
COMMONEST_IDF = 3.2


@dataclass(frozen=True, slots=True)
class KeywordPicker:
    """`names` (n_words,) are the vocabulary; `eligible` (n_words,) marks those that may be keywords."""

    names: tuple[str, ...]
    eligible: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, columns: Collection[str], idf: Floats, named: npt.NDArray[np.bool_]) -> KeywordPicker:
        """Return the picker for a vocabulary; `named` (n_words,) marks the names of persons."""
        shaped = np.fromiter((len(word) > 1 and not word[0].isascii() for word in columns), dtype=bool)
        return cls(tuple(columns), shaped & ~named & (idf >= COMMONEST_IDF))

    def pick(self, weighed: Any, taken: Sequence[Collection[str]]) -> list[tuple[str, ...]]:
        """Return the best words of each message, at most `KEYWORDS`, none part of a name in `taken`.

        `weighed` are the weights of words, CSR with a row for each message first.
        """
        bounds = weighed.indptr[: len(taken) + 1]
        eligible = self.eligible[weighed.indices[: bounds[-1]]].nonzero()[0]
        weights = weighed.data[eligible]
        starts = eligible.searchsorted(bounds)
        rows = np.repeat(np.arange(len(taken)), starts[1:] - starts[:-1])
        best = eligible[np.lexsort((-weights, rows))]
        columns = weighed.indices[best].tolist()
        return [
            self._free(columns[start : min(end, start + 3 * KEYWORDS)], names)
            for (start, end), names in zip(pairwise(starts.tolist()), taken, strict=True)
        ]

    def _free(self, columns: Sequence[int], taken: Collection[str]) -> tuple[str, ...]:
        names = " ".join(taken)
        words = (self.names[column] for column in columns)
        return tuple(islice((word for word in words if word not in names), KEYWORDS))
