"""Posts for the tests of nlp; every text here is invented."""

from __future__ import annotations

from datetime import UTC, datetime

from records.post import Channel, Post, Reply

ASKED_AT = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)


def message(text: str, *, title: str = "", number: int = 1, reply: str | None = None) -> Post:
    """Return a post to a public body with this text."""
    return Post(
        source="test",
        channel=Channel.INBOX,
        native_id=str(number),
        title=title,
        text=text,
        asked_at=ASKED_AT,
        fetched_at=ASKED_AT,
        replies=() if reply is None else (Reply(text=reply),),
    )
