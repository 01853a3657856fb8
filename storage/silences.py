"""Silences: what is not told for a while, and whether its end was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from records.alert import Silence
from records.errors import Rejected
from storage import schema
from storage.dialect import reading, writing

_SILENCES = schema.silences.c


class SilenceStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        matchers: Sequence[str],
        *,
        starts_at: datetime,
        ends_at: datetime,
        reason: str,
        created_by: str,
    ) -> Silence:
        """Return the new silence. It is for the caller to have checked it (alerts.silences)."""
        values = {
            "matchers": list(matchers),
            "starts_at": starts_at,
            "ends_at": ends_at,
            "reason": reason,
            "created_by": created_by,
        }
        with writing(self._engine) as connection:
            added = insert(schema.silences).values(values).returning(schema.silences)
            return _silence(connection.execute(added).one())

    def end(self, silence_id: int, *, now: datetime) -> Silence:
        """Return the silence, ended now. Raises Rejected: unknown_silence, silence_over."""
        with writing(self._engine) as connection:
            row = connection.execute(
                select(schema.silences).where(_SILENCES.id == silence_id).with_for_update()
            ).one_or_none()
            if row is None:
                raise Rejected(
                    "unknown_silence", f"silence {silence_id}: there is none (see `huiying silences list`)"
                )
            if row.ends_at <= now:
                raise Rejected("silence_over", f"silence {silence_id}: over since {row.ends_at.isoformat()}")
            ended = {"starts_at": min(row.starts_at, now), "ends_at": now}
            connection.execute(update(schema.silences).where(_SILENCES.id == silence_id).values(ended))
            return replace(_silence(row), **ended)

    def untold(self) -> list[Silence]:
        """Return those whose end was not told: in force, to come, or just over; the first to end first."""
        query = select(schema.silences).where(_SILENCES.ended_at.is_(None))
        with reading(self._engine) as connection:
            ordered = query.order_by(_SILENCES.ends_at, _SILENCES.id)
            return [_silence(row) for row in connection.execute(ordered)]

    def list(self, *, limit: int = 100) -> list[Silence]:
        """Return silences, the last to end first."""
        query = select(schema.silences).order_by(_SILENCES.ends_at.desc(), _SILENCES.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_silence(row) for row in connection.execute(query)]


def _silence(row: Row[Any]) -> Silence:
    return Silence(**{**row._mapping, "matchers": tuple(row.matchers)})
