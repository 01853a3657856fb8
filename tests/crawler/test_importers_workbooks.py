"""Excel, new and old: sheets, merged cells, its own dates, broken files."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from crawler.importers import describe_export
from records.errors import ConfigurationError
from tests.crawler.crawling import ZONE
from tests.crawler.exports import HEADERS, ROW, read, write_csv, write_xls, write_xlsx


def test_a_workbook_with_titles_merged_cells_and_excel_dates(tmp_path: Path) -> None:
    rows = [
        ["湖区热线工单", *[None] * 5],
        ["区域", "编号", "标题", "内容", "时间", "点赞数"],
        ["湖区", 188006.0, "路灯", "路灯坏了。", datetime(2026, 11, 1, 9, 30), 3],  # noqa: DTZ001  # Excel's have none
        [None, 188007, "井盖", "井盖没了。", 46327.5, None],  # a bare number: 2026-11-01 12:00
        ["山区", "188008", "停水", "又停水了。", "2026年11月1日 下午1时5分", 0],
        [None, None, None, None, None, None],
        ["合计", None, None, None, None, 3],
    ]
    path = write_xlsx(tmp_path, rows, merged=["A1:F1", "A3:A4"])
    description = describe_export(path)
    (table,) = description.tables
    assert table.sheet is not None
    assert (table.sheet.name, table.header_row, description.passed_over) == ("工单", 2, ("说明",))
    posts, rejected = read(path)
    assert [(post.native_id, post.place, post.asked_at.hour) for post in posts] == [
        ("188006", "湖区", 9),
        ("188007", "湖区", 12),
        ("188008", "山区", 13),
    ]
    assert posts[0].votes_up == 3
    assert [(row.row, row.code) for row in rejected] == [(7, "empty")]


@pytest.mark.parametrize("dates_1904", [False, True])
def test_a_new_workbook_counts_days_as_it_says_on_every_sheet(tmp_path: Path, dates_1904: bool) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904 if dates_1904 else CALENDAR_WINDOWS_1900
    noon = 46296.5 - (1462 if dates_1904 else 0)  # 2026-10-01 12:00
    for name in ("十月", "十一月"):
        sheet = book.create_sheet(name)
        sheet.append(["编号", "内容", "时间"])
        sheet.append([f"{name}1", "停水了。", noon])
        sheet.append([f"{name}2", "停电了。", datetime(2026, 10, 2)])  # noqa: DTZ001  # Excel's have none
    book.save(path := tmp_path / "export.xlsx")
    posts, rejected = read(path)
    assert [(post.native_id, post.asked_at) for post in posts] == [
        (f"{name}{number}", datetime(2026, 10, number, 12 * (2 - number), tzinfo=ZONE))
        for name in ("十月", "十一月")
        for number in (1, 2)
    ]
    assert rejected == []


@pytest.mark.parametrize("dates_1904", [False, True])
def test_an_old_workbook_with_several_sheets(tmp_path: Path, dates_1904: bool) -> None:
    path = write_xls(tmp_path, dates_1904=dates_1904)
    description = describe_export(path)
    assert [(table.sheet.name, table.header_row) for table in description.tables if table.sheet] == [
        ("十月", 2),
        ("十一月", 1),
    ]
    assert description.passed_over == ("说明",)
    posts, rejected = read(path)
    assert [(post.native_id, post.place, post.asked_at) for post in posts] == [
        ("188006", "湖区", datetime(2026, 10, 1, 9, 30, tzinfo=ZONE)),
        ("188007", "湖区", datetime(2026, 10, 1, 12, tzinfo=ZONE)),
        ("188008", None, datetime(2026, 11, 1, tzinfo=ZONE)),
    ]
    assert "13912345678" not in str(posts)
    assert [(row.sheet, row.row, row.code) for row in rejected] == [
        ("十一月", 3, "duplicate_id"),
        ("十一月", 4, "no_year"),
    ]


def test_one_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    path = write_xls(tmp_path)
    posts, _ = read(path, sheet="十一月")
    assert [post.native_id for post in posts] == ["188008", "188006"]
    with pytest.raises(ConfigurationError, match=r'has no sheet "九月" .did you mean "十月"'):
        describe_export(path, sheet="九月")
    with pytest.raises(ConfigurationError, match=r'has no sheet "2026" .it has: 说明, 十月, 十一月'):
        describe_export(path, sheet="2026")
    with pytest.raises(ConfigurationError, match="no header row"):
        describe_export(path, sheet="说明")
    with pytest.raises(ConfigurationError, match="has no sheets"):
        describe_export(write_csv(tmp_path, [HEADERS, ROW]), sheet="十月")


def test_an_old_workbook_that_breaks_off_is_one_line(tmp_path: Path) -> None:
    path = write_xls(tmp_path)
    whole = path.read_bytes()
    for length in range(512, len(whole), 512):
        path.write_bytes(whole[:length])
        with pytest.raises(ConfigurationError, match="broken or locked Excel workbook"):
            read(path)


def test_a_workbook_whose_sheet_breaks_off(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [("内容", "时间"), *[("停水了", "2026-11-01")] * 50])
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(broken, "w") as bad:
        for name in good.namelist():
            body = good.read(name)
            bad.writestr(name, body[: len(body) // 2] if "sheet2" in name else body)
    with pytest.raises(ConfigurationError, match="broken Excel workbook"):
        read(broken)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ConfigurationError, match="broken Excel workbook"):
        read(path)
