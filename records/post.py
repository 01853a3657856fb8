"""A post: one message that a resident addressed to a public body, or one piece of local news.

There is no field for who wrote it, and none may be added (docs/decisions/001).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """Where a post was addressed or published."""

    INBOX = "inbox"
    HOTLINE = "hotline"
    INTAKE = "intake"
    NEWS = "news"
    NOTICE = "notice"

    @property
    def carries_reports(self) -> bool:
        """True where residents speak; news and notices are context, never reports of a problem."""
        return self in (Channel.INBOX, Channel.HOTLINE, Channel.INTAKE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An official answer. `department` is the office that answers, never an official's name."""

    text: str
    department: str | None = None
    replied_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message as its source shows it, already masked.

    `source` is the catalogue's name, `native_id` the source's own number; together they are the identity.
    `addressed_to` is an office. `place` and `status` are as the source declares them.
    `rating` is 1-5 or None. Times are aware. `revision` starts at 1 and is set by storage.
    """

    source: str
    channel: Channel
    native_id: str
    text: str
    asked_at: datetime
    fetched_at: datetime
    url: str | None = None
    title: str = ""
    addressed_to: str | None = None
    place: str | None = None
    status: str | None = None
    replies: tuple[Reply, ...] = ()
    rating: int | None = None
    votes_up: int = 0
    votes_down: int = 0
    revision: int = 1

    @property
    def id(self) -> str:
        """Return `source/native_id`."""
        return f"{self.source}/{self.native_id}"

    @property
    def whole_text(self) -> str:
        """Return the title and the text, on lines of their own."""
        return f"{self.title}\n{self.text}" if self.title else self.text

    @property
    def is_purged(self) -> bool:
        """Return whether its texts were deleted at the end of their retention: none is stored without any."""
        return not self.title and not self.text

    @property
    def first_replied_at(self) -> datetime | None:
        """Return when the first dated reply came, or None."""
        return min((r.replied_at for r in self.replies if r.replied_at is not None), default=None)

    def digest(self) -> str:
        """Return the hash of what makes a new revision: all but fetch time, votes and revision number."""
        content = [
            self.channel, self.url, self.title, self.text, self.asked_at.timestamp(), self.addressed_to,
            self.place, self.status, self.rating,
            [[r.text, r.department, r.replied_at and r.replied_at.timestamp()] for r in self.replies],
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
