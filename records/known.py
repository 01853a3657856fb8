"""What the next crawl of a source needs to know of a post that is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPost:
    """A stored post without its texts.

    `stored_at` is when it was first fetched, `seen_at` when it was last; `answered`: it has a reply.
    """

    url: str | None
    status: str | None
    asked_at: datetime
    stored_at: datetime
    seen_at: datetime
    answered: bool
