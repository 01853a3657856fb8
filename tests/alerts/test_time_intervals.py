from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alerts.time_intervals import TimeSpan, covered
from records.times import DEFAULT_ZONE


def at(day: int, clock: str, *, month: int = 3) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, month, day, hour, minute, tzinfo=DEFAULT_ZONE)


def span(**stated: Any) -> TimeSpan:
    return TimeSpan.model_validate(stated)


@pytest.mark.parametrize(
    ("stated", "moment", "covers"),
    [
        ({"start_time": "09:00", "end_time": "17:30"}, at(18, "09:00"), True),
        ({"start_time": "09:00", "end_time": "17:30"}, at(18, "17:30"), False),
        ({"start_time": 1320, "end_time": "07:00"}, at(18, "23:59"), True),
        ({"start_time": 1320, "end_time": "07:00"}, at(18, "06:59"), True),
        ({"start_time": 1320, "end_time": "07:00"}, at(18, "07:00"), False),
        ({"weekdays": "monday:friday"}, at(18, "12:00"), True),  # a Wednesday
        ({"weekdays": ["saturday:monday"]}, at(18, "12:00"), False),
        ({"weekdays": ["saturday:monday"]}, at(22, "12:00"), True),
        # The night from Friday to Saturday is Friday's.
        ({"weekdays": "friday", "start_time": "22:00", "end_time": "07:00"}, at(21, "03:00"), True),
        ({"weekdays": "friday", "start_time": "22:00", "end_time": "07:00"}, at(20, "03:00"), False),
        ({"days": "restday"}, at(21, "12:00"), True),
        ({"days": "workday"}, at(18, "12:00"), True),
        ({"days": "restday"}, at(1, "12:00", month=10), True),  # a Thursday, and a holiday
        ({"start_time": "08:00", "end_time": "24:00"}, at(18, "23:59"), True),
    ],
)
def test_a_span_covers_its_hours_of_its_days(stated: dict[str, Any], moment: datetime, covers: bool) -> None:
    assert span(**stated).covers(moment) is covers
    assert covered((span(**stated),), moment) is covers


@pytest.mark.parametrize("value", ["25:00", "24:30", "9", "9:60", True, 1441, None])
def test_what_is_no_time_of_day_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is no time of day"):
        span(start_time=value)
