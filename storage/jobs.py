"""The job queue on PostgreSQL: jobs are written in the transaction of the data they are about.

The tables and the functions in the database are procrastinate's; `storage.job_worker` works them off. On
SQLite there is no queue: whatever would be queued is left to the schedule, which looks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from math import ceil
from typing import Any

from sqlalchemy import Connection, Engine, Row, TextClause, text

from records.errors import HuiyingError
from records.job import JobKind, JobRecord, JobState, LongWork, Queue, QueueFigures
from records.times import DEFAULT_ZONE
from storage.dialect import reading, take_turns, writing
from storage.kept_values import read_value, write_value

# Posts of one job: enough for vectorised analysis, and half a second of work.
ANALYSIS_BATCH = 1000
# A re-reading of everything goes after what is new.
BEHIND = -10
# A job that failed so often is given up; with the back-off of storage.job_worker after about 20 minutes.
MAX_ATTEMPTS = 8
# Workers say every few seconds that they live (storage.job_worker); who says nothing for so long is dead.
DEAD_AFTER = timedelta(seconds=30)
# Jobs shown of each state at most.
SHOWN = 200

Stopped = Callable[[], bool]  # whether to break off
Handler = Callable[[Mapping[str, Any], Stopped], object]  # does a job by its arguments

_STATES = {JobState.WAITING: "todo", JobState.RUNNING: "doing", JobState.FAILED: "failed"}
_BY_STATUS = {status: state for state, status in _STATES.items()}
_LONG_WORK = "jobs.long_work."
# Jobs of one kind run one at a time, but for these: the index is fed by as many as like.
_LOCKS = {JobKind.INDEX: None}
# Why the last attempt failed, kept among the arguments of the job: it is gone when the job is.
ERROR = "error"

# Nothing where a job of the same `once` waits. That one is held until our transaction ends, so that no worker
# takes it before it can see what we wrote.
_DEFER = text(
    "WITH waiting AS (SELECT id FROM procrastinate_jobs"
    " WHERE queueing_lock = :once AND status = 'todo' FOR SHARE)"
    " SELECT procrastinate_defer_jobs_v1(array_agg(ROW(CAST(:queue AS varchar), CAST(:kind AS varchar),"
    " CAST(:priority AS integer), CAST(:lock AS text), CAST(:once AS text), args,"
    " now() + CAST(:pause AS interval))::procrastinate_job_to_defer_v1))"
    " FROM jsonb_array_elements(CAST(:jobs AS jsonb)) AS args"
    " WHERE NOT EXISTS (SELECT FROM waiting) HAVING count(*) > 0"
)
# Posts that no model, or another one, has read, and that no job holds, also none that was given up.
_DEFER_UNREAD = """
WITH held AS (
    SELECT jsonb_array_elements_text(args->'post_ids') AS id FROM procrastinate_jobs WHERE task_name = :kind
), unread AS (
    SELECT id, row_number() OVER (ORDER BY asked_at, id) - 1 AS n FROM posts
    WHERE purged_at IS NULL AND ({condition}) AND NOT EXISTS (SELECT FROM held WHERE held.id = posts.id)
), batches AS (
    SELECT n / :size AS batch, jsonb_agg(id ORDER BY n) AS ids FROM unread GROUP BY n / :size
)
SELECT sum(jsonb_array_length(ids)), procrastinate_defer_jobs_v1(array_agg(ROW(CAST(:queue AS varchar),
    CAST(:kind AS varchar), CAST(:priority AS integer), NULL, NULL, jsonb_build_object('post_ids', ids), NULL)
    ::procrastinate_job_to_defer_v1 ORDER BY batch)) FROM batches HAVING count(*) > 0
