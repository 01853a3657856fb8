from __future__ import annotations

from datetime import date, datetime

import pytest

from alerts.workdays import DayKind, after_workdays, day_kind, is_workday, workdays_between
from records.times import DEFAULT_ZONE


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=DEFAULT_ZONE)  # type: ignore[misc,arg-type]  # year, month, day, hour


@pytest.mark.parametrize(
    ("day", "works", "kind"),
    [
        (date(2025, 9, 30), True, DayKind.TUESDAY),
        (date(2025, 10, 1), False, DayKind.SUNDAY),  # National Day, a Wednesday
        (date(2025, 10, 11), True, DayKind.FRIDAY),  # a Saturday that makes up for it
        (date(2025, 10, 18), False, DayKind.SATURDAY),
        (date(2040, 10, 1), True, DayKind.MONDAY),  # nobody knows that year's holidays yet
        (date(2040, 9, 30), False, DayKind.SUNDAY),
    ],
)
def test_days_are_what_they_are_lived_as(day: date, works: bool, kind: DayKind) -> None:
    assert is_workday(day) is works
    assert day_kind(day) is kind


def test_a_deadline_steps_over_holidays() -> None:
    # Asked on Tuesday before National Day 2025 (1-8 October off): the first working day is Thursday the 9th.
    asked = local(2025, 9, 30, 16)
    assert after_workdays(asked, 1, zone=DEFAULT_ZONE) == local(2025, 10, 10)
    assert after_workdays(asked, 3, zone=DEFAULT_ZONE) == local(2025, 10, 12)  # Saturday the 11th is worked


def test_working_days_waited_count_from_the_day_after() -> None:
    asked = local(2025, 9, 30, 16)
    assert workdays_between(asked, local(2025, 9, 30, 23), zone=DEFAULT_ZONE) == 0
    assert workdays_between(asked, local(2025, 10, 8, 12), zone=DEFAULT_ZONE) == 0
    assert workdays_between(asked, local(2025, 10, 11, 12), zone=DEFAULT_ZONE) == 3


def test_years_make_no_difference() -> None:
    # 2025 has 248 working days; 1 January 2026 is a holiday, and so is the day after it.
    first, last = local(2024, 12, 31, 9), local(2025, 12, 31, 9)
    assert workdays_between(first, last, zone=DEFAULT_ZONE) == 248
    assert workdays_between(last, first, zone=DEFAULT_ZONE) == 0
    assert after_workdays(first, 248, zone=DEFAULT_ZONE) == local(2026, 1, 1)
    assert after_workdays(first, 249, zone=DEFAULT_ZONE) == local(2026, 1, 5)  # Sunday the 4th is worked
    assert after_workdays(first, 0, zone=DEFAULT_ZONE) == local(2025, 1, 1)
