"""What a briefing says, before it has a shape. Every number stands beside the query that gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from records.errors import ConfigurationError
from records.plain import plain

# Raise when the meaning of a field changes; a newer one is refused, older ones are still rendered.
CONTENT_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One figure of the period. `previous` is the same query on the period before, `usual` a daily mean."""

    label: str
    value: int
    query: str
    previous: int | None = None
    usual: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A stored post that a statement rests on: its source by title, and an excerpt of its masked words."""

    post_id: str
    asked_at: str
    source: str
    excerpt: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One problem as a row of a table, with the posts it rests on."""

    id: str
    title: str
    topic: str | None
    place: str | None
    department: str | None
    n_posts: int
    n_voices: int
    n_today: int
    urgency: int
    first_seen: str
    last_seen: str
    due_at: str | None
    state: str
    query: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNote:
    """One alert of the period, in its own sentence."""

    id: str
    severity: int
    rule: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A place and topic with more messages than it usually has."""

    place: str
    topic: str
    value: int
    usual: float
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RisingWord:
    """A word that more messages say than chance explains; `usual` is a daily mean."""

    word: str
    value: int
    usual: float
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNote:
    """A source that brought less than it should have; its silence is not quiet."""

    title: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    day: str
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A whole briefing. Times are local, as printed; `start` and `end` bound the period, end exclusive.

    `caveats` are sentences on what the numbers cannot say.
    """

    kind: str
    title: str
    issuer: str
    issue: str
    start: str
    end: str
    made_at: str
    summary: str
    numbers: tuple[Number, ...]
    trend: tuple[DayCount, ...]
    trend_query: str
    top: tuple[Item, ...]
    alerts: tuple[AlertNote, ...]
    rises: tuple[Rise, ...]
    overdue: tuple[Item, ...]
    watch: tuple[Item, ...]
    n_sources: int
    blind: tuple[SourceNote, ...]
    rising: tuple[RisingWord, ...] = ()
    caveats: tuple[str, ...] = ()
    format: int = CONTENT_FORMAT


def to_json(content: Content) -> str:
    """Return canonical JSON: the same content always gives the same text."""
    return json.dumps(plain(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Mapping[str, Any]:
    """Return what `to_json` froze, as plain values. Raises ConfigurationError for a newer format."""
    frozen: dict[str, Any] = json.loads(text)
    if frozen["format"] > CONTENT_FORMAT:
        raise ConfigurationError(
            f"briefing: format {frozen['format']} comes from a newer huiying, this one reads up to "
            f"{CONTENT_FORMAT} (install the newer version)"
        )
    return frozen
