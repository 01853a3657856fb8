"""Linear scores over TF-IDF of words and of character n-grams: what topics and intent share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.grams import CharGrams, Floats, WordTerms

# How often a term of the title counts. Cross-validated macro-F1: +0.0022 ± 0.0009 for 2, and +0.0007 ± 0.0005
# more for 3, which takes longer to count (docs/decisions/014-topics.md).
TITLE_COUNTS = 2
_TINY = 1e-30  # in place of nothing: no row is divided by zero


def counted(title: str, text: str) -> str:
    """Return what the terms of a message are counted in."""
    return f"{title}\n" * TITLE_COUNTS + text


def unit_tfidf(counts: Any, idf: npt.NDArray[np.floating[Any]]) -> Any:
    """Weigh `counts` (CSR) in place and return them: (1 + ln tf) · idf with rows of unit length, float32.

    An empty row stays empty.
    """
    data = (np.log(counts.data) + 1) * idf[counts.indices]
    # A running sum in double precision: differences of it are the rows' sums, empty rows included.
    squares = np.zeros(len(data) + 1)
    np.cumsum(data * data, out=squares[1:])
    starts, ends = counts.indptr[:-1], counts.indptr[1:]
    scale = 1 / np.sqrt(np.maximum(squares[ends] - squares[starts], _TINY))
    counts.data = (data * scale.repeat(ends - starts)).astype(np.float32)
    return counts


def unit_rows(rows: Floats) -> Floats:
    """Return the rows at unit length; a row of zeros stays."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    unit: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit


@dataclass(frozen=True, slots=True)
class TextScorer:
    """The terms, words first; `idf` (n_terms,), `weights` (n_terms, n_labels), and the offset of each label,
    `bias` (n_labels,).
    """

    words: WordTerms
    grams: CharGrams
    idf: Floats
    weights: Floats
    bias: Floats

    def weigh(self, documents: Sequence[Sequence[str]], texts: Sequence[str]) -> Any:
        """Return the unit TF-IDF of n messages, CSR float32 (2 · n, n_terms): a row of words for each, then a
        row of n-grams for each.
        """
        n = len(texts)
        terms = self.words.tally(documents).then(
            self.grams.tally(texts), row=n, column=len(self.words.columns)
        )
        return unit_tfidf(terms.matrix((2 * n, len(self.idf))), self.idf)

    def scores(self, weighed: Any) -> Floats:
        """Return (n, n_labels) for what `weigh` gave; a message without known terms gets the bias."""
        both = weighed @ self.weights
        n = len(both) // 2
        scores: Floats = both[:n] + both[n:] + self.bias
        return scores
