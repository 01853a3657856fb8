"""Quiet is not blind: how many sources could not be heard while the numbers were counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.health import HealthState, SourceHealth, source_health
from console.services import Services

# States in which a source is heard; in any other its messages may be missing from every number.
HEARD = (HealthState.OK, HealthState.LATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The health of every source, and those not heard."""

    sources: Sequence[SourceHealth]
    blind: Sequence[SourceHealth]


def coverage(services: Services, now: datetime) -> Coverage:
    """Return which sources were heard at `now`."""
    rows = source_health(services.catalogue, services.database, now=now)
    return Coverage(sources=rows, blind=[row for row in rows if row.state not in HEARD])
