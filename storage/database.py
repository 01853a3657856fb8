"""The truth: one SQL database, its parts by what they keep.

CONTRACT SKELETON — to be implemented by the storage room; signatures are what the other rooms call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from records.alert import Alert, AlertState, Delivery, DeliveryState
from records.analysis import Analysis
from records.post import Channel, Post
from records.problem import Membership, Problem, ProblemState
from records.run import AuditEntry, RunCounts, RunKind, RunRecord, RunState, SaveOutcome
from records.times import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """What a conditional request needs of the last fetch. Never the page itself."""

    url: str
    etag: str | None
    last_modified: str | None
    body_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    sequence: int
    post_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A frozen briefing: `content` is canonical JSON text, never changed after it is stored."""

    id: int
    kind: str  # daily | weekly | monthly
    period: Period
    content: str
    created_at: datetime
    approved_at: datetime | None = None


class PostStore:
    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        """Idempotent by (source, native_id): new → revision 1; changed digest → next revision, old one kept;
        else only votes and fetched_at move. Posts and their outbox rows are one transaction. A result per
        item, in order."""

    def get(self, post_id: str) -> Post | None: ...

    def get_many(self, post_ids: Iterable[str]) -> dict[str, Post]: ...

    def revisions(self, post_id: str) -> list[Post]:
        """Oldest first, the present one last."""

    def stream(self, *, source: str | None = None, period: Period | None = None) -> Iterator[Post]:
        """By asked_at, then id. In batches; never all in memory."""

    def count(self) -> int: ...

    def known(self, source: str) -> dict[str, str | None]:
        """native_id → status of what this source already has (for revisiting open messages)."""

    def awaiting_analysis(self, model_version: str, limit: int) -> list[Post]:
        """Posts whose newest revision has no analysis by this model, by asked_at then id."""

    def unanswered(self, *, asked_before: datetime, limit: int = 1000) -> list[Post]:
        """Report-channel posts without any reply, oldest first."""

    def service_counts(self, period: Period, *, now: datetime) -> Mapping[str, int]:
        """asked, answered (of those asked in the period), replied (replies dated in the period), open (of those
        asked in the period, as of now). Report channels only."""


class AnalysisStore:
    def save(self, analyses: Sequence[Analysis]) -> None:
        """Replaces the analysis of each post; one transaction with the outbox rows."""

    def get(self, post_id: str) -> Analysis | None: ...

    def get_many(self, post_ids: Iterable[str]) -> dict[str, Analysis]: ...


class ProblemStore:
    def awaiting_merge(self, limit: int) -> list[tuple[Post, Analysis]]:
        """Analysed posts of report channels that belong to no problem yet, by asked_at then id."""

    def commit(self, memberships: Sequence[Membership], problems: Sequence[Problem]) -> None:
        """Store both, replacing problems by id, with outbox rows for the joined posts; one transaction."""

    def get(self, problem_id: str) -> Problem | None: ...

    def get_many(self, problem_ids: Iterable[str]) -> dict[str, Problem]: ...

    def list(
        self,
        *,
        states: Sequence[ProblemState] = (),
        topic: str | None = None,
        place: str | None = None,
        seen: Period | None = None,
        min_posts: int = 1,
        order: str = "size",  # size | newest | urgency | age
        limit: int = 50,
        offset: int = 0,
    ) -> list[Problem]: ...

    def count(self, *, states: Sequence[ProblemState] = ()) -> int: ...

    def members(self, problem_id: str) -> list[Membership]:
        """By the post's asked_at."""

    def members_of(self, problem_ids: Sequence[str]) -> dict[str, list[Membership]]: ...

    def membership(self, post_id: str) -> Membership | None: ...

    def stream_fingerprints(self) -> Iterator[tuple[Membership, str, datetime]]:
        """(membership, analysis fingerprint, asked_at) in the order merged, to restore the matcher."""

    def membership_count(self) -> int: ...

    def stale(self, limit: int) -> list[str]:
        """Ids of problems one of whose posts was analysed again since the problem was last committed.
        (`AnalysisStore.save` marks them in its transaction, `commit` clears the mark.)"""


