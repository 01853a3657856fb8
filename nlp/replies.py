"""Which question a reply answers: every reply ranked against every question of a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import logsumexp

from nlp.answers import AnswerModel, Matrix
from nlp.grams import Floats, Ints
from nlp.linear import unit_tfidf
from nlp.reply_quality import strip_courtesies
from nlp.segment import normal_words, normalise
from nlp.vocabulary import inverse_frequency, learn_grams, learn_words
from records.errors import Rejected

# What the cosine of a reply and a question counts beside the other two, which are logarithms already. Four
# held-out splits of replies_open.jsonl, 806 candidates each, mean MRR: 0.970 at 50, 0.971 at 70, 0.969 at 90.
SHARPNESS = 70.0
# What usually goes together, likewise: 0.969 at 1, 0.970 at 1.5, 0.971 at 2.
HABIT = 1.5
# Sinkhorn and Knopp 1967: after 20 rounds nothing moves. MRR 0.961 after 2, 0.966 after 5, 0.971 after 20.
ROUNDS = 20
# A square of so many is 800 MB.
MOST_ROWS = 10_000


def rank_questions(
    questions: Sequence[str],
    replies: Sequence[str],
    *,
    asked: Sequence[datetime | None],
    replied: Sequence[datetime | None],
    model: AnswerModel,
) -> Ints:
    """Return for each reply the rank, 1 the best, of its own question (same place in the list) among all.

    Weighed are the words they share, what usually goes together and how long replies take (AnswerModel);
    then every question has one reply and every reply one question. A question that scores as high as the
    true one counts as better; an empty reply ranks last. Raises Rejected for more than MOST_ROWS rows.
    """
    if len(questions) > MOST_ROWS:
        raise Rejected(
            "too_many_rows", f"{len(questions)} replies: more than {MOST_ROWS} are not compared (give fewer)"
        )
    asking, answering = [normalise(text) for text in questions], [normalise(text) for text in replies]
    texts = _features(asking, [strip_courtesies(text) for text in answering])
    scores = (
        SHARPNESS * _cosines(*texts)
        + HABIT * model.fit_of(asking, answering)
        + model.delay_gain(asked, replied)
    )
    balanced = _balance(scores)
    ranks = (balanced >= balanced.diagonal()[:, None]).sum(axis=1)
    is_empty = np.array([not text.strip() for text in replies], dtype=bool)
    return np.where(is_empty, len(questions), ranks)


def _cosines(questions: Any, replies: Any) -> Floats:
    cosines: Floats = (replies @ questions.T).toarray()
    return cosines


def _balance(scores: Matrix) -> Matrix:
    """Return the logarithms of the shares that each reply has in each question, rows and columns sum to 1.

    Long questions are near to every reply: what they would get of all replies is parted among these.
    """
    for _ in range(ROUNDS):
        scores = scores - logsumexp(scores, axis=0, keepdims=True)
        scores = scores - logsumexp(scores, axis=1, keepdims=True)
    return scores


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
