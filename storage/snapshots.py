"""Frozen briefings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, insert, select, update

from records.errors import Rejected
from records.times import Period
from storage import schema
from storage.dialect import reading, writing

_SNAPSHOTS = schema.snapshots.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A frozen briefing: `content` is canonical JSON text, never changed after it is stored."""

    id: int
    kind: str  # daily | weekly | monthly
    period: Period
    content: str
    created_at: datetime
    approved_at: datetime | None = None


class SnapshotStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, kind: str, period: Period, content: str, *, now: datetime) -> Snapshot:
        """Return the new snapshot; those before it of the same period stay."""
        values = {
            "kind": kind,
            "period_start": period.start,
            "period_end": period.end,
            "content": content,
            "created_at": now,
        }
        with writing(self._engine) as connection:
            added = connection.execute(insert(schema.snapshots).values(values).returning(_SNAPSHOTS.id))
            snapshot_id = added.scalar_one()
        return Snapshot(id=snapshot_id, kind=kind, period=period, content=content, created_at=now)

    def get(self, snapshot_id: int) -> Snapshot | None:
        """Return the snapshot, or None."""
        return self._first(select(schema.snapshots).where(_SNAPSHOTS.id == snapshot_id))

    def latest(self, kind: str, period: Period) -> Snapshot | None:
        """Return the newest snapshot of this kind and period, or None."""
        same = (
            _SNAPSHOTS.kind == kind,
            _SNAPSHOTS.period_start == period.start,
            _SNAPSHOTS.period_end == period.end,
        )
        return self._first(select(schema.snapshots).where(*same).order_by(_SNAPSHOTS.id.desc()).limit(1))

    def approve(self, snapshot_id: int, *, now: datetime) -> Snapshot:
        """Return the snapshot as approved; the first approval stands. Raises Rejected("unknown_snapshot")."""
        waiting = (_SNAPSHOTS.id == snapshot_id, _SNAPSHOTS.approved_at.is_(None))
        with writing(self._engine) as connection:
            connection.execute(update(schema.snapshots).where(*waiting).values(approved_at=now))
        approved = self.get(snapshot_id)
        if approved is None:
            raise Rejected("unknown_snapshot", f"briefing {snapshot_id}: there is none of this number")
        return approved

    def list(self, *, limit: int = 50) -> list[Snapshot]:
        """Return snapshots, newest first."""
        query = select(schema.snapshots).order_by(_SNAPSHOTS.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_snapshot(row) for row in connection.execute(query)]

    def _first(self, query: Select[Any]) -> Snapshot | None:
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else _snapshot(row)


def _snapshot(row: Row[Any]) -> Snapshot:
    return Snapshot(
        id=row.id,
        kind=row.kind,
        period=Period(start=row.period_start, end=row.period_end),
        content=row.content,
        created_at=row.created_at,
        approved_at=row.approved_at,
    )
