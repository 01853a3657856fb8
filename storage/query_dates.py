"""Dates of the query language, local to the zone handed in: 2026, 2026-03, 2026-03-05, 2026-W12, P7D."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta, tzinfo

from records.times import EARLIEST_YEAR, LATEST_YEAR

_CALENDAR = re.compile(r"(?P<year>\d{4})(?:[-/](?P<month>\d{1,2})(?:[-/](?P<day>\d{1,2}))?)?")
_WEEK = re.compile(r"(?P<year>\d{4})-?W(?P<week>\d{1,2})")
_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?)?"
)


class CountsBackError(Exception):
    """What is read depends on the moment from which it counts back, and none was given."""


def read_span(text: str, *, now: datetime | None, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return start and end (exclusive) of what `text` names; a duration is that long until `now`.

    Raises ValueError for what is no date, or none between EARLIEST_YEAR and LATEST_YEAR, and CountsBackError
    for a duration where `now` is None.
    """
    upper = text.upper()
    if match := _DURATION.fullmatch(upper):
        if now is None:
            raise CountsBackError
        return _before(now.astimezone(zone), {key: int(n) for key, n in match.groupdict("0").items()}), now
    if match := _CALENDAR.fullmatch(upper):
        first, last = _calendar_days(match)
    elif match := _WEEK.fullmatch(upper):
        first = date.fromisocalendar(int(match["year"]), int(match["week"]), 1)
        last = first + timedelta(days=6)
    else:
        return _minute_span(upper, zone)
    _check_year(first.year)
    return _midnight(first, zone), _midnight(last + timedelta(days=1), zone)


def _calendar_days(match: re.Match[str]) -> tuple[date, date]:
    year = int(match["year"])
    if match["month"] is None:
        return date(year, 1, 1), date(year, 12, 31)
    month = int(match["month"])
    if match["day"] is None:
        first = date(year, month, 1)
        return first, first.replace(day=monthrange(year, month)[1])
    day = date(year, month, int(match["day"]))
    return day, day


def _minute_span(text: str, zone: tzinfo) -> tuple[datetime, datetime]:
    moment = datetime.fromisoformat(text)
    start = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    _check_year(start.year)
    # 08:30 is the whole minute, 08:30:15 the whole second.
    return start, start + timedelta(seconds=1 if text.count(":") > 1 else 60)


def _before(now: datetime, duration: dict[str, int]) -> datetime:
    months = now.year * 12 + now.month - 1 - duration["years"] * 12 - duration["months"]
    year, month = max(months // 12, EARLIEST_YEAR), months % 12 + 1
    moved = now.replace(year=year, month=month, day=min(now.day, monthrange(year, month)[1]))
    # Days and weeks are of the calendar, hours and minutes of the clock.
    moved -= timedelta(weeks=duration["weeks"], days=duration["days"])
    return moved - timedelta(hours=duration["hours"], minutes=duration["minutes"])


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _check_year(year: int) -> None:
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise ValueError(f"the year is not in {EARLIEST_YEAR}-{LATEST_YEAR}")
