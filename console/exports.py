"""Whole search results as files, written as the posts are found: memory stays flat however many there are."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from io import StringIO
from itertools import islice
from tempfile import TemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

from records.analysis import Analysis
from records.plain import plain, plain_post
from records.post import Post
from records.query import SortOrder
from records.times import Period
from storage.database import Database
from storage.search import SearchIndex

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
    "subtopic",
    "own_topics",
    "urgency",
    "dissatisfaction",
    "replies",
    "first_replied_at",
    "url",
)
# A cell that begins like this is a formula to a spreadsheet; an apostrophe makes it text
# (OWASP, CSV injection). Full-width signs are read as the plain ones where Chinese is typed.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
# Posts read at once. 4,326 real messages as JSONL took 0.71 s of CPU by 200, 0.43 by 1,000, 0.46 by 5,000.
BATCH = 1_000
# Lines sent at once: each piece of a response costs a hop between threads.
LINES = 200
# What a sheet and a cell of Excel can hold (Microsoft, Excel specifications and limits).
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PIECE = 1 << 16

Found = Iterable[tuple[Post, Analysis | None]]


class ExportFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


MEDIA_TYPES: Mapping[ExportFormat, str] = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.JSONL: "application/jsonl",
}


def found_posts(
    database: Database,
    index: SearchIndex,
    query: str,
    *,
    period: Period | None = None,
    sort: SortOrder = SortOrder.NEWEST,
) -> Iterator[tuple[Post, Analysis | None]]:
    """Yield every hit with its analysis. Never holds more than BATCH of them.

    RELEVANCE becomes NEWEST: while posts come in, the order by relevance has no place to go on from.
    """
    sort = SortOrder.NEWEST if sort is SortOrder.RELEVANCE else sort
    cursor: str | None = None
    while True:
        page = index.search(query, period=period, sort=sort, limit=BATCH, after=cursor)
        ids = [hit.post_id for hit in page.hits]
        posts = database.posts.get_many(ids)
        analyses = database.analyses.get_many(ids)
        yield from ((posts[post_id], analyses.get(post_id)) for post_id in ids if post_id in posts)
        cursor = page.next_cursor
        if cursor is None:
            return


def export_pieces(found: Found, form: ExportFormat, *, zone: ZoneInfo) -> Iterator[bytes]:
    """Yield the file in pieces. A workbook is written to a temporary file first, as its index comes last.

    Times in a workbook are local to `zone`, as a spreadsheet knows no zones; elsewhere they name theirs.
    """
    if form is ExportFormat.XLSX:
        yield from _workbook(found, zone)
    else:
        lines = csv_lines(found) if form is ExportFormat.CSV else jsonl_lines(found)
        while text := "".join(islice(lines, LINES)):
            # Half a surrogate cannot be written.
            yield text.encode("utf-8", "replace")


def jsonl_lines(found: Found) -> Iterator[str]:
    """Yield each post as one line of JSON, its analysis (or null) under "analysis"."""
    for post, analysis in found:
        yield json.dumps({**plain_post(post), "analysis": plain(analysis)}, ensure_ascii=False) + "\n"


def csv_lines(found: Found) -> Iterator[str]:
    """Yield a header and a line for each post, for spreadsheets: byte order mark, formulas disarmed."""
    line = StringIO()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    yield "\N{BYTE ORDER MARK}" + line.getvalue()
    for post, analysis in found:
        line.seek(0)
        line.truncate()
        writer.writerow(disarmed(plain(value)) for value in _cells(post, analysis))
        yield line.getvalue()


def disarmed(value: Any) -> Any:
    """Return a cell's value; a text that a spreadsheet would run as a formula gets an apostrophe."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value


def _cells(post: Post, analysis: Analysis | None) -> list[Any]:
    """Return the values of COLUMNS."""
    analysed: list[Any] = [None] * 5
    if analysis is not None:
        about = [analysis.topic, analysis.subtopic, "、".join(analysis.own_topics)]
        analysed = [*about, analysis.urgency, round(analysis.dissatisfaction, 3)]
    asked = [post.id, post.source, post.channel.value, post.asked_at, post.title, post.text]
    addressed = [post.place, post.addressed_to, post.status]
    return [*asked, *addressed, *analysed, len(post.replies), post.first_replied_at, post.url]


def _workbook(found: Found, zone: ZoneInfo) -> Iterator[bytes]:
    # Imported for the first workbook: 0.2 s.
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    rows = ([_sheet_cell(value, zone) for value in _cells(*each)] for each in found)
    more = next(rows, None)
    while True:
        sheet = book.create_sheet()
        sheet.freeze_panes = "A2"
        sheet.append(COLUMNS)
        for _ in range(SHEET_ROWS - 1):
            if more is None:
                break
            sheet.append(more)
            more = next(rows, None)
        if more is None:
            break
    with TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _sheet_cell(value: Any, zone: ZoneInfo) -> Any:
    """Return what a sheet can hold: local times, texts of CELL_CHARACTERS without control characters."""
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None)
    if not isinstance(value, str):
        return value
    text = str(disarmed(_NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", value)))
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"
