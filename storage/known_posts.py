"""What a source has, as its next crawl needs to know it: statements of storage.posts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from records.known import KnownPost
from storage import schema
from storage.dialect import in_chunks, take_turns

_POSTS = schema.posts.c
_COLUMNS = (
    _POSTS.native_id,
    _POSTS.url,
    _POSTS.status,
    _POSTS.asked_at,
    _POSTS.first_fetched_at,
    _POSTS.fetched_at,
    _POSTS.reply_count,
)
# Rows read at once, so that a board of 200,000 messages is not in memory twice.
_ROWS = 1_000


def select_known(connection: Connection, source: str) -> dict[str, KnownPost]:
    """Return what the source has, by native id."""
    query = select(*_COLUMNS).where(_POSTS.source == source)
    return {
        row.native_id: KnownPost(
            url=row.url,
            status=row.status,
            asked_at=row.asked_at,
            stored_at=row.first_fetched_at,
            seen_at=row.fetched_at,
            answered=row.reply_count > 0,
        )
        for row in connection.execute(query, execution_options={"yield_per": _ROWS})
    }


def update_seen(connection: Connection, source: str, native_ids: Sequence[str], *, now: datetime) -> None:
    """Set when the posts were last fetched."""
    take_turns(connection, {f"source {source}"})
    seen = update(schema.posts).where(_POSTS.source == source).values(fetched_at=now)
    for chunk in in_chunks(native_ids):
        connection.execute(seen.where(_POSTS.native_id.in_(chunk)))
