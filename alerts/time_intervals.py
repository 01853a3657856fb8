"""Hours by name, for quiet and on-call times: Alertmanager's time_intervals, and the Chinese calendar."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from alerts.workdays import is_workday

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)")
_DAY_MINUTES = 24 * 60


def _minutes(value: Any) -> Any:
    """Return the minutes of the day. YAML reads 22:00 as 1320, and 07:00 as text."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _DAY_MINUTES:
        return value
    form = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if form is None or int(form[1]) * 60 + int(form[2]) > _DAY_MINUTES:
        raise ValueError(f'{value!r} is no time of day (write "22:00")')
    return int(form[1]) * 60 + int(form[2])


def _weekdays(value: Any) -> Any:
    days: list[int] = []
    for part in [value] if isinstance(value, str) else value:
        first, _, last = str(part).lower().partition(":")
        unknown = [name for name in (first, last or first) if name not in _WEEKDAYS]
        if unknown:
            raise ValueError(f'"{unknown[0]}" is no weekday (write monday, or monday:friday)')
        begin, end = _WEEKDAYS.index(first), _WEEKDAYS.index(last or first)
        days += [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]
    return tuple(days)


class TimeSpan(BaseModel):
    """Hours of some days. One whose end is not after its start goes past midnight, into the next day.

    `days: workday` and `restday` are by the Chinese calendar, with its holidays and made-up weekends.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_time: Annotated[int, BeforeValidator(_minutes)] = 0
    end_time: Annotated[int, BeforeValidator(_minutes)] = _DAY_MINUTES
    weekdays: Annotated[tuple[int, ...], BeforeValidator(_weekdays)] = ()
    days: Literal["workday", "restday"] | None = None

    @model_validator(mode="after")
    def _is_narrow(self) -> TimeSpan:
        if self == TimeSpan.model_construct():
            raise ValueError("states no time (write start_time and end_time, weekdays, or days)")
        return self

    def covers(self, local: datetime) -> bool:
        """Return whether the local moment is within the span."""
        minute = local.hour * 60 + local.minute
        if self.start_time < self.end_time:
            return self.start_time <= minute < self.end_time and self._is_on(local)
        if minute >= self.start_time:
            return self._is_on(local)
        return minute < self.end_time and self._is_on(local - timedelta(days=1))

    def _is_on(self, local: datetime) -> bool:
        if self.weekdays and local.weekday() not in self.weekdays:
            return False
        return self.days is None or is_workday(local.date()) is (self.days == "workday")


TimeIntervals = dict[str, tuple[TimeSpan, ...]]


def covered(spans: tuple[TimeSpan, ...], local: datetime) -> bool:
    """Return whether one of the spans covers the local moment."""
    return any(span.covers(local) for span in spans)
