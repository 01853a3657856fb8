"""Finding at the command line: whole results as files, how a query is read, kept searches and their rules."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import pytest
from openpyxl import load_workbook

from alerts.rules import load_rules
from tests.app.conftest import Huiying

MESSAGES = [
    {
        "id": "1",
        "title": "滨河路停水",
        "text": "临江区滨河路从昨天早上开始停水。",
        "asked_at": "2026/3/1 8:30:00",
    },
    {
        "id": "2",
        "title": "=1+1又停水",
        "text": "滨河路停水两天了，希望尽快恢复供水。",
        "asked_at": "2026/3/1 9:00:00",
    },
    {
        "id": "3",
        "title": "望山路路灯不亮",
        "text": "望山路的路灯坏了一个月。",
        "asked_at": "2026/3/2 21:00:00",
    },
]


@pytest.fixture
def town(huiying: Huiying, tmp_path: Path) -> Huiying:
    file = tmp_path / "town.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in MESSAGES), encoding="utf-8")
    assert huiying("import", file).code == 0
    return huiying


def test_every_format_holds_the_whole_result(town: Huiying, tmp_path: Path) -> None:
    for name in ("found.csv", "found.xlsx", "found.jsonl"):
        result = town("search", "停水", "--file", tmp_path / name)
        assert (result.code, result.out) == (0, "")
        assert result.err.splitlines() == [f"已导出 2 条到 {tmp_path / name}"]
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO((tmp_path / "found.csv").read_text(encoding="utf-8-sig"))))
    assert [row["id"] for row in rows] == ["town/2", "town/1"]
    assert rows[0]["title"] == "'=1+1又停水"
    [sheet] = load_workbook(tmp_path / "found.xlsx").worksheets
    assert [row[0].value for row in sheet.rows] == ["id", "town/2", "town/1"]
    lines = (tmp_path / "found.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["=1+1又停水", "滨河路停水"]


def test_the_order_asked_for_holds_in_the_file(town: Huiying, tmp_path: Path) -> None:
    town("search", "", "--sort", "oldest", "--output", "jsonl", "--file", tmp_path / "all")
    lines = (tmp_path / "all").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["town/1", "town/2", "town/3"]


def test_a_file_that_cannot_be_written_is_one_line(
    huiying: Huiying, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for arguments, said in (
        (["--output", "csv"], "add --file PATH"),
        (["--file", "found.txt"], "add --output: csv, xlsx, jsonl"),
        (["--file", "no/such/folder/found.csv"], "name a file in a folder that can be written to"),
    ):
        result = huiying("search", "停水", *arguments)
        assert (result.code, len(result.err.splitlines())) == (2, 1)
        assert said in result.err
    assert not list((tmp_path / "here").iterdir())


def test_a_query_that_cannot_be_read_leaves_the_old_file_as_it_was(town: Huiying, tmp_path: Path) -> None:
    file = tmp_path / "found.csv"
    file.write_text("old")
    assert town("search", "((", "--file", file).code == 1
    assert file.read_text() == "old"
    assert not list(tmp_path.glob(".found.csv*"))


def test_explain_says_how_the_query_is_read(huiying: Huiying) -> None:
    result = huiying("search", "停水　NOT channel：news", "--explain")
    assert result.out.splitlines() == [
        "规整为：停水 NOT channel:news",
        "下面各条都要符合",
        "  文中有“停水”",
        "  去掉符合下面这条的",
        "    渠道是“新闻”",
    ]
    assert huiying("search", "((", "--explain").code == 1


def test_a_search_is_kept_listed_made_a_rule_of_and_deleted(town: Huiying, tmp_path: Path) -> None:
    kept = town("searches", "save", "停水", "停水 AND asked:P7D")
    assert (kept.code, kept.err.strip()) == (
        0,
        "已保存“停水”，订阅地址 http://127.0.0.1:8731/searches/%E5%81%9C%E6%B0%B4/feed.rss",
    )
    [row] = town("searches", "list", "--format", "jsonl").rows
    assert (row["name"], row["query"], row["sort"]) == ("停水", "停水 AND asked:P7D", "newest")
    wanted = ("searches", "to-rule", "停水", "--type", "frequency", "--timeframe", "7d", "--num-events", "2")
    draft = tmp_path / "停水.yaml"
    assert town(*wanted, "--draft", draft).err.strip().startswith(f"草稿已写入 {draft}")
    refused = town(*wanted, "--why", "新设")
    assert (refused.code, "not tried out on the past" in refused.err) == (1, True)
    assert town("rules", "backtest", draft, "--from", "2026-03-01", "--to", "2026-03-02").code == 0
    made = town(*wanted, "--why", "新设")
    assert made.err.startswith("规则“停水”第 1 版已生效（回看 2026-03-01 至 2026-03-02")
    assert "停水" in [rule.name for rule in load_rules(tmp_path / "data" / "rules").rules]
    assert town(*wanted, "--why", "新设", "--force").code == 1
    assert town("rules", "check").code == 0
    assert town("searches", "forget", "停水").code == 0
    assert town("searches", "list", "--format", "jsonl").rows == []


def test_what_cannot_be_done_is_one_line(huiying: Huiying) -> None:
    assert huiying("searches", "save", "全部", "").code == 0
    for arguments, code, said in (
        (["save", "停水", "(("], 1, "a bracket is not closed"),
        (["save", "a/b", "停水"], 1, 'name "a/b"'),
        (["save", "某人", "13912345678"], 1, "no personal detail"),
        (["save", "全部", "停水"], 1, 'saved search "全部": kept already'),
        (["forget", "没有"], 1, 'saved search "没有": not kept here'),
        (["to-rule", "没有"], 1, 'saved search "没有": not kept here'),
        (["to-rule", "全部"], 1, 'filter: "" matches everything'),
        (["to-rule", "全部", "--timeframe", "soon"], 2, "--timeframe: 'soon' is not a length of time"),
    ):
        result = huiying("searches", *arguments)
        assert (result.code, len(result.err.splitlines())) == (code, 1)
        assert said in result.err
