"""How good guesses are: macro-F1, the same at 90 % coverage, calibration, and agreement with people.

Without scikit-learn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlp.topics import TopicGuess

COVERAGE = 0.9
BINS = 10  # equally wide bins of the score, as in Guo et al. 2017


def topic_figures(guesses: Sequence[TopicGuess], labels: Sequence[str]) -> dict[str, Any]:
    """Return the figures of `guesses` against the true `labels`.

    rows, macro_f1, per_class {label: {precision, recall, f1, rows}}, macro_f1_at_90_coverage (the tenth with
    the lowest scores left out), macro_f1_answered and coverage (where the model did not abstain), ece.
    """
    guessed = [guess.guess for guess in guesses]
    scores = np.array([guess.score for guess in guesses])
    surest = np.argsort(-scores, kind="stable")[: max(1, round(COVERAGE * len(labels)))].tolist()
    answered = [at for at, guess in enumerate(guesses) if guess.topic is not None]
    per_class = _per_class(guessed, labels)
    return {
        "rows": len(labels),
        "macro_f1": _mean_f1(per_class),
        "macro_f1_at_90_coverage": _macro_f1(guessed, labels, surest),
        "macro_f1_answered": _macro_f1(guessed, labels, answered),
        "coverage": round(len(answered) / len(labels), 4) if labels else 0.0,
        "ece": _calibration_error(scores, np.array([a == b for a, b in zip(guessed, labels, strict=True)])),
        "per_class": per_class,
    }


def _macro_f1(guessed: Sequence[str], labels: Sequence[str], kept: Sequence[int]) -> float:
    return _mean_f1(_per_class([guessed[at] for at in kept], [labels[at] for at in kept]))


def _mean_f1(per_class: dict[str, dict[str, Any]]) -> float:
    """Macro-F1 over the classes that occur as truth or as guess, as scikit-learn counts them."""
    return round(float(np.mean([c["f1"] for c in per_class.values()])), 4) if per_class else 0.0


def _per_class(guessed: Sequence[str], labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    found = {}
    for name in sorted({*guessed, *labels}):
        hits = sum(a == b == name for a, b in zip(guessed, labels, strict=True))
        n_guessed, n_true = guessed.count(name), labels.count(name)
        found[name] = {
            "precision": round(hits / n_guessed, 4) if n_guessed else 0.0,
            "recall": round(hits / n_true, 4) if n_true else 0.0,
            "f1": round(2 * hits / (n_guessed + n_true), 4),
            "rows": n_true,
        }
    return found


def _calibration_error(scores: Any, right: Any) -> float:
    """Return the expected calibration error: mean |share right - mean score| over the bins, by size."""
    if not len(scores):
        return 0.0
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    gaps = [
        abs(right[bins == at].mean() - scores[bins == at].mean()) * (bins == at).mean()
        for at in range(BINS)
        if (bins == at).any()
    ]
    return round(float(sum(gaps)), 4)


def suggestion_figures(suggested: Sequence[str | None], labels: Sequence[str | None]) -> dict[str, Any]:
    """Return how good suggestions are that may be None for unknown, as labels may be.

    rows, coverage (share with a suggestion), accuracy (share of the suggestions that is right), found (share
    of the labels that is suggested) and per_class {name: {precision, recall, f1, rows}}, unknown left out.
    """
    right = sum(a is not None and a == b for a, b in zip(suggested, labels, strict=True))
    given, named = (sum(name is not None for name in names) for names in (suggested, labels))
    per_class = _per_class([name or "" for name in suggested], [name or "" for name in labels])
    return {
        "rows": len(labels),
        "coverage": round(given / len(labels), 4) if labels else 0.0,
        "accuracy": round(right / given, 4) if given else 0.0,
        "found": round(right / named, 4) if named else 0.0,
        "per_class": {name: figures for name, figures in per_class.items() if name},
    }


def agreement(labellers: Sequence[Sequence[Any]], guesses: Sequence[Any]) -> dict[str, Any]:
    """Return how far `guesses` agree with each labeller, beside how far two labellers agree.

    accuracy (the mean over the labellers), kappa_each and kappa, their mean, kappa_of_labellers (None with
    one), and confusion {first label: {guess: rows}}. Kappas of levels (whole numbers) are weighted by the
    squares of their distances, those of names are Cohen's.
    """
    each = [cohen_kappa(labels, guesses) for labels in labellers]
    rights = [a == b for labels in labellers for a, b in zip(labels, guesses, strict=True)]
    counts = Counter(zip(labellers[0], guesses, strict=True))
    return {
        "accuracy": round(float(np.mean(rights)), 4) if rights else 0.0,
        "kappa": round(float(np.mean(each)), 4),
        "kappa_each": [round(kappa, 4) for kappa in each],
        "kappa_of_labellers": round(cohen_kappa(*labellers), 4) if len(labellers) == 2 else None,
        "confusion": {
            str(label): {str(guess): counts[label, guess] for guess in sorted({*guesses})}
            for label in sorted({*labellers[0]})
        },
    }


def cohen_kappa(first: Sequence[Any], second: Sequence[Any]) -> float:
    """Return Cohen's kappa (1960), of whole numbers with quadratic weights (1968).

    0.0 where chance alone would agree on everything.
    """
    names = sorted({*first, *second})
    seen = np.zeros((len(names), len(names)))
    for a, b in zip(first, second, strict=True):
        seen[names.index(a), names.index(b)] += 1
    if all(isinstance(name, int) for name in names):
        levels = np.array(names, dtype=float)
        weights = (levels[:, None] - levels) ** 2
    else:
        weights = 1 - np.eye(len(names))
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(1, len(first))
    expected = float((weights * chance).sum())
    return 1 - float((weights * seen).sum()) / expected if expected else 0.0
