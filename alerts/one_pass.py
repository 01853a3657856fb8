"""Counts of many moments in one pass: what a rule asks at each differs only in where its span lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alerts.gather import zone_of_midnight
from alerts.past import Gathered
from alerts.reading import Question, Reading
from nlp.segment import words
from records.query import GroupSeries, HistogramBin, Interval
from records.times import DEFAULT_ZONE, Period
from storage.query import parse_query
from storage.search import SearchIndex

_WIDTHS = ((Interval.DAY, timedelta(days=1)), (Interval.HOUR, timedelta(hours=1)))
# Bins fetched beyond the first span: two years of days, a month of hours.
MOST_AHEAD = 750
# Series of one query that are kept; a query with more (problems, mostly) is asked at each moment.
MOST_SERIES = 10_000
_TIMES = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """The series of one query: `sums` (n_series, n_bins + 1) are the reports before each edge."""

    start: datetime
    width: timedelta
    series: Sequence[GroupSeries]
    sums: NDArray[np.int64]

    def places(self, period: Period) -> tuple[int, int] | None:
        """Return the edges that `period` begins and ends at; None where it does not lie on two of them."""
        first, rest = divmod(period.start - self.start, self.width)
        last = first + period.length // self.width
        return (first, last) if not rest and 0 <= first <= last < self.sums.shape[1] else None


class OnePass(Reading):
    """What a rule asks that is tried at moments up to `until`, always as far apart or a multiple of it.

    Counts whose span is whole days or hours are fetched for all the moments at once; all else is asked of
    the index as it comes. What it answers is what the index would.
    """

    def __init__(self, index: SearchIndex, gathered: Gathered, *, until: datetime) -> None:
        super().__init__(index)
        self._gathered = gathered
        self._until = until
        self._fetched: dict[tuple[object, ...], _Fetched | None] = {}

    def counts(self, question: Question) -> list[GroupSeries]:
        bins = _bins(question)
        if bins is None or "problem" in question.by or _counts_back(question.query):
            return super().counts(question)
        asked = (question.query, question.by, bins, question.period.length, question.interval)
        fetched = self._fetched.get(asked)
        places = fetched.places(question.period) if fetched else None
        if places is None and not (asked in self._fetched and fetched is None):
            fetched = self._fetched[asked] = self._fetch(question, *bins)
            places = fetched.places(question.period) if fetched else None
        if fetched is None or places is None:
            return super().counts(question)
        return _read(fetched, places, by_value=bool(question.by), with_bins=question.interval is not None)

    def newest(self, query: str, period: Period) -> list[str]:
        """Return those that had been gathered by the moment tried out."""
        return [post_id for post_id in super().newest(query, period) if self._gathered.has(post_id)]

    def _fetch(self, question: Question, interval: Interval, width: timedelta) -> _Fetched | None:
        period = question.period
        ahead = max(min((self._until - period.end) // width, MOST_AHEAD), 0)
        span = Period(start=period.start, end=period.end + ahead * width)
        # In the zone where the span begins at midnight the bins begin with it, whatever clocks do meanwhile.
        zone = zone_of_midnight(period.start)
        series = super().counts(
            Question(query=question.query, by=question.by, period=span, interval=interval, zone=zone)
        )
        if len(series) == MOST_SERIES:
            return None
        sums = np.zeros((len(series), span.length // width + 1), dtype=np.int64)
        for row, one in enumerate(series):
            np.cumsum([each.count for each in one.bins], out=sums[row, 1:])
        return _Fetched(start=period.start, width=width, series=series, sums=sums)


def _read(
    fetched: _Fetched, places: tuple[int, int], *, by_value: bool, with_bins: bool
) -> list[GroupSeries]:
    first, last = places
    totals = fetched.sums[:, last] - fetched.sums[:, first]
    rows = np.flatnonzero(totals) if by_value else np.arange(len(totals))
    found = []
    for row in rows.tolist():
        one = fetched.series[row]
        bins: Sequence[HistogramBin] = one.bins[first:last] if with_bins else ()
        found.append(GroupSeries(key=one.key, total=int(totals[row]), bins=bins))
    return sorted(found, key=lambda one: (-one.total, tuple(one.key.values())))


def _bins(question: Question) -> tuple[Interval, timedelta] | None:
    """Return the widest bins that add up to the period, those asked for if any are; None where none do."""
    period, interval = question.period, question.interval
    start = period.start.astimezone(question.zone or UTC)
    if start.second or start.microsecond:
        return None
    begins = {Interval.DAY: not start.hour and not start.minute, Interval.HOUR: not start.minute}
    for known, width in _WIDTHS:
        fits = interval is None or (interval is known and begins[known])
        if fits and not period.length % width:
            return known, width
    return None


@lru_cache(maxsize=256)
def _counts_back(query: str) -> bool:
    """Return whether the query means something else at another time (asked:P7D)."""
    first, second = (parse_query(query, now=at, zone=DEFAULT_ZONE, segment=words) for at in _TIMES)
    return first != second
