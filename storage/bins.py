"""The bins of a histogram: aligned to local time, whatever the zone does in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Any

from records.query import HistogramBin, Interval
from records.times import Period
from storage.bounds import micros


class Bins:
    """The bins that touch a period: what an engine is asked for them, and its answer read."""

    def __init__(self, edges: list[datetime]) -> None:
        self._edges = edges
        self._starts = [micros(edge) for edge in edges]
        self._places = dict(zip(self._starts, range(len(self)), strict=False))

    def __len__(self) -> int:
        return max(len(self._edges) - 1, 0)

    def are_all_of(self, period: Period) -> bool:
        """Return whether they begin and end with `period`."""
        return self._edges[:1] == [period.start] and self._edges[-1:] == [period.end]

    def ask(self, *, bounded: bool = False) -> dict[str, Any]:
        """Return the aggregation "bins", which counts by `asked`; nothing where there are no bins.

        `bounded` leaves out what comes before the first and after the last (tantivy only).
        """
        if not len(self):
            return {}
        starts = self._starts
        widths = {after - before for before, after in pairwise(starts)}
        if len(widths) == 1:
            width = widths.pop()
            offset = starts[0] % width
            bins = {"field": "asked", "interval": width, "offset": offset, "min_doc_count": 1}
            # Elasticsearch counts these from the offset: there the query has to keep within the bins.
            bounds = {"hard_bounds": {"min": starts[0], "max": starts[-1] - 1}} if bounded else {}
            return {"bins": {"histogram": bins | bounds}}
        # The zone changes its clock within: the bins are not of one width.
        ranges = [{"from": before, "to": after} for before, after in pairwise(starts)]
        return {"bins": {"range": {"field": "asked", "ranges": ranges}}}

    def counts(self, answer: Mapping[str, Any]) -> list[int]:
        """Return the count of each bin in the aggregation "bins" of `answer`."""
        counts = [0] * len(self)
        for bucket in answer["bins"]["buckets"] if counts else ():
            # A histogram's bucket is known by its key, a range's by `from`; what lies outside has neither.
            place = self._places.get(bucket.get("from", bucket["key"]))
            if place is not None:
                counts[place] = bucket["doc_count"]
        return counts

    def histogram(self, counts: Sequence[int]) -> list[HistogramBin]:
        """Return the bins with their counts, one for each."""
        return [HistogramBin(start=edge, count=n) for edge, n in zip(self._edges, counts, strict=False)]


@lru_cache(maxsize=64)  # a year of days takes 1 ms to make; pages and rules ask for the same ones again
def bins_of(period: Period, interval: Interval | None, zone: tzinfo | None) -> Bins:
    """Return the bins; none without an interval. Raises ValueError for an interval without a zone."""
    if interval is None:
        return Bins([])
    if zone is None:
        raise ValueError("a count by an interval needs a zone")
    return Bins(bin_edges(period, interval, zone))


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
