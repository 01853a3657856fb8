"""Labels by people: which message to ask about next, what the keys mean, and the labels as training data."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.wiring import Parts
from nlp.evaluation import dissatisfaction_level, text_key
from nlp.model import Model
from nlp.model_shelf import ModelKind, ModelShelf
from nlp.training_data import READINGS, Row
from records.analysis import Analysis, Intent
from records.files import placed
from records.label import Label, LabelField, text_digest
from records.post import Post
from records.run import AuditEntry
from storage.database import Database

SKIP, QUIT, ACCEPT = "s", "q", "\r\n"
LEVELS = ("0", "1", "2", "3")
# Asked for at once: as many as a person labels before the order is worth finding anew.
PROPOSED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a message: `choices` are key → value, `guess` is the machine's own."""

    post: Post
    field: LabelField
    choices: dict[str, str]
    guess: str
    is_first: bool  # of this message


class Quitted(Exception):
    """The person wants to stop."""


def label_messages(
    parts: Parts,
    fields: Sequence[LabelField],
    ask: Callable[[Question], str],
    *,
    clock: Callable[[], datetime],
) -> int:
    """Ask about message after message until none is left or the person quits; return how many got a label.

    `ask` gives the key pressed: one of the choices, SKIP, QUIT, or one of ACCEPT for the guess; any other is
    asked again. Each message's labels are kept before the next is shown, so nothing is lost by stopping.
    """
    topics = ModelShelf(parts.settings.models_dir).load(ModelKind.TOPICS, Model.load).topics.labels
    done = 0
    try:
        for post, analysis in _proposed(parts.database, fields[0]):
            at = clock()
            parts.database.audit.record(AuditEntry(at=at, actor="cli", action="look", subject=post.id))
            given = _asked(post, analysis, fields, topics, ask)
            parts.database.labels.add(
                [
                    Label(post_id=post.id, digest=text_digest(post), field=field, value=value, at=at)
                    for field, value in given.items()
                ]
            )
            done += bool(given)
    except Quitted:
        pass
    return done


def topic_rows(database: Database) -> list[Row]:
    """Return the messages whose topic people labelled, as rows to train on, by id."""
    return [
        Row(title=one.post.title, text=one.post.text, topic=one.values[LabelField.TOPIC])
        for one in database.labels.labelled()
        if LabelField.TOPIC in one.values
    ]


def reading_rows(database: Database) -> list[dict[str, Any]]:
    """Return the messages whose intent, dissatisfaction or urgency people labelled, with what they said."""
    rows = [_exported(one.post, one.values) for one in database.labels.labelled()]
    return [row for row in rows if row.keys() & {*READINGS}]


def export_labels(database: Database, path: Path) -> int:
    """Write a JSON line for each labelled message, readable by its owner only; return how many.

    The lines are what `huiying train` reads, and both messages and labels to `huiying evaluate readings`.
    """
    rows = 0
    with placed(path) as file:
        for one in database.labels.labelled():
            file.write((json.dumps(_exported(one.post, one.values), ensure_ascii=False) + "\n").encode())
            rows += 1
    return rows


def _exported(post: Post, values: dict[LabelField, str]) -> dict[str, Any]:
    row = {"id": post.id, "title": post.title, "text": post.text, "asked_at": post.asked_at.isoformat()}
    labels = {field.value: int(value) if field.is_level else value for field, value in values.items()}
    return {**row, "sha1": text_key(row)[1], **labels}


def _proposed(database: Database, field: LabelField) -> Iterator[tuple[Post, Analysis]]:
    """Give messages to ask about; those that were skipped do not come again."""
    seen: set[str] = set()
    while ids := [one for one in database.labels.propose(field, PROPOSED + len(seen)) if one not in seen]:
        seen.update(ids)
        posts, analyses = database.posts.get_many(ids), database.analyses.get_many(ids)
        yield from ((posts[one], analyses[one]) for one in ids if one in posts and one in analyses)


def _asked(
    post: Post,
    analysis: Analysis,
    fields: Sequence[LabelField],
    topics: Sequence[str],
    ask: Callable[[Question], str],
) -> dict[LabelField, str]:
    given: dict[LabelField, str] = {}
    for number, field in enumerate(fields):
        choices = _choices(field, topics)
        guess = _guess(field, analysis)
        question = Question(post=post, field=field, choices=choices, guess=guess, is_first=number == 0)
        while (key := ask(question)) not in choices and key not in (SKIP, QUIT, *ACCEPT):
            pass
        if key == QUIT:
            raise Quitted
        if key == SKIP and question.is_first:
            return {}
        if key != SKIP:
            given[field] = choices.get(key, guess)
    return given


def _choices(field: LabelField, topics: Sequence[str]) -> dict[str, str]:
    if field.is_level:
        return dict(zip(LEVELS, LEVELS, strict=True))
    values = topics if field is LabelField.TOPIC else [intent.value for intent in Intent]
    keys = [key for key in string.digits[1:] + string.ascii_lowercase if key not in (SKIP, QUIT)]
    return dict(zip(keys, values, strict=False))


def _guess(field: LabelField, analysis: Analysis) -> str:
    if field is LabelField.TOPIC:
        return analysis.topic_guess
    if field is LabelField.INTENT:
        return analysis.intent.value
    if field is LabelField.DISSATISFACTION:
        return str(dissatisfaction_level(analysis.dissatisfaction))
    return str(analysis.urgency)
