from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlwt
from openpyxl import Workbook

from crawler.importers import (
    ExportDescription,
    ReadRow,
    RejectedRow,
    describe_export,
    read_export,
    rejects_file,
)
from crawler.importing.columns import load_mapping
from records.errors import ConfigurationError
from records.post import Channel, Post
from tests.crawler.crawling import NOW, ZONE
from tests.shared_data import shared_file

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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_any_encoding_below_title_rows(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [["湖区12345热线工单导出表"], ["导出时间：2026-11-20"], [], HEADERS, ROW]
    path = write_csv(tmp_path, rows, encoding=encoding, delimiter=delimiter)
    (post,), rejected = read(path)
    assert rejected == []
    assert (post.id, post.title, post.place, post.addressed_to) == (
        "hotline/A001",
        "路灯坏了",
        "湖区",
        "城管局",
    )
    assert post.asked_at == datetime(2026, 11, 1, 9, 30, tzinfo=ZONE)
    assert post.replies[0].text == "已修复。"
    assert post.replies[0].replied_at == datetime(2026, 11, 3, tzinfo=ZONE)
    assert (post.fetched_at, post.channel) == (NOW, Channel.HOTLINE)


def test_columns_of_persons_are_named_and_never_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path, [HEADERS, ROW])
    description = describe_export(path)
    (table,) = description.tables
    assert table.columns.personal == ("联系电话", "姓名")
    assert (table.header_row, description.encoding, description.delimiter) == (1, "utf-8", ",")
    (post,), _ = read(path)
    assert "13912345678" not in str(post)
    assert "张三丰" not in str(post)


@pytest.mark.parametrize(
    "header",
    [
        "留言用户",
        "联系人",
        "身份证号",
        "家庭住址",
        "用户名",
        "user_name",
        "nickname",
        "Email",
        "contact_phone",
        "来电号码",
        "经办人",
    ],
)
def test_a_mapping_cannot_name_a_person(tmp_path: Path, header: str) -> None:
    path = write_csv(tmp_path, [(*HEADERS, header), (*ROW, "x")])
    assert header in describe_export(path).tables[0].columns.personal
    with pytest.raises(ConfigurationError, match=f'column "{header}" names a person and is never read'):
        describe_export(path, mapping={"text": "诉求内容", "asked_at": "受理时间", "place": header})


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


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("2019/2/28 11:25:05", (2019, 2, 28, 11, 25, 5)),
        ("2019年2月28日 11时25分", (2019, 2, 28, 11, 25)),
        ("20190228", (2019, 2, 28)),
        ("20190228112505", (2019, 2, 28, 11, 25, 5)),
        ("2019-02-28 下午3:05", (2019, 2, 28, 15, 5)),
        ("2019年2月28日 星期四 上午9时5分", (2019, 2, 28, 9, 5)),
        ("2019/2/28 12:05 AM", (2019, 2, 28, 0, 5)),
        ("2024年3月1日 8时30分", (2024, 3, 1, 8, 30)),
        ("2024-3-1", (2024, 3, 1)),
        ("2024/3/1 8:30", (2024, 3, 1, 8, 30)),
        ("2024.03.01", (2024, 3, 1)),
        ("二〇二四年三月一日", (2024, 3, 1)),
        ("二零二四年十二月三十一日 8时30分", (2024, 12, 31, 8, 30)),
        ("二○二四年十月二十日", (2024, 10, 20)),
        ("２０１９－０２－２８　１１：２５", (2019, 2, 28, 11, 25)),
    ],
)
def test_text_dates(tmp_path: Path, stated: str, moment: tuple[int, ...]) -> None:
    (post,), _ = read(write_csv(tmp_path, [("内容", "时间"), ("停水了", stated)]))
    assert post.asked_at == datetime(*moment, tzinfo=ZONE)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("3月1日", "no_year"),
        ("3月1日 8时30分", "no_year"),
        ("03-01 08:30", "no_year"),
        ("二〇二四年十三月一日", "bad_date"),
        ("二〇二四年二月三十日", "bad_date"),
        ("二〇二四年一二月一日", "bad_date"),
        ("2024年春", "bad_date"),
    ],
)
def test_a_date_that_is_not_certain_is_not_guessed(tmp_path: Path, stated: str, code: str) -> None:
    rows = [("内容", "时间"), ("停电了", "2024-03-01"), ("停水了", stated)]
    posts, rejected = read(write_csv(tmp_path, rows))
    assert (len(posts), [(row.row, row.code) for row in rejected]) == (1, [(3, code)])


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


