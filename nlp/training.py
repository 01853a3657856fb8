"""Train a model from labelled messages: the same data gives the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from nlp.card import write_card
from nlp.figures import topic_figures
from nlp.grams import CharGrams, Floats, WordTerms
from nlp.intent import LEARNT_INTENTS, title_intent
from nlp.linear import TITLE_COUNTS, TextScorer, unit_tfidf
from nlp.model import Model
from nlp.segment import is_person_name, normal_words, normalise
from nlp.topics import Calibration, TopicDecider
from nlp.training_data import FEWEST_OF_A_LABEL, Row, read_rows
from nlp.vocabulary import FEWEST_MESSAGES, inverse_frequency, learn_grams, learn_words
from records.errors import ConfigurationError

# A machine over log-count ratios (Wang & Manning 2012) and a plain one at half its weight. What else was
# tried, with its figures: docs/decisions/014-topics.md.
SMOOTHING = 0.03
PENALTY = 0.1
PLAIN_PENALTY, PLAIN_SHARE = 0.3, 0.5
FOLDS = FEWEST_OF_A_LABEL
COVERAGE = 0.9
TITLES_DROPPED = 0.6  # the share of messages without a title that the model must stand
SEED = 0
SHARE_ROUNDS = 50  # the shares move by less than 0.001 after 20

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Terms:
    """The terms of the training data, and the counts of titles and texts apart."""

    words: WordTerms
    grams: CharGrams
    titles: tuple[Any, Any]  # counts of words, of character n-grams
    texts: tuple[Any, Any]

    def features(self, with_title: npt.NDArray[np.bool_], idf: tuple[Floats, Floats]) -> Any:
        """Return both blocks side by side, CSR (n_rows, n_terms); titles count only where asked."""
        keep = sparse.diags_array(with_title.astype(np.float32))
        return sparse.hstack(
            [
                unit_tfidf(sparse.csr_matrix(text + TITLE_COUNTS * (keep @ title)), weights)
                for title, text, weights in zip(self.titles, self.texts, idf, strict=True)
            ],
            format="csr",
        )


def train(data: Sequence[Path], out: Path, *, also: Sequence[Row] = ()) -> dict[str, Any]:
    """Train on the JSON lines of `data` (text, topic, optional title), write model and card into `out`.

    `also` are rows that people labelled in the product. Return the card. Raises ConfigurationError naming
    the line that cannot be used. Takes about a minute for 6,000 rows.
    """
    rows = read_rows(data, also=also)
    model, figures = fit(rows)
    saved = model.save(out)
    return write_card(
        out,
        {
            "version": saved.version,
            "data_sha256": _sha256(data, also),
            "files_sha256": [hashlib.sha256(path.read_bytes()).hexdigest() for path in data],
            "rows": len(rows),
            "labels": dict(sorted(Counter(row.topic for row in rows).items())),
            **figures,
        },
    )


def _sha256(data: Sequence[Path], also: Sequence[Row]) -> str:
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in data))
    for row in also:
        line = json.dumps([row.title, row.text, row.topic])
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def fit(rows: Sequence[Row]) -> tuple[Model, dict[str, Any]]:
    """Return the model and its cross-validated figures."""
    terms = _count_terms(rows)
    every = np.ones(len(rows), dtype=bool)
    idf = _idf(terms)
    whole, texts = terms.features(every, idf), terms.features(~every, idf)
    dropped = np.random.default_rng(SEED).random(len(rows)) < TITLES_DROPPED
    topics, topic_names = _numbered([row.topic for row in rows])
    topic_scores = _held_out(whole, terms.features(~dropped, idf), topics)
    decider = calibrated(topic_names, topic_scores, topics)

    intent_weights, intent_decider, intent_figures = _learn_intents(rows, texts)
    weights = np.hstack([_weights(whole, topics), intent_weights]).astype(np.float32)
    scorer = TextScorer(
        words=terms.words,
        grams=terms.grams,
        idf=np.concatenate(idf),
        weights=weights[:-1],
        bias=weights[-1],
    )
    figures = {
        "topics": topic_figures(decider.decide(topic_scores), [row.topic for row in rows]),
        "intents": intent_figures,
    }
    named = np.array([is_person_name(word) for word in terms.words.columns])
    return Model(version="", scorer=scorer, named=named, topics=decider, intents=intent_decider), figures


def _learn_intents(
    rows: Sequence[Row], texts: Any
) -> tuple[npt.NDArray[np.float64], TopicDecider, dict[str, Any]]:
    """Return the weights (n_terms + 1, n_intents), the decider and its figures; titles are the teachers.

    Where they say too little of any intent, nothing is learnt: all weights are 0.
    """
    names = [str(intent) for intent in LEARNT_INTENTS]
    stated = [title_intent(row.title) for row in rows]
    taught = np.flatnonzero([intent in LEARNT_INTENTS for intent in stated])
    intents = np.array([LEARNT_INTENTS.index(stated[at]) for at in taught], dtype=np.int64)
    if np.bincount(intents, minlength=len(names)).min() < FOLDS:
        nothing = np.zeros((texts.shape[1] + 1, len(names)))
        flat = Calibration(1.0, np.zeros(len(names), dtype=np.float32))
        return nothing, TopicDecider(tuple(names), flat, 0.0), {"rows": len(taught)}
    scores = _held_out(texts[taught], texts[taught], intents)
    weights = _weights(texts[taught], intents)
    silent = texts[np.setdiff1d(np.arange(len(rows)), taught)]
    # In single precision, as the model keeps them.
    kept = weights.astype(np.float32)
    decider = calibrated(names, scores, intents, coverage=1.0)
    decider = _shifted(decider, silent @ kept[:-1] + kept[-1], intents)
    return weights, decider, topic_figures(decider.decide(scores), [names[at] for at in intents])


def _count_terms(rows: Sequence[Row]) -> _Terms:
    titles, texts = [normalise(row.title) for row in rows], [normalise(row.text) for row in rows]
    title_words, text_words = list(map(normal_words, titles)), list(map(normal_words, texts))
    known = learn_words([a + b for a, b in zip(title_words, text_words, strict=True)])
    grams = learn_grams([f"{title}\n{text}" for title, text in zip(titles, texts, strict=True)])
    if not known.columns and not len(grams.table.keys):
        raise ConfigurationError(
            f"training data: no word is used in {FEWEST_MESSAGES} of {len(rows)} messages, there is nothing"
            " to learn from (give more rows)"
        )
    return _Terms(
        known,
        grams,
        (known.counts(title_words), grams.counts(titles)),
        (known.counts(text_words), grams.counts(texts)),
    )


def _idf(terms: _Terms) -> tuple[Floats, Floats]:
    def one(title: Any, text: Any) -> Floats:
        return inverse_frequency(np.bincount((title + text).indices, minlength=text.shape[1]), text.shape[0])

    by_word, by_gram = (one(*pair) for pair in zip(terms.titles, terms.texts, strict=True))
    return by_word, by_gram


def _numbered(labels: Sequence[str]) -> tuple[Numbers, list[str]]:
    names = sorted(set(labels))
    return np.array([names.index(label) for label in labels]), names


def _held_out(features: Any, tested: Any, labels: Numbers) -> Floats:
    """Return scores (n_rows, n_labels), each row's from a model that did not see it."""
    scores = np.zeros((len(labels), labels.max() + 1), dtype=np.float32)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for seen, unseen in folds.split(labels, labels):
        weights = _weights(features[seen], labels[seen])
        scores[unseen] = tested[unseen] @ weights[:-1] + weights[-1]
    return scores


