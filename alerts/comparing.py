"""What changed between two periods, by one field, in what was asked on the days that both were seen.

The one way for the command line and the console. What is compared are reports: posts of channels that
residents speak in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import chain
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from alerts.coverage import Coverage
from alerts.evidence import REPORTS, both, clause
from alerts.facts import Step
from alerts.gather import zone_of_midnight
from alerts.periods import Compared, compare
from alerts.reading import Question, Reading
from alerts.two_periods import Days, TwoPeriods
from records.errors import Rejected, nearest
from records.query import Interval
from records.times import Period, day_period

ComparedBy = Literal[
    "topic", "subtopic", "own_topic", "place", "department", "source", "channel", "status", "intent"
]
FIELDS: tuple[ComparedBy, ...] = get_args(ComparedBy)
# The week's rhythm and how much days differ are learnt from the earlier period and so many days before it.
LOOKBACK_DAYS = 56
# A source that missed more of a period than this is left out of both; else the days that it missed are.
MOST_MISSED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What changed, the strongest first; `total` is of all that was counted, which is what `query` finds.

    Reports count on the days that were seen, `n_seen` of both periods; those of the sources `left_out`, by
    title, on none.
    """

    periods: TwoPeriods
    query: str
    total: Compared
    rows: Sequence[Compared]
    n_seen: int
    left_out: tuple[str, ...]

    @property
    def n_unseen(self) -> int:
        """Return how many days of both periods are left out."""
        return len(self.periods.before) + len(self.periods.now) - self.n_seen


def compare_periods(
    index: Reading, coverage: Coverage, by: str, periods: TwoPeriods, *, query: str = "", zone: ZoneInfo
) -> Comparison:
    """Return what changed by the values of the field `by` in what the query finds.

    Raises Rejected: no field to compare by, or a period without reports or without a day that was seen; and
    QueryError. Costs a few counts by day.
    """
    if by not in FIELDS:
        hint = nearest(by, FIELDS) or f" (known: {', '.join(FIELDS)})"
        raise Rejected("bad_field", f'"{by}" is no field to compare by{hint}')
    # By itself first: a mistake in it is told by its place in what was typed.
    index.counts(Question(query=query, period=periods.now.period(zone)))
    look_back = Days(first=periods.before.first - timedelta(days=LOOKBACK_DAYS), last=periods.before.last)
    spans = (look_back, periods.now)
    missing = {day: frozenset(coverage.missing_on(day)) for day in chain(*spans)}
    left_out = _mostly_missing(missing, periods)
    everything = both(REPORTS, *(f"NOT {clause('source', name)}" for name in left_out))
    _, [totals] = _by_day(index, everything, (), spans, zone)
    steps = _steps(missing, left_out, totals, zone)
    n_seen = _seen_days(periods, totals, steps)
    asked = both(query, everything)
    compared = partial(compare, steps=steps, n_before=len(periods.before), n_now=len(periods.now))
    [total] = compared(*_by_day(index, asked, (), spans, zone))
    rows = compared(*_by_day(index, asked, (by,), spans, zone))
    return Comparison(
        periods=periods,
        query=asked,
        total=total,
        rows=[one for one in rows if one.before or one.now],
        n_seen=n_seen,
        left_out=tuple(sorted({gap.title for gap in coverage.gaps if gap.source in left_out})),
    )


def _mostly_missing(missing: Mapping[date, frozenset[str]], periods: TwoPeriods) -> tuple[str, ...]:
    """Return the sources that missed more than MOST_MISSED of either period."""
    found = set()
    for days in (periods.before, periods.now):
        times = Counter(chain.from_iterable(missing[day] for day in days))
        found |= {name for name, n_days in times.items() if n_days > MOST_MISSED * len(days)}
    return tuple(sorted(found))


def _by_day(
    index: Reading, query: str, by: tuple[str, ...], spans: Sequence[Days], zone: ZoneInfo
) -> tuple[list[str], NDArray[np.int32]]:
    """Return the values of the field, and their counts (n_values, n_days) on the days of all spans.

    Without a field there is one value, "".
    """
    tables = [index.table(_question(query, by, span, zone)) for span in spans]
    values = sorted({value for table in tables for value in map(_value, table.keys)})
    rows = {value: row for row, value in enumerate(values)}
    counts = np.zeros((len(values), sum(map(len, spans))), dtype=np.int32)
    first = 0
    for span, table in zip(spans, tables, strict=True):
        counts[[rows[_value(key)] for key in table.keys], first : first + len(span)] = table.counts
        first += len(span)
    return values, counts


def _value(key: Mapping[str, str]) -> str:
    return "".join(key.values())


def _question(query: str, by: tuple[str, ...], span: Days, zone: ZoneInfo) -> Question:
    """Return the question for the days, 24 hours each from the first midnight on."""
    midnight = span.period(zone).start
    fixed = zone_of_midnight(midnight)
    start = midnight.astimezone(fixed)
    return Question(
        query=query,
        period=Period(start=start, end=start + timedelta(days=len(span))),
        by=by,
        interval=Interval.DAY,
        zone=fixed,
    )


def _steps(
    missing: Mapping[date, frozenset[str]],
    left_out: Collection[str],
    totals: NDArray[np.int32],
    zone: ZoneInfo,
) -> list[Step]:
    """Return the days; blind are those that a source missed, and those up to the first that has reports."""
    with_reports = np.flatnonzero(totals)
    first = int(with_reports[0]) if len(with_reports) else 0
    return [
        Step(period=day_period(day, zone=zone), blind=bool(names.difference(left_out)) or number <= first > 0)
        for number, (day, names) in enumerate(missing.items())
    ]


def _seen_days(periods: TwoPeriods, totals: NDArray[np.int32], steps: Sequence[Step]) -> int:
    """Return how many days of both periods count. Raises Rejected where none of one does, or has reports."""
    n_seen = 0
    last = len(steps) - len(periods.now)
    for days, start in ((periods.before, last - len(periods.before)), (periods.now, last)):
        part = slice(start, start + len(days))
        if not totals[part].any():
            raise Rejected("empty", f"period {days}: no message was asked in it (choose days that have some)")
        seen = sum(not step.blind for step in steps[part])
        if not seen:
            raise Rejected(
                "unseen", f"period {days}: every day of it was missed by a source (take other days)"
            )
        n_seen += seen
    return n_seen
