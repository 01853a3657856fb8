"""The Chinese working-day calendar: public holidays off, the weekends that make up for them worked."""

from __future__ import annotations

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


@lru_cache(
    maxsize=8192
)  # twenty years; a deadline asks for weeks of days, and the calendar takes 15 µs a day
def is_workday(day: date) -> bool:
    """Return whether offices work on `day`; Monday to Friday in years whose holidays are not known."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < _SATURDAY


def day_kind(day: date) -> DayKind:
    """Return which day of the week `day` is lived as."""
    weekday = day.weekday()
    if is_workday(day):
        return DayKind(min(weekday, DayKind.FRIDAY))
    return DayKind(weekday) if weekday >= _SATURDAY else DayKind.SUNDAY


def after_workdays(start: datetime, days: int, *, zone: ZoneInfo) -> datetime:
    """Return the end of the `days`-th working day after the local day of `start` (which does not count)."""
    day = start.astimezone(zone).date()
    for _ in range(days):
        day += timedelta(days=1)
        while not is_workday(day):
            day += timedelta(days=1)
    end = day + timedelta(days=1)
    return datetime(end.year, end.month, end.day, tzinfo=zone)


def workdays_between(start: datetime, end: datetime, *, zone: ZoneInfo) -> int:
    """Return how many working days lie after the local day of `start`, up to and with that of `end`."""
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return sum(is_workday(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
