"""Freezes a briefing: from then on the same words and numbers, whatever the data does."""

from __future__ import annotations

from datetime import datetime

from briefing.content import Content, to_json
from records.times import Period
from storage.database import Database, Snapshot


def freeze(database: Database, content: Content, *, now: datetime) -> Snapshot:
    """Store the content as a new snapshot and return it. Earlier ones of the same period stay."""
    period = Period(start=datetime.fromisoformat(content.start), end=datetime.fromisoformat(content.end))
    return database.snapshots.add(content.kind, period, to_json(content), now=now)
