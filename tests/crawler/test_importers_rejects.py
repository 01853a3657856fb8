"""Rows that are not taken: each with its reason, and nothing personal of it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from crawler.importers import RejectedRow, rejects_file
from records.errors import ConfigurationError
from tests.crawler.exports import read, write_csv


def test_each_bad_row_has_its_number_and_reason_and_no_text(tmp_path: Path) -> None:
    rows = [
        ("编号", "内容", "时间"),
        ("1", "路灯坏了", "2026-11-01"),
        ("2", "张三丰说过", "2026-02-30"),
        ("3", "张三丰说过", ""),
        ("4", "", "2026-11-01"),
        ("5", "长" * 1_000_000, "2026-11-01"),
        ("1", "张三丰说过", "2026-11-02"),
        ("7", "张三丰说过", "2027-11-02"),
        ("8",),
    ]
    posts, rejected = read(write_csv(tmp_path, rows))
    assert [post.native_id for post in posts] == ["1"]
    assert [(row.row, row.code) for row in rejected] == [
        (3, "bad_date"),
        (4, "no_date"),
        (5, "empty"),
        (6, "too_long"),
        (7, "duplicate_id"),
        (8, "future_date"),
        (9, "empty"),
    ]
    assert all("张三丰" not in row.message and f"row {row.row}" in row.message for row in rejected)


def test_rejected_rows_are_written_masked_replaced_and_gone(tmp_path: Path) -> None:
    target = tmp_path / "export.csv.rejected.csv"
    rows = [
        ("编号", "标题", "内容", "时间", "联系人"),
        ("1", "路灯不亮了", "我叫张三丰，电话13912345678，路灯坏了三天。", "3月1日", "张三丰"),
        ("张三丰", "张三丰", "=1+1是不是很奇怪", "张三丰", "13912345678"),  # slipped into other columns
        ("3", "=cmd", "=cmd|calc!A1", "13912345678", ""),
        ("张三丰", "停水了", "又停水了", "2027-03-01", ""),
    ]
    _, rejected = read(write_csv(tmp_path, rows))
    for _ in range(2):
        with rejects_file(target) as write:
            for row in rejected:
                write(row)
    content = target.read_text("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(content)))
    assert [(line["row"], line["code"], line["id"]) for line in lines] == [
        ("2", "no_year", "1"),
        ("3", "bad_date", ""),
        ("4", "bad_date", "3"),
        ("5", "future_date", ""),
    ]
    assert (lines[0]["asked_at"], lines[0]["title"]) == ("3月1日", "路灯不亮了")
    assert "〔电话〕" in lines[0]["text"]
    assert [line["text"][:2] for line in lines[1:3]] == ["'=", "'="]
    assert "张三丰" not in content
    assert "13912345678" not in content

    def break_off() -> None:
        with rejects_file(target) as write:
            write(rejected[0])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert target.read_text("utf-8-sig") == content
    with rejects_file(target):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["export.csv"]


def test_where_nothing_can_be_written_is_one_line(tmp_path: Path) -> None:
    row = RejectedRow(row=2, code="empty", message="row 2: has no text")
    with (
        pytest.raises(ConfigurationError, match="copy the export to a folder that you can write to"),
        rejects_file(tmp_path / "absent" / "x.rejected.csv") as write,
    ):
        write(row)