def _weights(features: Any, labels: Numbers) -> npt.NDArray[np.float64]:
    """Return (n_terms + 1, n_labels), the last row being the bias: one label against the rest."""
    return np.stack([_binary(features, labels == label) for label in range(labels.max() + 1)], axis=1)


def _binary(features: Any, positive: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    inside = np.asarray(features[positive].sum(axis=0)).ravel() + SMOOTHING
    outside = np.asarray(features[~positive].sum(axis=0)).ravel() + SMOOTHING
    ratio = np.log((inside / inside.sum()) / (outside / outside.sum()))
    informed = LinearSVC(C=PENALTY, random_state=SEED)
    informed.fit(features @ sparse.diags_array(ratio), positive)
    plain = LinearSVC(C=PLAIN_PENALTY, class_weight="balanced", random_state=SEED).fit(features, positive)
    weights = informed.coef_[0] * ratio + PLAIN_SHARE * plain.coef_[0]
    return np.append(weights, informed.intercept_[0] + PLAIN_SHARE * plain.intercept_[0])


def _shifted(decider: TopicDecider, scores: Floats, labels: Numbers) -> TopicDecider:
    """Fit the offsets to messages whose titles say nothing (`scores` are theirs).

    Titles say 咨询 far more often than messages are: expectation maximisation over the shares of the labels
    (Saerens et al. 2002) finds the shares among the others.
    """
    taught = np.bincount(labels) / len(labels)
    chances = decider.calibration.probabilities(scores)
    shares = taught
    for _ in range(SHARE_ROUNDS if len(scores) else 0):
        weighed = chances * (shares / taught)
        shares = (weighed / weighed.sum(axis=1, keepdims=True)).mean(axis=0)
    offsets = decider.calibration.offsets + np.log(shares / taught + 1e-6)
    calibration = Calibration(decider.calibration.slope, offsets.round(6).astype(np.float32))
    return TopicDecider(decider.labels, calibration, decider.threshold)


def calibrated(
    names: Sequence[str], scores: Floats, labels: Numbers, *, coverage: float = COVERAGE
) -> TopicDecider:
    """Fit slope and offsets by maximum likelihood, and the threshold that keeps `coverage` of the rows."""

    def loss(values: npt.NDArray[np.float64]) -> float:
        chances = Calibration(values[0], values[1:].astype(np.float32)).probabilities(scores)
        return float(-np.log(chances[np.arange(len(labels)), labels] + 1e-12).mean())

    found = minimize(loss, np.append(2.0, np.zeros(len(names))), method="L-BFGS-B").x
    calibration = Calibration(round(float(found[0]), 6), found[1:].round(6).astype(np.float32))
    best = calibration.probabilities(scores).max(axis=1)
    return TopicDecider(tuple(names), calibration, round(float(np.quantile(best, 1 - coverage)), 4))