class AlertStore:
    def save(self, alerts: Sequence[Alert]) -> None:
        """Insert or replace by id; one transaction."""

    def get(self, alert_id: str) -> Alert | None: ...

    def list(
        self,
        *,
        states: Sequence[AlertState] = (),
        rule: str | None = None,
        fired: Period | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> list[Alert]:
        """By severity, then newest."""

    def set_state(self, alert_id: str, state: AlertState, *, now: datetime) -> Alert:
        """Raises Rejected("unknown_alert")."""


class DeliveryStore:
    def enqueue(self, deliveries: Sequence[Delivery]) -> int:
        """Add the new ones; a known key is passed over. Return how many were new."""

    def due(self, now: datetime, *, limit: int = 100) -> list[Delivery]:
        """pending or failed whose time has come, oldest first."""

    def mark(
        self,
        key: str,
        state: DeliveryState,
        *,
        now: datetime,
        next_attempt_at: datetime | None = None,
        error: str | None = None,
    ) -> None:
        """Durable when it returns. Marking `sending` counts an attempt."""

    def recover(self, now: datetime) -> int:
        """Mark what was left `sending` by a dead process `unconfirmed`; return how many."""

    def list(self, *, states: Sequence[DeliveryState] = (), limit: int = 100) -> list[Delivery]: ...


class RunStore:
    def start(self, kind: RunKind, subject: str, *, now: datetime) -> int: ...

    def finish(
        self, run_id: int, state: RunState, counts: RunCounts, *, now: datetime, error: str | None = None
    ) -> None: ...

    def interrupt_stale(self, *, now: datetime, older_than: timedelta) -> int:
        """Mark runs still `running` since before `now - older_than` as interrupted."""

    def list(
        self, *, kind: RunKind | None = None, subject: str | None = None, limit: int = 50
    ) -> list[RunRecord]:
        """Newest first."""

    def latest(self, kind: RunKind) -> dict[str, RunRecord]:
        """The newest run of each subject."""

    def last_success(self, kind: RunKind) -> dict[str, RunRecord]:
        """The newest `done` run of each subject."""

    def last_stored(self) -> dict[str, datetime]:
        """source → when a new post was last stored (fetched_at of revision 1)."""


class AuditStore:
    def record(self, entry: AuditEntry) -> None: ...

    def list(self, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]: ...


class Outbox:
    def take(self, limit: int, *, after: int = 0) -> list[OutboxItem]:
        """Rows still to be indexed, oldest first, past sequence `after`."""

    def done(self, up_to: int) -> None:
        """Delete rows with sequence ≤ `up_to`: the index holds them durably."""

    def lag(self) -> int:
        """How many rows wait."""

    def refill(self) -> int:
        """Queue every post again (reindex); return how many."""


class PageStates:
    def get(self, url: str) -> PageState | None: ...

    def put(self, states: Sequence[PageState]) -> None: ...


class SnapshotStore:
    def add(self, kind: str, period: Period, content: str, *, now: datetime) -> Snapshot: ...

    def get(self, snapshot_id: int) -> Snapshot | None: ...

    def latest(self, kind: str, period: Period) -> Snapshot | None: ...

    def list(self, *, limit: int = 50) -> list[Snapshot]: ...

    def approve(self, snapshot_id: int, *, now: datetime) -> Snapshot: ...


class Database:
    """Open with `Database.open(url)`: makes the schema, or migrates it, or refuses a newer one
    (ConfigurationError). Safe to use from several threads and processes."""

    posts: PostStore
    analyses: AnalysisStore
    problems: ProblemStore
    alerts: AlertStore
    deliveries: DeliveryStore
    runs: RunStore
    audit: AuditStore
    outbox: Outbox
    pages: PageStates
    snapshots: SnapshotStore

    @classmethod
    def open(cls, url: str) -> Self:
        """`url` is an SQLAlchemy URL (sqlite:////abs/path.sqlite). Raises ConfigurationError: read-only folder,
        not a database, newer schema, unknown driver — each with the fix."""

    def value(self, name: str) -> Any | None:
        """A small JSON value kept by name (e.g. how far problem refreshing has come)."""

    def set_value(self, name: str, value: Any) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


_ = Channel