"""
_NEW = "analysed_with IS NULL"
_OF_ANOTHER_MODEL = f"{_NEW} OR analysed_with < :model OR analysed_with > :model"

_LIST = text(
    "SELECT id, task_name, status, attempts, scheduled_at, args,"
    " (SELECT max(at) FROM procrastinate_events WHERE job_id = jobs.id AND type <> 'scheduled') AS changed_at"
    " FROM procrastinate_jobs AS jobs WHERE status = CAST(:status AS procrastinate_job_status)"
    " ORDER BY priority DESC, id LIMIT :limit"
)
_FIGURES = text(
    "SELECT count(*) FILTER (WHERE status = 'todo'), count(*) FILTER (WHERE status = 'doing'),"
    " count(*) FILTER (WHERE status = 'failed'),"
    " coalesce(sum(jsonb_array_length(args->'post_ids')) FILTER (WHERE status <> 'failed'), 0),"
    " (SELECT count(*) FROM procrastinate_workers"
    "  WHERE last_heartbeat > now() - CAST(:dead_after AS interval))"
    " FROM procrastinate_jobs"
)
_POSTS_BEHIND = text(
    "SELECT coalesce(sum(jsonb_array_length(args->'post_ids')), 0) FROM procrastinate_jobs"
    " WHERE task_name = :kind AND priority < 0 AND status IN ('todo', 'doing')"
)
_HELD_BY_THE_DEAD = text(
    "SELECT jobs.id, attempts FROM procrastinate_jobs AS jobs"
    " LEFT JOIN procrastinate_workers AS workers ON workers.id = worker_id"
    " WHERE status = 'doing' AND (workers.id IS NULL"
    " OR last_heartbeat < now() - CAST(:dead_after AS interval)) FOR UPDATE OF jobs SKIP LOCKED"
)
_BEGIN = text("UPDATE procrastinate_jobs SET queueing_lock = NULL WHERE id = :id")
_FORGET_EARLIER = text(
    "DELETE FROM procrastinate_jobs AS earlier USING procrastinate_jobs AS present"
    " WHERE present.id = :id AND earlier.status = 'failed' AND earlier.task_name = present.task_name"
    " AND earlier.args - CAST(:error AS text) = present.args - CAST(:error AS text)"
)
_RETRY = text("SELECT procrastinate_retry_job_v2(:id, now(), NULL, NULL, NULL)")
_GIVE_UP = text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)")
_RETRY_FAILED = text(
    "SELECT procrastinate_retry_job_v2(id, now(), NULL, NULL, NULL) FROM procrastinate_jobs"
    " WHERE id = :id AND status = 'failed'"
)
_DELETE_FAILED = text("DELETE FROM procrastinate_jobs WHERE id = :id AND status = 'failed' RETURNING id")


class JobStopped(HuiyingError):
    """The worker is to end: the job goes back into the queue, for the next one to go on with."""


def queue_analysis(connection: Connection, post_ids: Iterable[str]) -> None:
    """Queue the posts for analysis, as part of the caller's transaction."""
    if connection.dialect.name == "postgresql":
        ids = iter(dict.fromkeys(post_ids))
        batches = iter(lambda: list(islice(ids, ANALYSIS_BATCH)), [])
        _defer(connection, JobKind.ANALYSE, [{"post_ids": batch} for batch in batches])


def wake(connection: Connection, kind: JobKind) -> None:
    """Queue a job that looks for its work by itself, unless one waits already; part of the transaction."""
    if connection.dialect.name == "postgresql":
        _defer_once(connection, kind, {}, once=kind.value, lock=_LOCKS.get(kind, kind.value))


def _defer_once(
    connection: Connection,
    kind: JobKind,
    arguments: Mapping[str, Any],
    *,
    once: str,
    lock: str | None,
    pause: timedelta | None = None,
) -> bool:
    """Queue the job unless one of the same `once` waits; return whether it was queued."""
    take_turns(connection, [f"job {once}"])
    return _defer(connection, kind, [arguments], once=once, lock=lock, pause=pause)


def _defer(
    connection: Connection,
    kind: JobKind,
    jobs: Sequence[Mapping[str, Any]],
    *,
    once: str | None = None,
    lock: str | None = None,
    priority: int = 0,
    pause: timedelta | None = None,
) -> bool:
    if not jobs:
        return False
    values = {
        "kind": kind.value,
        "queue": kind.queue.value,
        "priority": priority,
        "once": once,
        "lock": lock,
        "pause": pause,
        "jobs": json.dumps(jobs, ensure_ascii=False),
    }
    return connection.execute(_DEFER, values).first() is not None


