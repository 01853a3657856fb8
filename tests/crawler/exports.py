"""Exports as tests write them, and what is read of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlwt
from openpyxl import Workbook

from crawler.importers import ReadRow, RejectedRow, read_export
from records.post import Channel, Post
from tests.crawler.crawling import NOW

HEADERS = (
    "工单编号",
    "标题",
    "诉求内容",
    "受理时间",
    "区域",
    "承办单位",
    "答复意见",
    "答复时间",
    "联系电话",
    "姓名",
)


ROW = (
    "A001",
    "路灯坏了",
    "路灯已经坏了三天，请打13912345678联系。",
    "2026-11-01 09:30",
    "湖区",
    "城管局",
    "已修复。",
    "2026-11-03",
    "13912345678",
    "张三丰",
)


def read(path: Path, **options: Any) -> tuple[list[Post], list[RejectedRow]]:
    rows = list(read_export(path, source="hotline", channel=Channel.HOTLINE, now=NOW, **options))
    return [row.post for row in rows if isinstance(row, ReadRow)], [
        row for row in rows if isinstance(row, RejectedRow)
    ]


def write_csv(
    folder: Path, rows: Sequence[Sequence[str]], *, encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    path = folder / "export.csv"
    path.write_bytes("".join(delimiter.join(row) + "\r\n" for row in rows).encode(encoding))
    return path


def write_xlsx(folder: Path, rows: Sequence[Sequence[Any]], *, merged: Sequence[str] = ()) -> Path:
    book = Workbook()
    book.active.title = "说明"
    book.active.append(["本表由系统导出"])
    sheet = book.create_sheet("工单")
    for row in rows:
        sheet.append(list(row))
    for cells in merged:
        sheet.merge_cells(cells)
    path = folder / "export.xlsx"
    book.save(path)
    return path


def write_xls(folder: Path, *, dates_1904: bool = False) -> Path:
    """Write an old workbook: a cover, two sheets with a header, title rows, merged cells, dates."""
    book = xlwt.Workbook()
    book.dates_1904 = dates_1904
    book.add_sheet("说明").write(0, 0, "本表由系统导出")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD HH:MM")
    first = book.add_sheet("十月")
    first.write_merge(0, 0, 0, 4, "湖区热线工单")
    for column, header in enumerate(("区域", "编号", "内容", "时间", "联系电话")):
        first.write(1, column, header)
    first.write_merge(2, 3, 0, 0, "湖区")
    first.write(2, 1, 188006.0)
    first.write(2, 2, "路灯坏了，电话13912345678。")
    first.write(2, 3, datetime(2026, 10, 1, 9, 30), day)  # noqa: DTZ001  # Excel's have none
    first.write(2, 4, "13912345678")
    first.write(3, 1, "188007")
    first.write(3, 2, "井盖没了。")
    first.write(3, 3, 46296.5 - (1462 if dates_1904 else 0))  # a bare number: 2026-10-01 12:00
    second = book.add_sheet("十一月")
    for column, header in enumerate(("编号", "内容", "时间")):
        second.write(0, column, header)
    for row, (number, text, when) in enumerate(
        [
            (188008, "又停水了。", 20261101),
            (188006, "重复的。", "2026-11-01"),
            (188009, "没日子。", "3月1日"),
        ],
        start=1,
    ):
        for column, value in enumerate((number, text, when)):
            second.write(row, column, value)
    path = folder / "export.xls"
    book.save(str(path))
    return path
