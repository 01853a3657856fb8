"""What a search asks and gives back; the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# The fields of the query language. Nothing here can hold an author.
TEXT_FIELDS = ("title", "text", "reply")
KEYWORD_FIELDS = (
    "topic",
    "subtopic",
    "own_topic",
    "place",
    "department",
    "channel",
    "source",
    "status",
    "intent",
    "problem",
    "flagged",
)
NUMBER_FIELDS = ("urgency", "dissatisfaction")
TIME_FIELDS = ("asked", "replied")
FIELDS = TEXT_FIELDS + KEYWORD_FIELDS + NUMBER_FIELDS + TIME_FIELDS
FACET_FIELDS = (
    "topic",
    "subtopic",
    "own_topic",
    "place",
    "department",
    "status",
    "channel",
    "intent",
    "urgency",
    "source",
)


class SortOrder(StrEnum):
    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
    URGENCY = "urgency"  # most urgent first, then newest
    VOTES = "votes"  # most votes first, then newest
    # (urgency + 1) × the time without an answer, most first; then the answered posts, newest first
    SEVERITY_AGE = "severity_age"


class Interval(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexDocument:
    """One post as the index sees it, already cut: words, and pairs and pieces, parted by blanks.

    Of the characters (storage.characters) `pairs` are in their order, `pieces` each once and in no order.
    `version` tells which revision of the post it was made of, by which models that was read, and whether the
    post had a text.
    """

    id: str
    title: str
    text: str
    reply: str
    title_pairs: str
    title_pieces: str
    text_pairs: str
    text_pieces: str
    reply_pairs: str
    reply_pieces: str
    topic: str | None
    subtopic: str | None
    own_topics: tuple[str, ...]
    places: tuple[str, ...]
    department: str | None
    channel: str
    source: str
    status: str | None
    intent: str | None
    urgency: int
    dissatisfaction: float
    asked_at: datetime
    replied_at: datetime | None
    problem: str | None
    flagged: bool
    votes: int
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """One found post. `score` is the engine's relevance, 0 in other orders."""

    post_id: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """`total` counts all hits, not only these, when the first page was asked for.

    `next_cursor` asks for the page after this one; None after the last hit.
    """

    total: int
    hits: Sequence[SearchHit]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistogramBin:
    """`start` is aware and local to the zone asked for; empty bins are present."""

    start: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSeries:
    """Counts over time of one combination of keyword fields (`key` maps field → value).

    `counts` has one for each bin that touches the period, oldest first; none where no interval was asked for.
    """

    key: Mapping[str, str]
    total: int
    counts: Sequence[int] = ()
