"""Jobs of a queue that several machines work: what each is about, how it stands, and how far long work is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Queue(StrEnum):
    """Jobs that may wait for each other. Whoever works, works at all of them at once."""

    POSTS = "posts"
    INDEX = "index"
    CRAWLS = "crawls"
    ALERTS = "alerts"


class JobKind(StrEnum):
    """What a job does; its arguments in brackets."""

    CATCH_UP = "catch_up"  # queue what awaits analysis and no job holds; then merge and index
    ANALYSE = "analyse"  # posts (post_ids)
    MERGE = "merge"
    INDEX = "index"
    REINDEX = "reindex"  # throw the search index away and queue all posts for it
    CRAWL = "crawl"  # a source (source)
    IMPORT = "import"  # what lies in the watched folder
    RULES = "rules"
    DELIVER = "deliver"
    PURGE = "purge"  # delete the texts whose retention is over
    BRIEF = "brief"  # brings the search index up to date first

    @property
    def queue(self) -> Queue:
        return _QUEUES[self]

    @property
    def looks_for_work(self) -> bool:
        """Whether it finds its work by itself, and the schedule starts it again and again."""
        return self in _LOOKING


_QUEUES = {
    JobKind.CATCH_UP: Queue.POSTS,
    JobKind.ANALYSE: Queue.POSTS,
    JobKind.MERGE: Queue.POSTS,
    JobKind.INDEX: Queue.INDEX,
    JobKind.REINDEX: Queue.INDEX,
    JobKind.BRIEF: Queue.INDEX,
    JobKind.PURGE: Queue.POSTS,
    JobKind.CRAWL: Queue.CRAWLS,
    JobKind.IMPORT: Queue.CRAWLS,
    JobKind.RULES: Queue.ALERTS,
    JobKind.DELIVER: Queue.ALERTS,
}
_LOOKING = {
    JobKind.CATCH_UP,
    JobKind.MERGE,
    JobKind.INDEX,
    JobKind.RULES,
    JobKind.DELIVER,
    JobKind.IMPORT,
    JobKind.PURGE,
}


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"  # given up: it stays until a person tries it again or deletes it


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job. A job that is done leaves none.

    `subject` is the source, or how many posts it is about. `attempts` have failed, the last one with `error`;
    while it waits for the next one, `due_at` says until when. `changed_at`: when it came to be in its state.
    """

    id: int
    kind: JobKind
    state: JobState
    subject: str
    attempts: int
    error: str | None
    due_at: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LongWork:
    """How far work on all posts is: `done` of `total`."""

    kind: JobKind
    done: int
    total: int
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """How the queue stands: jobs by state, posts that wait for analysis in it, workers that are alive."""

    waiting: int
    running: int
    failed: int
    posts_waiting: int
    workers: int
