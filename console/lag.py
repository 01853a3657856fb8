"""Search is a copy of the truth: how far it is behind, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.services import Services

# A post that was just stored waits for the next look of the pipeline: half a minute unless set otherwise.
STALE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLag:
    """How many changes search does not know, and since when the oldest of them waits (None: none waits)."""

    waiting: int
    since: datetime | None
    is_stale: bool


def search_lag(services: Services, now: datetime) -> SearchLag:
    """Return how far search is behind at `now`."""
    outbox = services.database.outbox
    since = outbox.waiting_since()
    is_stale = since is not None and now - since > STALE_AFTER
    return SearchLag(waiting=outbox.lag(), since=since, is_stale=is_stale)
