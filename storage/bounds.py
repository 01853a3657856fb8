"""The ends of ranges in whole numbers, the same for every engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil, floor

from storage.query_tree import NumberRange, TimeRange

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Beyond any number in a whole-number field, within 64 bits.
_HIGHEST = 2.0**53


def micros(moment: datetime) -> int:
    """Return whole microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def time_bounds(of: TimeRange) -> tuple[int | None, int | None]:
    """Return the first and the last microsecond in the range; an open end is None."""
    low = None if of.start is None else micros(of.start)
    high = None if of.end is None else micros(of.end) - 1
    return low, high


def whole_bounds(of: NumberRange) -> tuple[int, int]:
    """Return the lowest and the highest whole number in the range; the first is above the second in none."""
    low = max(-_HIGHEST if of.low is None else of.low, -_HIGHEST)
    high = min(_HIGHEST if of.high is None else of.high, _HIGHEST)
    first = ceil(low) if of.include_low else floor(low) + 1
    last = floor(high) if of.include_high else ceil(high) - 1
    return first, last