class JobStore:
    """The queue as those see it who fill it and look at it. Without PostgreSQL it is always empty."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def queued(self) -> bool:
        """Whether this database has a queue at all."""
        return self._engine.dialect.name == "postgresql"

    @property
    def address(self) -> str:
        """Return the database's address as libpq reads it, with its password."""
        return self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def defer(
        self,
        kind: JobKind,
        arguments: Mapping[str, Any] | None = None,
        *,
        subject: str = "",
        lock: str | None = None,
    ) -> bool:
        """Queue the job unless one of the same kind and subject waits; return whether it was queued.

        Of the jobs with one `lock` one runs at a time, on any machine.
        """
        once = f"{kind} {subject}".strip()
        with writing(self._engine) as connection:
            return _defer_once(
                connection, kind, arguments or {}, once=once, lock=lock or _LOCKS.get(kind, once)
            )

    def split(self, post_ids: Sequence[str]) -> None:
        """Queue the analysis of the posts as two jobs: one of them goes on without what was in the way."""
        middle = len(post_ids) // 2
        halves = [{"post_ids": [*post_ids[:middle]]}, {"post_ids": [*post_ids[middle:]]}]
        with writing(self._engine) as connection:
            _defer(connection, JobKind.ANALYSE, halves, priority=BEHIND)

    def queue_unread(self, model_version: str, *, now: datetime) -> int:
        """Queue, behind what is new, posts that this model has not read and no job holds; return how many.

        After a change of the model that is everything. A model that an earlier one has replaced already gets
        only what nobody has read: two workers with different models must not undo each other's work for ever.
        """
        with writing(self._engine) as connection:
            take_turns(connection, ["job catch up"])
            known: list[str] = read_value(connection, "jobs.models") or []
            if model_version not in known:
                write_value(connection, "jobs.models", [*known, model_version])
            replaced = model_version in known[:-1]
            values = {
                "kind": JobKind.ANALYSE.value, "queue": JobKind.ANALYSE.queue.value, "priority": BEHIND,
                "size": ANALYSIS_BATCH, **({} if replaced else {"model": model_version}),
            }  # fmt: skip
            condition = _NEW if replaced else _OF_ANOTHER_MODEL
            behind = _posts_behind(connection)
            queued = int(connection.scalar(text(_DEFER_UNREAD.format(condition=condition)), values) or 0)
            if queued:
                earlier = read_value(connection, _LONG_WORK + JobKind.ANALYSE) if behind else None
                total = queued + (earlier["total"] if earlier else 0)
                _begin_long_work(connection, JobKind.ANALYSE, total, now)
        return queued

    def choose_model(self, model_version: str) -> None:
        """Let this model read again what others have read, also where one of them replaced it before."""
        with writing(self._engine) as connection:
            take_turns(connection, ["job catch up"])
            known: list[str] = read_value(connection, "jobs.models") or []
            others = [version for version in known if version != model_version]
            write_value(connection, "jobs.models", [*others, model_version])

    def list(self, state: JobState, *, limit: int = SHOWN) -> list[JobRecord]:
        """Return jobs in the state, in the order in which they are worked."""
        if not self.queued:
            return []
        with reading(self._engine) as connection:
            rows = connection.execute(_LIST, {"status": _STATES[state], "limit": limit})
            return [_record(row) for row in rows]

    def figures(self) -> QueueFigures:
        """Return how the queue stands."""
        if not self.queued:
            return QueueFigures(waiting=0, running=0, failed=0, posts_waiting=0, workers=0)
        with reading(self._engine) as connection:
            waiting, running, failed, posts, workers = connection.execute(
                _FIGURES, {"dead_after": DEAD_AFTER}
            ).one()
        return QueueFigures(
            waiting=waiting,
            running=running,
            failed=failed,
            posts_waiting=int(posts),
            workers=ceil(workers / len(Queue)),  # each process has one for each queue
        )

    def long_work(self) -> Sequence[LongWork]:
        """Return how far the re-reading of posts and the rebuilding of the index are, while they last."""
        if not self.queued:
            return []
        with reading(self._engine) as connection:
            left = {
                JobKind.ANALYSE: _posts_behind(connection),
                JobKind.REINDEX: connection.scalar(text("SELECT count(*) FROM outbox")) or 0,
            }
            found = {kind: read_value(connection, _LONG_WORK + kind) for kind in left}
        return [
            LongWork(
                kind=kind,
                done=max(0, work["total"] - left[kind]),
                total=work["total"],
                started_at=datetime.fromisoformat(work["started_at"]),
            )
            for kind, work in found.items()
            if work is not None and left[kind]
        ]

    def begin_long_work(self, kind: JobKind, total: int, *, now: datetime) -> None:
        """Keep how much there is to do, and since when; `long_work` counts what is left."""
        with writing(self._engine) as connection:
            _begin_long_work(connection, kind, total, now)

    def retry(self, job_id: int) -> bool:
        """Let a failed job wait again; return whether there was such a job."""
        return self._on_failed(_RETRY_FAILED, job_id)

    def delete(self, job_id: int) -> bool:
        """Delete a failed job; return whether there was such a job."""
        return self._on_failed(_DELETE_FAILED, job_id)

    def begin(self, job_id: int) -> None:
        """Note that the job runs: another of its kind may wait from now on, also when this one is retried.

        Where the same failed before, that is forgotten: this attempt will say how it stands.
        """
        with writing(self._engine) as connection:
            connection.execute(_BEGIN, {"id": job_id})
            connection.execute(_FORGET_EARLIER, {"id": job_id, "error": ERROR})

    def note_failure(self, job_id: int, reason: str) -> None:
        """Keep why the job's last attempt failed."""
        with writing(self._engine) as connection:
            _note_failure(connection, job_id, reason)

    def look_again(self, kind: JobKind, reason: str, *, pause: timedelta) -> None:
        """Queue a job that finds its work by itself once more, with why it found none to do now."""
        lock = _LOCKS.get(kind, kind.value)
        with writing(self._engine) as connection:
            _defer_once(connection, kind, {ERROR: reason}, once=kind.value, lock=lock, pause=pause)

    def take_over(self, *, dead_after: timedelta = DEAD_AFTER) -> int:
        """Let the jobs of dead workers wait again, or fail where too many died of them; return how many."""
        with writing(self._engine) as connection:
            held = connection.execute(_HELD_BY_THE_DEAD, {"dead_after": dead_after}).all()
            for job in held:
                given_up = job.attempts + 1 >= MAX_ATTEMPTS
                _note_failure(connection, job.id, "its worker died")
                connection.execute(_GIVE_UP if given_up else _RETRY, {"id": job.id})
        return len(held)

    def _on_failed(self, action: TextClause, job_id: int) -> bool:
        with writing(self._engine) as connection:
            return connection.execute(action, {"id": job_id}).first() is not None


