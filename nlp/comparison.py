"""Two models side by side on the same labelled rows: their figures, and how often they decide differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlp.answers import AnswerModel
from nlp.evaluation import evaluate_replies
from nlp.figures import topic_figures
from nlp.floors import flat_figures
from nlp.model import Model
from nlp.topics import TopicGuess
from records.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`figures` are name → (first, second), None where one has no such figure.

    `decided_differently` of `rows` messages is None where only cards were compared, or ranks.
    """

    figures: Mapping[str, tuple[float | None, float | None]]
    rows: int | None = None
    decided_differently: int | None = None


def compare_cards(first: Mapping[str, Any], second: Mapping[str, Any]) -> Comparison:
    """Return the figures of both cards."""
    return Comparison(figures=_side_by_side(first, second))


def compare_topics(rows: Sequence[Mapping[str, Any]], first: Model, second: Model) -> Comparison:
    """Return the figures of both on rows with text, topic and optional title. Raises Rejected("bad_row").

    Decided differently is a message that gets another topic, or one from only one of them.
    """
    for number, row in enumerate(rows, start=1):
        if not isinstance(row.get("text"), str) or not isinstance(row.get("topic"), str):
            raise Rejected("bad_row", f'row {number}: "text" or "topic" is missing (each row needs both)')
    labels = [row["topic"] for row in rows]
    both = [_guesses(model, rows) for model in (first, second)]
    figures = [topic_figures(guesses, labels) for guesses in both]
    return Comparison(
        figures=_side_by_side(*figures),
        rows=len(rows),
        decided_differently=sum(a.topic != b.topic for a, b in zip(*both, strict=True)),
    )


def compare_replies(rows: Sequence[Mapping[str, Any]], first: AnswerModel, second: AnswerModel) -> Comparison:
    """Return the figures of both on rows with `text` and `reply`. Raises Rejected("bad_row")."""
    figures = [evaluate_replies(rows, model=model) for model in (first, second)]
    return Comparison(figures=_side_by_side(*figures), rows=len(rows))


def _guesses(model: Model, rows: Sequence[Mapping[str, Any]]) -> list[TopicGuess]:
    return model.guess_topics([(row.get("title") or "", row["text"]) for row in rows])


def _side_by_side(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> dict[str, tuple[float | None, float | None]]:
    figures = [flat_figures(first), flat_figures(second)]
    names = dict.fromkeys([*figures[0], *figures[1]])
    return {name: (figures[0].get(name), figures[1].get(name)) for name in names}
