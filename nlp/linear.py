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


def counted(title: str, text: str) -> str:
    """Return what the terms of a message are counted in."""
    return f"{title}\n" * TITLE_COUNTS + text


def unit_tfidf(counts: Any, idf: npt.NDArray[np.floating[Any]]) -> Any:
    """Weigh `counts` (CSR) in place and return them: (1 + ln tf) · idf with rows of unit length, float32.

    An empty row stays empty.
    """
    data = (np.log(counts.data) + 1) * idf[counts.indices]
    # A running sum in double precision: differences of it are the rows' sums, empty rows included.
    squares = np.concatenate([[0.0], np.cumsum(data * data, dtype=np.float64)])
    length = np.sqrt(np.diff(squares[counts.indptr]))
    scale = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    counts.data = (data * np.repeat(scale, np.diff(counts.indptr))).astype(np.float32)
    return counts


def unit_rows(rows: Floats) -> Floats:
    """Return the rows at unit length; a row of zeros stays."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    unit: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of term: `idf` (n_terms,) and `weights` (n_terms, n_labels)."""

    idf: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class TextScorer:
    """Both kinds of terms and the offset of each label, `bias` (n_labels,)."""

    words: WordTerms
    grams: CharGrams
    word_block: Block
    gram_block: Block
    bias: Floats

    def weigh_words(self, documents: Sequence[Sequence[str]]) -> Any:
        """Return the unit TF-IDF of the documents' words, CSR float32 (n, n_words)."""
        return unit_tfidf(self.words.counts(documents), self.word_block.idf)

    def scores(self, weighed_words: Any, texts: Sequence[str]) -> Floats:
        """Return (n, n_labels) for `texts` and their weighed words; one without known terms gets the bias."""
        grams = unit_tfidf(self.grams.counts(texts), self.gram_block.idf)
        scores: Floats = weighed_words @ self.word_block.weights + grams @ self.gram_block.weights + self.bias
        return scores
