"""Search results as files, written line by line as they are found."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from records.analysis import Analysis
from records.plain import plain, plain_post
from records.post import Post

COLUMNS = (
    "id",
    "source",
    "channel",
    "asked_at",
    "title",
    "text",
    "place",
    "addressed_to",
    "status",
    "topic",
    "urgency",
    "dissatisfaction",
    "replies",
    "first_replied_at",
    "url",
)
# A cell that begins like this is a formula to a spreadsheet; an apostrophe makes it text
# (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Found = Iterable[tuple[Post, Analysis | None]]


def jsonl_lines(found: Found) -> Iterator[str]:
    """Yield each post as one line of JSON, its analysis (or null) under "analysis"."""
    for post, analysis in found:
        yield json.dumps({**plain_post(post), "analysis": plain(analysis)}, ensure_ascii=False) + "\n"


def csv_lines(found: Found) -> Iterator[str]:
    """Yield a header and a line for each post, for spreadsheets: byte order mark, formulas disarmed."""
    yield "\N{BYTE ORDER MARK}" + _csv_line(COLUMNS)
    for post, analysis in found:
        values = {**plain_post(post), **_analysed(analysis)}
        values |= {"replies": len(post.replies), "first_replied_at": plain(post.first_replied_at)}
        yield _csv_line(_disarmed(values[name]) for name in COLUMNS)


def _analysed(analysis: Analysis | None) -> dict[str, Any]:
    if analysis is None:
        return dict.fromkeys(("topic", "urgency", "dissatisfaction"))
    return {
        "topic": analysis.topic,
        "urgency": analysis.urgency,
        "dissatisfaction": round(analysis.dissatisfaction, 3),
    }


def _disarmed(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _csv_line(values: Iterable[Any]) -> str:
    line = StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()
