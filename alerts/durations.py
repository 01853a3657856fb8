"""Lengths of time as rule files write them (`24h`, `7d`, ISO 8601, ElastAlert2's mapping), and in Chinese."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SHORT = re.compile(r"(?P<number>\d+)\s*(?P<unit>[smhdw])")
_ISO = re.compile(r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?)?")
_HINT = "write 24h, 7d, P7D or {days: 7}"


def parse_duration(value: Any) -> timedelta:
    """Return the length that `value` states. Raises ValueError with the forms that are understood."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, Mapping):
        return _from_mapping(value)
    if isinstance(value, str):
        text = value.strip()
        if match := _SHORT.fullmatch(text):
            return timedelta(**{_UNITS[match["unit"]]: int(match["number"])})
        match = _ISO.fullmatch(text)
        if match and any(match.groupdict().values()):
            return timedelta(**{unit: int(number) for unit, number in match.groupdict(default="0").items()})
    raise ValueError(f"{value!r} is not a length of time ({_HINT})")


def _from_mapping(value: Mapping[Any, Any]) -> timedelta:
    known = set(_UNITS.values())
    if not value or not set(value) <= known or not all(isinstance(n, int | float) for n in value.values()):
        raise ValueError(
            f"{dict(value)!r} is not a length of time ({_HINT}; units: {', '.join(sorted(known))})"
        )
    return timedelta(**value)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


def chinese_duration(length: timedelta) -> str:
    """Return `length` as people say it: 30分钟, 24小时, 7天. Up to two days are said in hours."""
    minutes = round(length.total_seconds() / 60)
    if minutes % 60:
        return f"{minutes}分钟"
    hours = minutes // 60
    return f"{hours // 24}天" if hours > 48 and hours % 24 == 0 else f"{hours}小时"
