"""The bins of a histogram: aligned to local time, whatever the zone does in between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from records.query import Interval
from records.times import Period


def bin_edges(period: Period, interval: Interval, zone: tzinfo) -> list[datetime]:
    """Return the starts of all bins that touch `period`, and the end of the last; local to `zone`.

    A day lasts from midnight to midnight, though that be 23 hours; a week begins on Monday.
    An empty period has no bins: one edge or none.
    """
    edges: list[datetime] = []
    edge = _floor(period.start.astimezone(zone), interval)
    while edge < period.end:
        edges.append(edge)
        edge = _next(edge, interval, zone)
    return [*edges, edge] if edges else []


def _floor(moment: datetime, interval: Interval) -> datetime:
    hour = moment.replace(minute=0, second=0, microsecond=0)
    if interval is Interval.HOUR:
        return hour
    day = hour.replace(hour=0, fold=0)
    return day - timedelta(days=day.weekday()) if interval is Interval.WEEK else day


def _next(edge: datetime, interval: Interval, zone: tzinfo) -> datetime:
    if interval is Interval.HOUR:
        # Hours go by the clock of the world: at the end of summer time one local hour comes twice.
        return (edge.astimezone(UTC) + timedelta(hours=1)).astimezone(zone)
    return edge + timedelta(days=7 if interval is Interval.WEEK else 1)