def test_bytes_that_are_not_of_the_encoding_reject_their_row_only(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    good = "内容,时间\n路灯坏了,2026-11-01\n".encode()
    path.write_bytes(good + b"\xff\xfe\xfd,2026-11-01\n" + "停水了,2026-11-02\n".encode())
    posts, rejected = read(path)
    assert len(posts) == 2
    assert [(row.row, row.code) for row in rejected] == [(3, "bad_encoding")]


def test_ids_without_an_id_column_are_stable_and_by_content(tmp_path: Path) -> None:
    rows = [("内容", "时间"), ("停水了", "2026-11-01"), ("停电了", "2026-11-01")]
    first, _ = read(write_csv(tmp_path, rows))
    again, _ = read(write_csv(tmp_path, [rows[0], rows[2], rows[1]]))
    assert {post.id for post in first} == {post.id for post in again}
    assert len({post.id for post in first}) == 2


def test_jsonl_with_broken_lines(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    good = {
        "id": 7,
        "text": "停水了",
        "asked_at": "2026-11-01 08:00",
        "likes": 2,
        "dislikes": 1,
        "user": "张三丰",
    }
    half = json.dumps({"text": "停水\ud83d了\x00", "asked_at": "2026-11-01"})
    lines = [json.dumps(good).encode(), b"", b"{broken", b"[1]", b'{"text": "\xff\xfe"}', half.encode()]
    path.write_bytes(b"\n".join(lines))
    (post, mended), rejected = read(path)
    assert mended.text == "停水了"
    assert (post.native_id, post.votes_up, post.votes_down) == ("7", 2, 1)
    assert [(row.row, row.code) for row in rejected] == [
        (3, "bad_json"),
        (4, "bad_json"),
        (5, "bad_encoding"),
    ]
    assert describe_export(path).tables[0].columns.personal == ("user",)


REQUEST = {
    "service_request_id": "638344",
    "status": "closed",
    "status_notes": "已修复。",
    "service_name": "路灯",
    "description": "路灯坏了，电话13912345678。",
    "agency_responsible": "城管局",
    "requested_datetime": "2026-11-01T09:30:00+08:00",
    "updated_datetime": "2026-11-03T10:00:00+08:00",
    "address": "滨河路8号3栋2单元501室",
    "lat": "37.76",
    "long": "-122.42",
    "media_url": "https://example.org/a.jpg",
    "first_name": "三丰",
    "last_name": "张",
    "email": "a@example.org",
    "phone": "13912345678",
    "device_id": "dev77",
    "account_id": "acc88",
}


def write_open311(folder: Path, kind: str, requests: Sequence[dict[str, str]]) -> Path:
    path = folder / f"requests.{kind}"
    if kind == "json":
        path.write_text(json.dumps(requests, ensure_ascii=False, indent=1), "utf-8")
        return path
    body = "".join(
        "<request>" + "".join(f"<{key}>{value}</{key}>" for key, value in request.items()) + "</request>"
        for request in requests
    )
    path.write_text(f'<?xml version="1.0"?><service_requests>{body}</service_requests>', "utf-8")
    return path


@pytest.mark.parametrize("kind", ["json", "xml"])
def test_an_open311_list_without_its_persons(tmp_path: Path, kind: str) -> None:
    undated = {**REQUEST, "service_request_id": "2", "requested_datetime": ""}
    path = write_open311(tmp_path, kind, [REQUEST, undated])
    (table,) = describe_export(path).tables
    assert {"address", "lat", "long", "media_url", "first_name", "last_name", "email", "phone"} <= set(
        table.columns.personal
    )
    assert {"device_id", "account_id"} <= set(table.columns.personal)
    (post,), rejected = read(path)
    assert (post.native_id, post.title, post.addressed_to) == ("638344", "路灯", "城管局")
    assert post.asked_at == datetime(2026, 11, 1, 9, 30, tzinfo=ZONE)
    assert post.replies[0].text == "已修复。"
    assert [(row.row, row.code) for row in rejected] == [(2, "no_date")]
    kept = str(post) + str(rejected)
    assert not [word for word in ("139123", "501", "37.76", "三丰", "a@", "dev77", "acc88") if word in kept]
    for header in ("email", "device_id", "lat"):
        with pytest.raises(ConfigurationError, match="names a person and is never read"):
            describe_export(
                path, mapping={"text": "description", "asked_at": "requested_datetime", "place": header}
            )


def test_a_long_json_list_is_read_across_its_pieces(tmp_path: Path) -> None:
    requests = [{**REQUEST, "service_request_id": str(n), "description": "路灯" * 2000} for n in range(600)]
    posts, rejected = read(write_open311(tmp_path, "json", requests))
    assert ([post.native_id for post in posts], rejected) == ([str(n) for n in range(600)], [])


def test_entities_of_xml_are_not_expanded(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("秘密", "utf-8")
    path = tmp_path / "requests.xml"
    path.write_text(
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]><r><request>'
        "<description>停水了&x;</description><requested_datetime>2026-11-01</requested_datetime>"
        "</request></r>",
        "utf-8",
    )
    posts, _ = read(path)
    assert [post.text for post in posts] == ["停水了"]


def test_a_mapping_names_the_columns(tmp_path: Path) -> None:
    path = write_csv(tmp_path, [("序", "诉 求", "何时"), ("1", "停水了", "2026-11-01")])
    (tmp_path / "mapping.yaml").write_text("id: 序\ntext: 诉求\nasked_at: 何时\n", "utf-8")
    (post,), _ = read(path, mapping=load_mapping(tmp_path / "mapping.yaml"))
    assert (post.native_id, post.text) == ("1", "停水了")
    with pytest.raises(ConfigurationError, match=r'field "txt" is unknown .did you mean "text"'):
        describe_export(path, mapping={"txt": "诉求"})
    with pytest.raises(ConfigurationError, match=r'no column "何日" for asked_at .did you mean "何时"'):
        describe_export(path, mapping={"text": "诉求", "asked_at": "何日"})


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", "编号,标题,状态\n1,停水,已办\n".encode(), r"no column for text .*it has: 编号, 标题, 状态"),
        (
            "a.csv",
            "内容,标题,联系电话\n停水了,停水,139\n".encode(),
            r"no column for asked_at .*it has: 内容, 标题 ",
        ),
        ("a.csv", "停水了,张三丰\n停电了,李四\n".encode(), "no header row in its first 20 rows"),
        ("a.csv", b"\x00\x01\x02\x03" * 50, "is no text|no header row"),
        ("a.xlsx", b"PK\x03\x04 broken", "is a broken Excel workbook"),
        ("a.xlsx", "内容,时间\n".encode(), "is no Excel workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a broken or locked Excel workbook"),
        ("a.xls", b"<html><table>", "is a web page"),
        ("a.xml", b"<?xml version='1.0'?><rows><row/></rows>", "is XML without <request>"),
        ("a.xml", b"<service_requests><request><description>x", "breaks off after request 0"),
        ("a.json", b'[{"text": "x"}]', "no column for asked_at"),
        ("a.json", b'[{"text": "x"}, {"text', "breaks off after request 1"),
        ("a.jsonl", b'{"id": "1"}', "no column for text"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_at_once(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=says) as caught:
        read_export(path, source="hotline", channel=Channel.HOTLINE, now=NOW)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "张三丰" not in str(caught.value)


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


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        describe_export(tmp_path / "absent.csv")


MEASURE = """
import resource, sys
from pathlib import Path
from crawler.importing.tables import csv_rows, sheets, xlsx_rows
path = Path(sys.argv[1])
rows = csv_rows(path, encoding="utf-8", delimiter=",")
if path.suffix == ".xlsx":
    rows = xlsx_rows(path, sheets(path)[0])
next(rows)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for _ in rows)
print(count, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_hundred_thousand_rows_are_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("编号,内容,时间\n")
        file.writelines(f"{number},{'路灯坏了。' * 20},2026-11-01\n" for number in range(100_000))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    count, grown_mb = map(int, done.stdout.split())
    assert count == 100_000
    assert grown_mb < 10


@pytest.mark.shared
@pytest.mark.parametrize(("name", "rows"), [("messages_2017_2020", 4326), ("replies_open", 2010)])
def test_the_real_messages_import_as_they_are(name: str, rows: int) -> None:
    path = shared_file(f"messages/{name}.jsonl")
    description: ExportDescription = describe_export(path)
    assert {"id", "title", "text", "asked_at"} <= set(description.tables[0].columns.by_field)
    posts, rejected = read(path)
    assert (len(posts), rejected) == (rows, [])
    assert (sum(len(post.replies) for post in posts) == rows) is (name == "replies_open")
    assert (sum(post.votes_up for post in posts) > 0) is (name == "messages_2017_2020")
