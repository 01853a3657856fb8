"""Which two periods are compared: whole local days, the earlier period over before the later begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from records.errors import Rejected
from records.times import Period, day_period, days_of

USUAL_DAYS = 7
LONGEST_DAYS = 366
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The local days from `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, period: Period, zone: ZoneInfo) -> Self:
        """Return the days that the period touches."""
        first, last = days_of(period, zone)
        return cls(first=first, last=last)

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + number * _DAY for number in range(len(self)))

    def __str__(self) -> str:
        return f"{self.first} – {self.last}"

    def period(self, zone: ZoneInfo) -> Period:
        return day_period(self.first, days=len(self), zone=zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPeriods:
    """The later period, and the earlier that it is compared with."""

    before: Days
    now: Days


def two_periods(
    *,
    since: date | None = None,
    until: date | None = None,
    with_since: date | None = None,
    with_until: date | None = None,
    year_before: bool = False,
    today: date,
) -> TwoPeriods:
    """Return the periods of those days, all included.

    What is not stated is the last USUAL_DAYS whole days, and as many as the later has just before it, or with
    `year_before` the same days of the year before. Raises Rejected: the two overlap, or one ends before it
    starts, is not over, or is longer than LONGEST_DAYS.
    """
    last = until or today - _DAY
    now = Days(first=since or last - (USUAL_DAYS - 1) * _DAY, last=last)
    _check(now, today)
    if year_before:
        if with_since or with_until:
            raise Rejected(
                "two_ways", f"year before: {with_since or with_until} is stated too (leave one out)"
            )
        before = Days(first=_year_earlier(now.first), last=_year_earlier(now.last))
    else:
        rest = (len(now) - 1) * _DAY
        end = with_until or (with_since + rest if with_since else now.first - _DAY)
        before = Days(first=with_since or end - rest, last=end)
    _check(before, today)
    if before.last >= now.first:
        raise Rejected(
            "overlap", f"period {before}: not over before {now} begins (compare with earlier days)"
        )
    return TwoPeriods(before=before, now=now)


def _check(days: Days, today: date) -> None:
    if days.last < days.first:
        raise Rejected("reversed", f"period {days}: ends before it starts (swap the two days)")
    if days.last >= today:
        raise Rejected("not_over", f"period {days}: not over yet (the last whole day is {today - _DAY})")
    if len(days) > LONGEST_DAYS:
        raise Rejected(
            "too_long", f"period {days}: {len(days)} days (at most {LONGEST_DAYS} can be compared)"
        )


def _year_earlier(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)
