"""What a backtest of an installation's rules stands on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alerts.backtest import Past
from alerts.coverage import Coverage, find_gaps
from alerts.deadlines import Deadlines
from alerts.health import crawls_by_source
from alerts.past import Clock
from app.settings import Settings
from app.wiring import open_parts
from records.times import Period


@contextmanager
def open_past(settings: Settings, deadlines: Deadlines, period: Period) -> Iterator[Past]:
    """Give what rules are tried on over the period. Days that a source missed are blind; no source is now."""
    clock = Clock(now=period.end)
    with open_parts(settings, clock=clock) as parts:
        gaps = find_gaps(parts.catalogue, crawls_by_source(parts.database), (), now=period.end)
        yield Past(
            database=parts.database,
            index=parts.index,
            clock=clock,
            coverage=Coverage(gaps=gaps, zone=settings.zone),
            deadlines=deadlines,
            due_at=parts.due_dates,
            zone=settings.zone,
        )
