"""Search is a copy of the truth: how far it is behind, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from console.services import Services

# A post that was just stored waits for the next look of the pipeline: half a minute unless set otherwise.
STALE_AFTER = timedelta(minutes=5)
# Every page asks.
KEPT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchLag:
    """How many changes search does not know, and since when the oldest of them waits (None: none waits)."""

    waiting: int
    since: datetime | None
    is_stale: bool


class LagWatch:
    """Looks at the outbox at most once in KEPT."""

    def __init__(self, services: Services) -> None:
        self._outbox = services.database.outbox
        self._last: tuple[datetime, SearchLag] | None = None

    def look(self, now: datetime) -> SearchLag:
        """Return how far search is behind at `now`, or up to KEPT before."""
        if self._last is None or not timedelta() <= now - self._last[0] < KEPT:
            self._last = now, self._measure(now)
        return self._last[1]

    def _measure(self, now: datetime) -> SearchLag:
        since = self._outbox.waiting_since()
        is_stale = since is not None and now - since > STALE_AFTER
        return SearchLag(waiting=self._outbox.lag(), since=since, is_stale=is_stale)
