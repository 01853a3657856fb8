"""Run records: what each crawl, import or rule round did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, Select, func, insert, select, update

from records.plain import plain
from records.run import RunCounts, RunKind, RunRecord, RunState
from storage import schema
from storage.dialect import reading, writing

_RUNS = schema.runs.c


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A run that is over when it is written down; `error` is one line of why where it failed."""

    subject: str
    state: RunState
    started_at: datetime
    finished_at: datetime
    counts: RunCounts
    error: str | None = None


class RunStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, kind: RunKind, subject: str, *, now: datetime) -> int:
        """Return the number of the new run, which is `running`."""
        row: dict[str, Any] = {
            "kind": kind.value,
            "subject": subject,
            "state": RunState.RUNNING.value,
            "started_at": now,
            "counts": {},
        }
        with writing(self._engine) as connection:
            number: int = connection.execute(insert(schema.runs).values(row).returning(_RUNS.id)).scalar_one()
            return number

    def add_ended(self, kind: RunKind, ended: Sequence[EndedRun]) -> None:
        """Write down runs too short to be written down twice; one transaction."""
        rows = [
            {
                "kind": kind.value,
                "subject": one.subject,
                "state": one.state.value,
                "started_at": one.started_at,
                "finished_at": one.finished_at,
                "counts": _stated(one.counts),
                "error": one.error,
            }
            for one in ended
        ]
        if rows:
            with writing(self._engine) as connection:
                connection.execute(insert(schema.runs), rows)

    def finish(
        self, run_id: int, state: RunState, counts: RunCounts, *, now: datetime, error: str | None = None
    ) -> RunRecord:
        """Close the run with its counts and, where it failed, one line of why; return its record."""
        values = {"state": state.value, "counts": plain(counts), "finished_at": now, "error": error}
        finished = update(schema.runs).where(_RUNS.id == run_id).values(values).returning(schema.runs)
        with writing(self._engine) as connection:
            return _run(connection.execute(finished).one())

    def interrupt_stale(self, *, now: datetime, older_than: timedelta) -> int:
        """Mark runs still `running` since before `now - older_than` as interrupted; return how many."""
        stale = (_RUNS.state == RunState.RUNNING.value, _RUNS.started_at < now - older_than)
        values = {
            "state": RunState.INTERRUPTED.value,
            "finished_at": now,
            "error": "the process ended before the run did",
        }
        with writing(self._engine) as connection:
            return connection.execute(update(schema.runs).where(*stale).values(values)).rowcount

    def get(self, run_id: int) -> RunRecord:
        """Return the run that `start` gave the number of."""
        return _run(self._rows(select(schema.runs).where(_RUNS.id == run_id))[0])

    def latest(self, kind: RunKind) -> dict[str, RunRecord]:
        """Return the newest run of each subject."""
        return self._newest_by_subject(_RUNS.kind == kind.value)

    def last_success(self, kind: RunKind) -> dict[str, RunRecord]:
        """Return the newest `done` run of each subject."""
        return self._newest_by_subject(_RUNS.kind == kind.value, _RUNS.state == RunState.DONE.value)

    def list(
        self,
        *,
        kind: RunKind | None = None,
        subject: str | None = None,
        state: RunState | None = None,
        after: int = 0,
        limit: int = 50,
    ) -> list[RunRecord]:
        """Return runs of a higher number than `after`, newest first."""
        query = select(schema.runs).order_by(_RUNS.id.desc()).limit(limit)
        if kind is not None:
            query = query.where(_RUNS.kind == kind.value)
        if subject is not None:
            query = query.where(_RUNS.subject == subject)
        if state is not None:
            query = query.where(_RUNS.state == state.value)
        if after:
            query = query.where(_RUNS.id > after)
        return [_run(row) for row in self._rows(query)]

    def _newest_by_subject(self, *conditions: ColumnElement[bool]) -> dict[str, RunRecord]:
        newest = select(func.max(_RUNS.id)).where(*conditions).group_by(_RUNS.subject)
        rows = self._rows(select(schema.runs).where(_RUNS.id.in_(newest)).order_by(_RUNS.subject))
        return {row.subject: _run(row) for row in rows}

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with reading(self._engine) as connection:
            return connection.execute(query).all()


def _run(row: Row[Any]) -> RunRecord:
    return RunRecord(
        id=row.id,
        kind=RunKind(row.kind),
        subject=row.subject,
        state=RunState(row.state),
        started_at=row.started_at,
        finished_at=row.finished_at,
        counts=RunCounts(**row.counts),
        error=row.error,
    )


def _stated(counts: RunCounts) -> dict[str, Any]:
    """Return the counts that are not nothing: of a round of rules nearly all are."""
    found = {one.name: getattr(counts, one.name) for one in fields(counts)}
    return {name: plain(value) for name, value in found.items() if value}
