"""Whole results as files: every hit, nothing that a spreadsheet would run, and flat memory."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from console import exports
from console.exports import (
    CELL_CHARACTERS,
    COLUMNS,
    ExportFormat,
    disarmed,
    export_pieces,
    found_posts,
)
from console.services import Services
from records.analysis import Analysis
from records.post import Channel, Post
from records.query import SortOrder
from tests.console.town_posts import NOW, ZONE
from tests.storage.samples import analysis

POST = Post(
    source="board",
    channel=Channel.INBOX,
    native_id="1",
    title="停水",
    text="从昨天起停水。",
    asked_at=NOW,
    fetched_at=NOW,
)


def written(posts: list[Post], form: ExportFormat) -> bytes:
    return b"".join(export_pieces(((post, None) for post in posts), form, zone=ZONE))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_run_becomes_text(start: str) -> None:
    post = replace(POST, title=f'{start}HYPERLINK("http://x.example")')
    [row] = csv.DictReader(io.StringIO(written([post], ExportFormat.CSV).decode("utf-8-sig"), newline=""))
    assert row["title"] == "'" + post.title
    [sheet] = load_workbook(io.BytesIO(written([post], ExportFormat.XLSX))).worksheets
    cell = sheet.cell(2, COLUMNS.index("title") + 1)
    assert cell.data_type == "s"
    assert str(cell.value).startswith("'")


def test_other_values_stay_as_they_are() -> None:
    assert [disarmed(value) for value in ("停水", "a=1", "", -2, 0.5, None)] == [
        "停水",
        "a=1",
        "",
        -2,
        0.5,
        None,
    ]


def test_a_workbook_holds_local_times_numbers_and_all_it_can_of_a_text() -> None:
    post = replace(
        POST, text="长" * 40_000, title="铃\x07响\ufffe 半\ud83d", asked_at=NOW - timedelta(hours=10)
    )
    [sheet] = load_workbook(io.BytesIO(written([post], ExportFormat.XLSX))).worksheets
    found = dict(zip(COLUMNS, [cell.value for cell in list(sheet.rows)[1]], strict=True))
    assert found["asked_at"] == (NOW - timedelta(hours=10)).replace(tzinfo=None)
    assert found["replies"] == 0
    assert len(str(found["text"])) == CELL_CHARACTERS
    assert "\x07" not in str(found["title"])
    assert str(found["title"]).startswith("铃")


def test_more_than_a_sheet_can_hold_goes_on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "SHEET_ROWS", 4)
    posts = [replace(POST, native_id=str(number)) for number in range(7)]
    sheets = load_workbook(io.BytesIO(written(posts, ExportFormat.XLSX))).worksheets
    assert [sheet.max_row for sheet in sheets] == [4, 4, 2]
    ids = [row[0].value for sheet in sheets for row in list(sheet.rows)[1:]]
    assert ids == [post.id for post in posts]


def test_half_a_surrogate_does_not_break_off_a_file() -> None:
    post = replace(POST, text="半\ud83d个")
    assert json.loads(written([post], ExportFormat.JSONL))["text"] == "半?个"
    assert "半?个" in written([post], ExportFormat.CSV).decode("utf-8-sig")


@pytest.mark.parametrize("form", [ExportFormat.CSV, ExportFormat.XLSX])
def test_a_table_has_the_second_level_and_own_topics(form: ExportFormat) -> None:
    read = analysis(POST, subtopic=None, own_topics=("加装电梯", "=二次供水"))
    file = b"".join(export_pieces([(POST, analysis(POST)), (POST, read)], form, zone=ZONE))
    if form is ExportFormat.CSV:
        rows = list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))
    else:
        rows = [[cell.value or "" for cell in row] for row in load_workbook(io.BytesIO(file)).worksheets[0]]
    columns = [rows[0].index(name) for name in ("topic", "subtopic", "own_topics", "urgency")]
    assert [[str(row[at]) for at in columns] for row in rows[1:]] == [
        ["城乡建设", "城市建设和市政管理", "加装电梯、二次供水", "2"],
        ["城乡建设", "", "加装电梯、=二次供水", "2"],
    ]


@pytest.mark.parametrize("sort", SortOrder)
def test_every_hit_comes_once_in_every_order(
    town: Services, monkeypatch: pytest.MonkeyPatch, sort: SortOrder
) -> None:
    monkeypatch.setattr(exports, "BATCH", 7)
    ids = [post.id for post, _ in found_posts(town.database, town.index, "施工", sort=sort)]
    assert (len(ids), len(set(ids))) == (45, 45)


@pytest.mark.parametrize("form", ExportFormat)
def test_memory_is_flat_whatever_the_size(form: ExportFormat) -> None:
    def many(count: int) -> Iterator[tuple[Post, Analysis | None]]:
        for number in range(count):
            # Each text is one of its own, as a table of shared texts would show.
            yield replace(POST, native_id=str(number), text=f"{number}" + "停水" * 500), None

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in export_pieces(many(count), form, zone=ZONE):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(1_500) < peak(400) + 500_000
