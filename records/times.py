"""Times: always aware, ranges start-inclusive and end-exclusive, `now` passed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from records.errors import Rejected

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
# A date in a source outside these years is a slip of the keyboard, not a time.
EARLIEST_YEAR, LATEST_YEAR = 1990, 2100

_NUMERIC = re.compile(
    r"^\s*(?P<y>\d{4})\s*[-/.年]\s*(?P<mo>\d{1,2})\s*[-/.月]\s*(?P<d>\d{1,2})\s*日?"
    r"(?:[T\s]*(?P<h>\d{1,2})[:时点](?P<mi>\d{1,2})(?:[:分](?P<s>\d{1,2})(?:\.\d+)?秒?|分)?)?\s*$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of time, `start <= t < end`, both aware."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a Period needs aware times")
        if self.end < self.start:
            raise ValueError(f"a Period ends ({self.end}) before it starts ({self.start})")

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def day_period(day: date, *, days: int = 1, zone: ZoneInfo = DEFAULT_ZONE) -> Period:
    """Return the `days` local days from midnight of `day`."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    end = day + timedelta(days=days)
    return Period(start=start, end=datetime(end.year, end.month, end.day, tzinfo=zone))


def days_of(period: Period, zone: ZoneInfo = DEFAULT_ZONE) -> tuple[date, date]:
    """Return the first and the last local day of the period."""
    last = max(period.start, period.end - timedelta(microseconds=1))
    return period.start.astimezone(zone).date(), last.astimezone(zone).date()


def aware(moment: datetime, *, zone: ZoneInfo = DEFAULT_ZONE) -> datetime:
    """Return `moment`, taken as local to `zone` where it names no zone itself."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def utc_now() -> datetime:
    """Return the present moment. Called at the edges only; everything else is handed `now`."""
    return datetime.now(UTC)


def parse_time(text: str, *, zone: ZoneInfo = DEFAULT_ZONE) -> datetime:
    """Return the aware time that `text` states: ISO 8601, 2019/2/28 11:25:05 or 2019年2月28日 11时25分.

    A time without a zone is local to `zone`; a date alone is its midnight.
    Raises Rejected("bad_date") for anything else, and for a date that no calendar has.
    """
    stripped = text.strip()
    try:
        match = _NUMERIC.match(stripped)
        if match:
            part = {key: int(value) for key, value in match.groupdict(default="0").items()}
            moment = datetime(part["y"], part["mo"], part["d"], part["h"], part["mi"], part["s"], tzinfo=zone)
        else:
            moment = aware(datetime.fromisoformat(stripped), zone=zone)
    except ValueError as err:
        raise Rejected("bad_date", f'date "{stripped[:40]}": {err} (write it as 2026-03-01 08:30)') from err
    if not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
        raise Rejected(
            "bad_date", f'date "{stripped[:40]}": the year is not in {EARLIEST_YEAR}-{LATEST_YEAR}'
        )
    return moment
