"""Quiet is not blind: how many sources could not be heard while the numbers were counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.coverage import HealthState, SourceHealth, source_health
from console.services import Services

# States in which a source is heard; in any other its messages may be missing from every number.
HEARD = (HealthState.OK, HealthState.LATE)
# Health changes with a crawl, at most every few minutes.
KEPT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The health of every source, and those not heard."""

    sources: Sequence[SourceHealth]
    blind: Sequence[SourceHealth]


class CoverageWatch:
    """Looks at the sources at most once in KEPT, as every page says how many are blind."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._last: tuple[datetime, Coverage] | None = None

    def look(self, now: datetime) -> Coverage:
        """Return which sources were heard at `now`, or up to KEPT before."""
        if self._last is None or not timedelta() <= now - self._last[0] < KEPT:
            rows = source_health(self._services.catalogue, self._services.database, now=now)
            blind = [row for row in rows if row.state not in HEARD]
            self._last = now, Coverage(sources=rows, blind=blind)
        return self._last[1]
