"""Counts of many moments in one pass: what a rule asks at each differs only in where its span lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from alerts.gather import zone_of_midnight
from alerts.past import Gathered
from alerts.reading import WIDTHS, Question, Reading, Table
from nlp.segment import words
from records.query import GroupSeries, Interval
from records.times import DEFAULT_ZONE, Period
from storage.query import parse_query
from storage.search import SearchIndex

# Bins fetched beyond the first span: two years of days, a month of hours.
MOST_AHEAD = 750
# Counts of one query that are kept, 4 bytes each; a query with more is asked at each moment.
MOST_COUNTS = 50_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTERVALS = {width: interval for interval, width in WIDTHS.items()}
_TIMES = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """The counts of one query: `sums` (n_keys, n_bins + 1) are the reports before each edge."""

    start: datetime
    width: timedelta
    keys: Sequence[Mapping[str, str]]
    sums: NDArray[np.int32]

    def places(self, period: Period) -> tuple[int, int] | None:
        """Return the edges that `period` begins and ends at; None where it does not lie on two of them."""
        first, rest = divmod(period.start - self.start, self.width)
        last = first + period.length // self.width
        return (first, last) if not rest and 0 <= first <= last < self.sums.shape[1] else None


class OnePass(Reading):
    """What a rule asks that is tried at moments up to `until`, `every` so often.

    Counts whose span is whole days or hours are fetched for all the moments at once; all else is asked of
    the index as it comes. What it answers is what the index would.
    """

    def __init__(self, index: SearchIndex, gathered: Gathered, *, every: timedelta, until: datetime) -> None:
        super().__init__(index)
        self._gathered = gathered
        self._every = every
        self._until = until
        self._fetched: dict[tuple[object, ...], _Fetched | None] = {}

    def counts(self, question: Question) -> list[GroupSeries]:
        found = self._find(question)
        if found is None:
            return super().counts(question)
        fetched, places = found
        return _read(fetched, places, by_value=bool(question.by))[: question.limit]

    def table(self, question: Question) -> Table:
        found = self._find(question)
        if found is None:
            return super().table(question)
        fetched, (first, last) = found
        totals = fetched.sums[:, last] - fetched.sums[:, first]
        rows = np.flatnonzero(totals) if question.by else np.arange(len(totals))
        if len(rows) > question.limit:
            ranked = sorted(rows.tolist(), key=lambda row: _rank(fetched.keys[row], int(totals[row])))
            rows = np.array(ranked[: question.limit])
        bins_a_step = WIDTHS[question.interval or Interval.DAY] // fetched.width
        counts = np.diff(fetched.sums[rows, first : last + 1 : bins_a_step], axis=1)
        return Table(keys=[fetched.keys[row] for row in rows.tolist()], counts=counts)

    def _find(self, question: Question) -> tuple[_Fetched, tuple[int, int]] | None:
        """Return what answers the question, and between which edges; None where only the index does."""
        width, period = _width(question, self._every), question.period
        if width is None or "problem" in question.by or _counts_back(question.query):
            return None
        asked = (question.query, question.by, period.length, width, (period.start - _EPOCH) % width)
        fetched = self._fetched.get(asked)
        places = fetched.places(period) if fetched else None
        if places is None and not (asked in self._fetched and fetched is None):
            fetched = self._fetched[asked] = self._fetch(question, width)
            places = fetched.places(period) if fetched else None
        return None if fetched is None or places is None else (fetched, places)

    def newest(self, query: str, period: Period) -> list[str]:
        """Return those that had been gathered by the moment tried out."""
        return [post_id for post_id in super().newest(query, period) if self._gathered.has(post_id)]

    def _fetch(self, question: Question, width: timedelta) -> _Fetched | None:
        period = question.period
        ahead = max(min((self._until - period.end) // width, MOST_AHEAD), 0)
        span = Period(start=period.start, end=period.end + ahead * width)
        # In the zone where the span begins at midnight the bins begin with it, whatever clocks do meanwhile.
        zone = zone_of_midnight(period.start)
        n_bins = span.length // width
        most = MOST_COUNTS // n_bins
        table = super().table(
            replace(question, period=span, interval=_INTERVALS[width], zone=zone, limit=most)
        )
        if len(table.keys) == most:
            return None
        sums = np.zeros((len(table.keys), n_bins + 1), dtype=np.int32)
        if table.keys:
            np.cumsum(table.counts, axis=1, out=sums[:, 1:])
        return _Fetched(start=period.start, width=width, keys=table.keys, sums=sums)


def _read(fetched: _Fetched, places: tuple[int, int], *, by_value: bool) -> list[GroupSeries]:
    first, last = places
    totals = fetched.sums[:, last] - fetched.sums[:, first]
    rows = np.flatnonzero(totals) if by_value else np.arange(len(totals))
    found = [GroupSeries(key=fetched.keys[row], total=int(totals[row])) for row in rows.tolist()]
    return sorted(found, key=lambda one: _rank(one.key, one.total))


def _rank(key: Mapping[str, str], total: int) -> tuple[int, tuple[str, ...]]:
    return -total, tuple(key.values())


def _width(question: Question, every: timedelta) -> timedelta | None:
    """Return the widest bins that the period and its own bins are made of, and if any is, `every` too.

    None where the period is not made of bins, or its own do not begin with it.
    """
    period, interval = question.period, question.interval
    start = period.start.astimezone(question.zone or UTC)
    if start.second or start.microsecond:
        return None
    if interval is not None and (start.minute or (interval is Interval.DAY and start.hour)):
        return None
    widest = WIDTHS[interval or Interval.DAY]
    widths = [width for width in WIDTHS.values() if width <= widest and not period.length % width]
    if interval is not None and widest not in widths:
        return None
    return next((width for width in widths if not every % width), widths[-1] if widths else None)


@lru_cache(maxsize=256)
def _counts_back(query: str) -> bool:
    """Return whether the query means something else at another time (asked:P7D)."""
    first, second = (parse_query(query, now=at, zone=DEFAULT_ZONE, segment=words) for at in _TIMES)
    return first != second
