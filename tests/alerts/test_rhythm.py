from __future__ import annotations

from datetime import datetime, timedelta

from alerts.rhythm import Rhythm, rhythm_of
from alerts.workdays import DayKind, is_workday
from records.times import DEFAULT_ZONE

DAY = timedelta(days=1)
# Thursday before the Spring Festival of 2026, which is from 15 to 23 February.
THURSDAY = datetime(2026, 2, 12, 10, tzinfo=DEFAULT_ZONE)


def test_weekends_and_holidays_without_a_word_are_days_of_rest() -> None:
    times = [THURSDAY - n * DAY for n in range(80, -1, -1) if is_workday((THURSDAY - n * DAY).date())]
    rhythm = rhythm_of(times, zone=DEFAULT_ZONE)
    assert rhythm.days_of_rest == {DayKind.SATURDAY, DayKind.SUNDAY}
    assert rhythm.longest_pause == DAY
    after_the_holidays = datetime(2026, 2, 24, 10, tzinfo=DEFAULT_ZONE)
    # The Friday, the worked Saturday, and the Tuesday itself.
    assert rhythm.quiet(THURSDAY, after_the_holidays, zone=DEFAULT_ZONE) == 3 * DAY


def test_few_times_or_one_on_a_sunday_make_no_days_of_rest() -> None:
    week = [THURSDAY - n * DAY for n in range(60, -1, -1)]
    assert rhythm_of(week, zone=DEFAULT_ZONE) == Rhythm(longest_pause=DAY)
    assert rhythm_of(week[:2], zone=DEFAULT_ZONE) == Rhythm()
