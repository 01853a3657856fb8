"""The hotline's export: a workbook as offices keep it, with merged cells and columns of persons."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from app.sample_town.town import CITY, Board, Planted, Town, TownMessage

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GROUPS = (("工单信息", 1, 2), ("来电人信息（内部使用）", 3, 5), ("诉求信息", 6, 8), ("办理信息", 9, 13))
HEADER = (
    "工单编号", "来电时间", "姓名", "联系电话", "联系地址", "所属区域", "诉求标题", "诉求内容",
    "承办单位", "办理状态", "答复内容", "答复时间", "满意度",
)  # fmt: skip
WIDTHS = (16, 18, 10, 14, 24, 10, 30, 60, 22, 10, 60, 18, 8)
# A workbook holds the time of its writing in two places; the same town gives the same bytes.
_WRITTEN = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_STILL = (1980, 1, 1, 0, 0, 0)


def hotline_export(town: Town, *, as_of: datetime | None = None) -> bytes:
    """Return the workbook of all hotline cases, newest first; with `as_of` as it stood then."""
    moment = as_of or datetime.max.replace(tzinfo=town.messages[0].asked_at.tzinfo)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  # a new workbook has one
    sheet.title = "工单导出"
    _write_heading(sheet)
    for message in town.on(Board.HOTLINE, moment):
        sheet.append(_row(town, message, moment))
    written = io.BytesIO()
    book.save(written)
    return _without_clock(written.getvalue())


def _write_heading(sheet: Worksheet) -> None:
    sheet.append([f"{CITY}12345政务服务便民热线工单导出表"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(HEADER))
    sheet.append([None])
    for name, first, last in GROUPS:
        sheet.cell(row=2, column=first, value=name)
        sheet.merge_cells(start_row=2, start_column=first, end_row=2, end_column=last)
    sheet.append(HEADER)
    for row in range(1, 4):
        for cell in sheet[row]:
            cell.font = Font(bold=True)
            cell.alignment = Alignment(horizontal="center")
    for letter, width in zip("ABCDEFGHIJKLM", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A4"


def _row(town: Town, message: TownMessage, moment: datetime) -> list[Any]:
    caller = dict(_caller(town, message))
    replies = message.replies_at(moment)
    reply, text = replies[-1] if replies else (None, None)
    return [
        message.native_id,
        f"{message.asked_at:%Y-%m-%d %H:%M:%S}",
        caller["name"],
        caller["mobile"],
        caller["room"],
        message.district,
        message.title,
        message.text,
        message.department,
        message.status_at(moment),
        text,
        f"{reply.replied_at:%Y-%m-%d %H:%M}" if reply else None,
        message.rating or None if reply else None,
    ]


def _caller(town: Town, message: TownMessage) -> list[tuple[str, str]]:
    """Return name, phone and address of who called: made up, always the same for a case."""
    number = int(message.native_id.removeprefix("QX"))
    return [
        ("name", town.callers[number % len(town.callers)]),
        ("mobile", f"1{30 + number % 10}0000{number % 10_000:04d}"),
        ("room", f"{number % 28 + 1}栋{number % 3 + 1}单元{number % 6 + 1}0{number % 4 + 1}室"),
    ]


def hotline_columns(town: Town) -> tuple[Planted, ...]:
    """Return what stands in the export's columns of persons, which an importer must pass over."""
    return tuple(
        Planted(kind=kind, value=value, where=message.post_id)
        for message in town.messages
        if message.board is Board.HOTLINE
        for kind, value in _caller(town, message)
    )


def _without_clock(book: bytes) -> bytes:
    still = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as read, zipfile.ZipFile(still, "w", zipfile.ZIP_DEFLATED) as out:
        for name in read.namelist():
            content = _WRITTEN.sub(rb"\g<1>2000-01-01T00:00:00Z", read.read(name))
            out.writestr(zipfile.ZipInfo(name, date_time=_STILL), content, zipfile.ZIP_DEFLATED)
    return still.getvalue()
