"""A run: one crawl, import, rule round or briefing, and how every item of it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RunKind(StrEnum):
    CRAWL = "crawl"
    IMPORT = "import"
    ANALYSE = "analyse"
    INDEX = "index"
    RULE = "rule"
    BRIEFING = "briefing"


class RunState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # the process died; found and marked by the next start


class SaveOutcome(StrEnum):
    """How storing one post ended."""

    STORED = "stored"
    UPDATED = "updated"  # a new revision of a known post
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCounts:
    """How the items of a run ended; each item in exactly one.

    `fetched` counts pages or rows read; `rejected` and `quarantined` count by reason code.
    Rejected: not a post we take (no date, empty, refused). Quarantined: looks like a post but wrong
    enough that a person should look (the site's markup changed).
    Of a crawl: `not_modified` requests cost no page; `gaps` are things that the site shows and we have not,
    by code; `found` says of how many `posts` each field was read, how many had the `same_title` or
    `same_text`, and of how many that had been `answered` the reply was lost (`reply_lost`);
    `retry_after_s` is how long the site asked to be left alone; `failure` is the code of why it failed.
    """

    fetched: int = 0
    stored: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    bytes: int = 0
    not_modified: int = 0
    gaps: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    retry_after_s: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run. `subject` is the source, file, rule or briefing it was about. `error` is one line."""

    id: int
    kind: RunKind
    subject: str
    state: RunState
    started_at: datetime
    finished_at: datetime | None = None
    counts: RunCounts = field(default_factory=RunCounts)
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did or looked at what. `actor` is a role or a signed-in user of this installation."""

    at: datetime
    actor: str
    action: str
    subject: str
    detail: str = ""
