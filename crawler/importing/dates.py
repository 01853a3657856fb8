"""Dates as people and programs write them into exports."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl.utils.datetime import from_excel

from records.errors import Rejected
from records.times import aware, parse_time

# 1982 to 2091 as Excel counts days: a number in a date column outside of it is no date.
_EXCEL_DAYS = range(30_000, 70_000)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\s*(\d{2}):?(\d{2}):?(\d{2})?)?")
_HALF_DAY = re.compile(
    r"(?P<day>.*?\d日?)\s*(?:星期.|周.)?\s*(?P<half>上午|下午|中午|晚上|凌晨|AM|PM)?\s*(?P<hour>\d{1,2})(?P<rest>[:时点].*?)\s*(?P<after>AM|PM)?",
    re.IGNORECASE,
)
_AFTERNOON = frozenset({"下午", "晚上", "PM"})
_CHINESE_DAY = re.compile(
    r"([〇零○一二三四五六七八九]{4})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})[日号]"
)
_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
# With the hour and the minute, if it has them, and no year.
_NO_YEAR = re.compile(r"\d{1,2}(?:月\d{1,2}[日号]?|[-/.]\d{1,2})(?:\s*\d{1,2}[:时点].*)?")
_PART_SEPARATORS = str.maketrans("／－：．　", "/-:. ")


def read_cell_date(value: Any, *, zone: ZoneInfo, epoch: datetime | None = None) -> datetime:
    """Return the time that a cell states. `epoch` is the workbook's (1900 or 1904), for bare numbers.

    Reads what records.times.parse_time reads, and 20190228, 20190228112505, 2019/2/28 下午3:05, 2019年2月28日
    星期四 上午9时5分, 2019-2-28 3:05 PM, 二〇一九年二月二十八日.
    Raises Rejected, without the cell's text: no_date, bad_date, no_year (2月28日: deadlines hang on the year,
    which is not for us to guess).
    """
    if isinstance(value, datetime):
        return aware(value, zone=zone)
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=zone)
    if isinstance(value, int | float) and epoch is not None and int(value) in _EXCEL_DAYS:
        moment = from_excel(value, epoch)
        if isinstance(moment, datetime):
            return aware(moment, zone=zone)
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 20190228, which Excel keeps as 20190228.0
    text = str(value if value is not None else "").translate(_PART_SEPARATORS).strip()
    if not text:
        raise Rejected("no_date", "the row has no date")
    if _NO_YEAR.fullmatch(text):
        raise Rejected("no_year", "the row's date has no year (write it as 2026-03-01 08:30)")
    text = _CHINESE_DAY.sub(_in_figures, text)
    try:
        return parse_time(_without_half_days(_spread(text)), zone=zone)
    except Rejected:
        raise Rejected(
            "bad_date", "the row's date is no date that can be read (write it as 2026-03-01 08:30)"
        ) from None


def _in_figures(match: re.Match[str]) -> str:
    year = "".join(str(_DIGITS[sign]) for sign in match[1])
    return f"{year}年{_below_hundred(match[2])}月{_below_hundred(match[3])}日"


def _below_hundred(words: str) -> int:
    """Return 三 as 3, 十 as 10, 三十一 as 31; for anything else 0, which no month or day is."""
    tens, ten, ones = words.rpartition("十")
    if len(tens) > 1 or len(ones) > 1:
        return 0
    return (_DIGITS[tens] if tens else 1) * 10 * bool(ten) + (_DIGITS[ones] if ones else 0)


def _spread(text: str) -> str:
    match = _COMPACT.fullmatch(text)
    if match is None:
        return text
    year, month, day, hour, minute, second = match.groups(default="00")
    return f"{year}-{month}-{day} {hour}:{minute}:{second}"


def _without_half_days(text: str) -> str:
    match = _HALF_DAY.fullmatch(text)
    half = match and (match["half"] or match["after"])
    if match is None or not half:
        return re.sub(r"\s*(?:星期|周)[一二三四五六日天]\s*", " ", text).strip()
    hour = int(match["hour"])
    afternoon = half.upper() in _AFTERNOON or (half == "中午" and hour < 3)
    if afternoon and hour < 12:
        hour += 12
    elif half.upper() == "AM" and hour == 12:
        hour = 0
    return f"{match['day']} {hour}{match['rest']}"
