"""Which columns and rows an export has, whatever wrote it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from crawler.importers import ExportDescription, describe_export, read_export
from crawler.importing.columns import load_mapping
from records.errors import ConfigurationError
from records.post import Channel
from tests.crawler.crawling import NOW, ZONE
from tests.crawler.exports import HEADERS, ROW, read, write_csv
from tests.shared_data import shared_file


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


@pytest.mark.parametrize("delimiter", ["|", "，"])
def test_the_delimiter_is_the_one_that_gives_a_header(tmp_path: Path, delimiter: str) -> None:
    rows = [["湖区12345，热线;导出|表"], ("编号", "内容", "时间"), ("1", "停水了, 又停电", "2026-11-01")]
    path = write_csv(tmp_path, rows, delimiter=delimiter)
    assert describe_export(path).delimiter == delimiter
    (post,), rejected = read(path)
    assert (post.text, rejected) == ("停水了, 又停电", [])


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


def test_a_mapping_names_the_columns(tmp_path: Path) -> None:
    path = write_csv(tmp_path, [("序", "诉 求", "何时"), ("1", "停水了", "2026-11-01")])
    (tmp_path / "mapping.yaml").write_text("id: 序\ntext: 诉求\nasked_at: 何时\n", "utf-8")
    (post,), _ = read(path, mapping=load_mapping(tmp_path / "mapping.yaml"))
    assert (post.native_id, post.text) == ("1", "停水了")
    with pytest.raises(ConfigurationError, match=r'field "txt" is unknown .did you mean "text"'):
        describe_export(path, mapping={"txt": "诉求"})
    with pytest.raises(ConfigurationError, match=r'no column "何日" for asked_at .did you mean "何时"'):
        describe_export(path, mapping={"text": "诉求", "asked_at": "何日"})


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


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No such file"):
        describe_export(tmp_path / "absent.csv")


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
