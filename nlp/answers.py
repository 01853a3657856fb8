"""Which replies go with which questions, learnt from answered messages: by what both say, and how soon.

A reply seldom repeats its question ("已转市人社局处理"), but offices have their ways: what is asked about
wages is answered by certain words, at certain places. The covariance between the words of questions and of
their replies, cut down to its strongest directions (partial least squares by SVD), tells what goes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nlp.grams import Floats, WordTerms
from nlp.linear import unit_tfidf
from nlp.model_files import SHIPPED, opened_model, packed, save_model, unpacked
from nlp.segment import is_person_name, words
from nlp.vocabulary import inverse_frequency, learn_words

NAME = "answers"
FOLDER = SHIPPED / NAME
# Four held-out splits of replies_open.jsonl, 806 candidates each, mean MRR: 0.956 without the directions,
# 0.970 with 32, 0.971 with 64, 0.973 with 128.
DIMENSIONS = 64
# With so few words on a side the covariance may be of a lower rank than DIMENSIONS: ARPACK then starts anew
# from vectors that differ from call to call. All directions are found at once instead, in under a second.
FEW_WORDS = 512
# Days from question to reply: an answer before its question is impossible, one after weeks the rule.
DELAY_EDGES = (0.0, 0.5, 1, 2, 3, 5, 7, 10, 14, 20, 30, 45, 60, 90, 150, 300)
SEED = 0

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Side:
    """The words of questions, or those of replies: `idf` (n_words,), `vectors` (n_words, n_dimensions)."""

    terms: WordTerms
    idf: Floats
    vectors: Floats

    def project(self, texts: Sequence[str]) -> Floats:
        """Return (n_texts, n_dimensions)."""
        projected: Floats = _weighed(texts, self.terms, self.idf) @ self.vectors
        return projected


@dataclass(frozen=True, slots=True)
class AnswerModel:
    """`delay_gains` (len(DELAY_EDGES) + 1,): how much likelier a delay is between a question and its reply
    than between any two, in natural logarithms.
    """

    version: str
    questions: Side
    replies: Side
    delay_gains: Matrix

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read the model in `folder`, or the shipped one. Raises ConfigurationError if it cannot be used."""
        with opened_model(folder or FOLDER, NAME) as (head, arrays):
            asking, answering = (
                Side(
                    WordTerms(
                        {word: column for column, word in enumerate(unpacked(arrays[f"{name}_words"]))}
                    ),
                    arrays[f"{name}_idf"],
                    arrays[f"{name}_vectors"].astype(np.float32),
                )
                for name in ("question", "reply")
            )
            return cls(head["version"], asking, answering, arrays["delay_gains"])

    def fit_of(self, questions: Sequence[str], replies: Sequence[str]) -> Floats:
        """Return how well each reply goes with each question, (n_replies, n_questions), spread about 1."""
        fits: Floats = self.replies.project(replies) @ self.questions.project(questions).T
        return fits

    def delay_gain(self, asked: Sequence[datetime | None], replied: Sequence[datetime | None]) -> Matrix:
        """Return the gain of each pair, (n_replies, n_questions); 0 where a date is not known."""
        days = _days(replied)[:, None] - _days(asked)
        gains: Matrix = self.delay_gains[np.digitize(days, DELAY_EDGES)]
        return np.where(np.isnan(days), 0.0, gains)


def fit_answers(
    questions: Sequence[str],
    replies: Sequence[str],
    *,
    asked: Sequence[datetime],
    replied: Sequence[datetime],
    folder: Path,
) -> AnswerModel:
    """Learn from questions and their replies; write the model. The same data gives the same bytes.

    Replies come as they are: the courtesies of an office are part of its ways.
    """
    asking, answering = _side_terms(questions), _side_terms(replies)
    question_vectors, reply_vectors = _directions(_weighed(questions, *asking), _weighed(replies, *answering))
    arrays: dict[str, Any] = {
        "question_words": packed(asking[0].columns),
        "question_idf": asking[1],
        "question_vectors": question_vectors.astype(np.float16),
        "reply_words": packed(answering[0].columns),
        "reply_idf": answering[1],
        "reply_vectors": reply_vectors.astype(np.float16),
        "delay_gains": _delay_gains(_days(asked), _days(replied)),
    }
    save_model(folder, {"name": NAME}, arrays)
    return AnswerModel.load(folder)


def _side_terms(texts: Sequence[str]) -> tuple[WordTerms, Floats]:
    documents = [words(text) for text in texts]
    kept = [word for word in learn_words(documents).columns if not is_person_name(word)]
    terms = WordTerms({word: column for column, word in enumerate(kept)})
    counts = terms.counts(documents)
    return terms, inverse_frequency(np.bincount(counts.indices, minlength=len(kept)), len(texts))


def _weighed(texts: Sequence[str], terms: WordTerms, idf: Floats) -> Any:
    return unit_tfidf(terms.counts([words(text) for text in texts]), idf)


def _directions(questions: Any, replies: Any) -> tuple[Matrix, Matrix]:
    """Return the vectors of both sides' words, whose products over the training data spread about 1."""
    from scipy.sparse.linalg import LinearOperator, svds

    def centred(rows: Matrix) -> Matrix:
        around_zero: Matrix = rows - rows.mean(axis=0)
        return around_zero

    def across(weights: Matrix) -> Matrix:
        product: Matrix = replies.T @ centred(questions @ weights)
        return product

    def back(weights: Matrix) -> Matrix:
        product: Matrix = questions.T @ centred(replies @ weights)
        return product

    shape = (replies.shape[1], questions.shape[1])
    if min(shape) <= FEW_WORDS:
        left, sizes, right = np.linalg.svd(across(np.eye(shape[1])), full_matrices=False)
        left, sizes, right = left[:, :DIMENSIONS], sizes[:DIMENSIONS], right[:DIMENSIONS]
    else:
        covariance = LinearOperator(
            shape, matvec=across, rmatvec=back, matmat=across, rmatmat=back, dtype=np.float64
        )
        left, sizes, right = svds(covariance, k=DIMENSIONS, random_state=SEED)
    signs = np.sign(left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])])
    # The root of the sizes: the first directions are those of length and manner, which tell little.
    left, right = left * signs * sizes**0.25, right.T * signs * sizes**0.25
    spread = float(((replies @ left) @ (questions @ right).T).std()) or 1.0
    return right / spread**0.5, left / spread**0.5


def _delay_gains(asked: Matrix, replied: Matrix) -> Matrix:
    """Return ln(share of a delay among the pairs / its share among all questions and replies)."""
    n_bins = len(DELAY_EDGES) + 1

    def share(days: Matrix) -> Matrix:
        counts = np.bincount(np.digitize(days, DELAY_EDGES).ravel(), minlength=n_bins) + 0.5
        shares: Matrix = counts / counts.sum()
        return shares

    gains: Matrix = np.log(share(replied - asked) / share(replied[:, None] - asked))
    return gains


def _days(times: Sequence[datetime | None]) -> Matrix:
    return np.array([np.nan if time is None else time.timestamp() / 86_400 for time in times])
