"""Options that several commands share."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.cli.output import Format
from records.errors import ConfigurationError, Rejected
from records.times import parse_time, utc_now

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="安装所在的文件夹（默认 HUIYING_DATA_DIR）")]
Output = Annotated[Format, typer.Option("--format", help="输出格式：table、json、jsonl 或 csv")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="最多几条")]
Now = Annotated[str | None, typer.Option("--now", help="把这一时刻当作现在，如 2026-03-01T08:00")]


def moment(text: str | None, zone: ZoneInfo) -> datetime:
    """Return the time a person named, or the present. Raises ConfigurationError for what is no time."""
    if text is None:
        return utc_now()
    try:
        return parse_time(text, zone=zone)
    except Rejected as err:
        raise ConfigurationError(f"--now: {err}") from err


def day(text: str | None, default: date, *, option: str = "--date") -> date:
    """Return the day a person named as 2026-03-01, or `default`."""
    return default if text is None else named_day(text, option=option)


def named_day(text: str, *, option: str) -> date:
    """Return the day that the option names. Raises ConfigurationError."""
    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise ConfigurationError(f'{option} "{text}": not a day (write it as 2026-03-01)') from err
