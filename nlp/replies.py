"""Which question a reply answers: every reply ranked against every question of a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from nlp.grams import Floats, Ints
from nlp.linear import unit_tfidf
from nlp.reply_quality import strip_courtesies
from nlp.segment import normal_words, normalise
from nlp.vocabulary import inverse_frequency, learn_grams, learn_words

# Long questions are near to everything and would win everywhere. What a question scores with its nearest
# replies on average is taken off (CSLS, Conneau et al. 2018). MRR on replies_open.jsonl, texts alone: 0.689
# without, 0.747 with 3 neighbours, 0.730 with 10, 0.712 with 50.
NEIGHBOURS = 3
# Rows compared at once: 256 against 100,000 are 100 MB of scores.
_BATCH = 256


def rank_questions(questions: Sequence[str], replies: Sequence[str]) -> Ints:
    """Return for each reply the rank, 1 the best, of its own question (same place in the list) among all.

    A question that scores as high as the true one counts as better; a reply without a term of its question
    ranks last.
    """
    asked, answered = _features(
        [normalise(text) for text in questions], [strip_courtesies(normalise(text)) for text in replies]
    )
    nearness = np.concatenate([_nearest(scores) for _, scores in _scores(asked, answered)])
    ranks = np.empty(len(replies), dtype=np.int64)
    for start, scores in _scores(answered, asked):
        here = np.arange(len(scores))
        says_nothing = scores[here, start + here] <= 0
        scores -= nearness / 2
        own = scores[here, start + here]
        better = (scores >= own[:, None]).sum(axis=1)
        ranks[start : start + len(scores)] = np.where(says_nothing, len(questions), better)
    return ranks


def _nearest(scores: Floats) -> Floats:
    nearest: Floats = np.sort(scores, axis=1)[:, -NEIGHBOURS:].mean(axis=1)
    return nearest


def _scores(rows: Any, columns: Any) -> Iterator[tuple[int, Floats]]:
    """Yield, a batch of rows at a time, the first row's number and cosines (n_batch, n_columns)."""
    for start in range(0, rows.shape[0], _BATCH):
        scores: Floats = (rows[start : start + _BATCH] @ columns.T).toarray()
        yield start, scores


def _features(questions: Sequence[str], replies: Sequence[str]) -> tuple[Any, Any]:
    """Return unit rows of words and character n-grams together, CSR, for questions and replies."""
    texts = [*questions, *replies]
    documents = [normal_words(text) for text in texts]
    blocks = (
        learn_words(documents, fewest=1).counts(documents),
        learn_grams(texts, fewest=1).counts(texts),
    )
    weighed = [unit_tfidf(counts, _idf(counts)) * np.float32(np.sqrt(0.5)) for counts in blocks]
    whole = sparse.hstack(weighed, format="csr")
    return whole[: len(questions)], whole[len(questions) :]


def _idf(counts: Any) -> Floats:
    return inverse_frequency(np.bincount(counts.indices, minlength=counts.shape[1]), counts.shape[0])
