"""The Chinese working-day calendar: public holidays off, the weekends that make up for them worked."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import chinese_calendar

_SATURDAY = 5


class DayKind(IntEnum):
    """How a day is lived, whatever its name: a public holiday is a Sunday, a made-up weekend a Friday."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@lru_cache(maxsize=8192)  # twenty years; the calendar takes 15 µs a day
def is_workday(day: date) -> bool:
    """Return whether offices work on `day`; Monday to Friday in years whose holidays are not known."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < _SATURDAY


@lru_cache(maxsize=64)
def _workdays(year: int) -> tuple[date, ...]:
    first = date(year, 1, 1).toordinal()
    days = map(date.fromordinal, range(first, date(year, 12, 31).toordinal() + 1))
    return tuple(filter(is_workday, days))


@lru_cache(maxsize=8192)
def day_kind(day: date) -> DayKind:
    """Return which day of the week `day` is lived as."""
    weekday = day.weekday()
    if is_workday(day):
        return DayKind(min(weekday, DayKind.FRIDAY))
    return DayKind(weekday) if weekday >= _SATURDAY else DayKind.SUNDAY


def after_workdays(start: datetime, days: int, *, zone: ZoneInfo) -> datetime:
    """Return the end of the `days`-th working day after the local day of `start` (which does not count)."""
    day = start.astimezone(zone).date()
    end = (_workday_after(day, days) if days else day) + timedelta(days=1)
    return datetime(end.year, end.month, end.day, tzinfo=zone)


def _workday_after(day: date, number: int) -> date:
    year = day.year
    place = bisect_right(_workdays(year), day) + number - 1
    while place >= len(_workdays(year)):
        place -= len(_workdays(year))
        year += 1
    return _workdays(year)[place]


def workdays_between(start: datetime, end: datetime, *, zone: ZoneInfo) -> int:
    """Return how many working days lie after the local day of `start`, up to and with that of `end`."""
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    years = map(_workdays, range(first.year, last.year + 1))
    return max(sum(bisect_right(days, last) - bisect_right(days, first) for days in years), 0)
