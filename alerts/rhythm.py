"""When a source usually speaks, from its own history: its longest pause, and its days of rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerts.workdays import DayKind, day_kind

# Fewer times say nothing about pauses.
LEAST_TIMES = 3
# A kind of day without a word, on so many of them while the source spoke so often, is a day of rest: with
# 40 posts spread evenly over the week, four Sundays without one happen once in 200 quarters.
LEAST_DAYS = 4
LEAST_TIMES_FOR_DAYS = 40
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """The longest usual pause, days of rest not counted, and which days those are. Holidays are Sundays."""

    longest_pause: timedelta = timedelta(0)
    days_of_rest: frozenset[DayKind] = frozenset()

    def quiet(self, start: datetime, end: datetime, *, zone: ZoneInfo) -> timedelta:
        """Return the time between the two, without whole local days of rest."""
        if not self.days_of_rest:
            return end - start
        return end - start - _DAY * sum(day_kind(day) in self.days_of_rest for day in _days(start, end, zone))


def rhythm_of(times: Sequence[datetime], *, zone: ZoneInfo) -> Rhythm:
    """Return the rhythm of a source that spoke at `times`, in order."""
    if len(times) < LEAST_TIMES:
        return Rhythm()
    resting = Rhythm(days_of_rest=_days_of_rest(times, zone))
    longest = max(resting.quiet(before, after, zone=zone) for before, after in pairwise(times))
    return Rhythm(longest_pause=longest, days_of_rest=resting.days_of_rest)


def _days_of_rest(times: Sequence[datetime], zone: ZoneInfo) -> frozenset[DayKind]:
    if len(times) < LEAST_TIMES_FOR_DAYS:
        return frozenset()
    met = Counter(day_kind(day) for day in _days(times[0], times[-1], zone))
    spoken = {day_kind(moment.astimezone(zone).date()) for moment in times}
    return frozenset(kind for kind, days in met.items() if days >= LEAST_DAYS and kind not in spoken)


def _days(start: datetime, end: datetime, zone: ZoneInfo) -> list[date]:
    """Return the local days that lie wholly between the two."""
    first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    return [first + n * _DAY for n in range(1, (last - first).days)]