def _begin_long_work(connection: Connection, kind: JobKind, total: int, now: datetime) -> None:
    write_value(connection, _LONG_WORK + kind, {"total": total, "started_at": now.isoformat()})


def _posts_behind(connection: Connection) -> int:
    return int(connection.scalar(_POSTS_BEHIND, {"kind": JobKind.ANALYSE.value}) or 0)


def _note_failure(connection: Connection, job_id: int, reason: str) -> None:
    # Nor may its waiting again collide with one of its kind that was queued meanwhile.
    connection.execute(
        text(
            "UPDATE procrastinate_jobs SET queueing_lock = NULL,"
            " args = args || jsonb_build_object(CAST(:key AS text), CAST(:reason AS text)) WHERE id = :id"
        ),
        {"id": job_id, "key": ERROR, "reason": reason},
    )


def _record(row: Row[Any]) -> JobRecord:
    post_ids = row.args.get("post_ids")
    due_at = row.scheduled_at if row.status == "todo" else None
    return JobRecord(
        id=row.id,
        kind=JobKind(row.task_name),
        state=_BY_STATUS[row.status],
        subject=row.args.get("source", "") if post_ids is None else f"{len(post_ids)}",
        attempts=row.attempts,
        error=row.args.get(ERROR),
        due_at=due_at.astimezone(DEFAULT_ZONE) if due_at else None,
        changed_at=row.changed_at.astimezone(DEFAULT_ZONE),
    )
