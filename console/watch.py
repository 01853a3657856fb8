"""What every page shows and nobody needs to the second: measured once, kept for a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Seen = TypeVar("Seen")


class Watch(Generic[Seen]):
    """Measures at most once in `kept`, however many pages look."""

    def __init__(self, measure: Callable[[datetime], Seen], *, kept: timedelta) -> None:
        self._measure = measure
        self._kept = kept
        self._last: tuple[datetime, Seen] | None = None

    def look(self, now: datetime) -> Seen:
        """Return what was so at `now`, or up to `kept` before."""
        last = self._last
        if last is None or not timedelta() <= now - last[0] < self._kept:
            last = self._last = now, self._measure(now)
        return last[1]
