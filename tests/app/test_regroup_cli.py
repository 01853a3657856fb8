"""Splitting, merging and the words of these days, on the command line."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from tests.app.conftest import Huiying
from tests.app.test_cli import write_jsonl

HOLES = ("槐荫路路面有大坑，电动车经过很危险，请修补。", "请修补槐荫路的路面，坑太大，车辆颠簸。")


@pytest.fixture
def problems(huiying: Huiying, tmp_path: Path) -> list[str]:
    """The ids of two problems: a hole that two report, and a cut of water that eighteen do."""
    texts = [*HOLES, *[f"青禾里小区又停水了，第{n}天没有水用。" for n in range(18)]]
    rows = [{"id": str(n), "text": text, "asked_at": f"2026/3/{n + 1}"} for n, text in enumerate(texts)]
    huiying("import", write_jsonl(tmp_path / "town.jsonl", rows))
    found = huiying("problems", "list", "--format", "jsonl").rows
    return [next(row["id"] for row in found if f"town/{n}" in row["post_ids"]) for n in (0, 2)]


def test_problems_are_split_merged_and_put_back(huiying: Huiying, problems: list[str]) -> None:
    hole, water = problems
    assert f"已从问题 {hole} 拆出 1 条" in huiying("problems", "split", "town/1").err
    assert huiying("problems", "merge", hole, water).code == 0
    pairs = huiying("problems", "decisions", "--export").rows
    assert pairs[0] | {"decided_at": ""} == {
        "one": "town/0", "other": "town/1", "is_same": False, "decided_at": "",
    }  # fmt: skip
    assert {(pair["one"], pair["is_same"]) for pair in pairs[1:]} == {("town/0", True)}
    listed = huiying("problems", "decisions", "--format", "jsonl").rows
    assert [row["kind"] for row in listed] == ["split", "merge"]
    assert "人工决定" in huiying("why", "town/1").out
    refused = huiying("problems", "undo", "1")
    assert (refused.code, "undo that first" in refused.err) == (1, True)
    assert [huiying("problems", "undo", number).code for number in ("2", "1")] == [0, 0]
    assert huiying("problems", "decisions", "--export").rows == []


def test_what_cannot_be_decided_is_one_line(huiying: Huiying, problems: list[str]) -> None:
    for arguments in (
        ("split", "town/99"), ("merge", "pnone", "pother"), ("undo", "7"), ("split", "town/0", "town/3")
    ):  # fmt: skip
        ended = huiying("problems", *arguments)
        assert ended.code == 1
        assert re.fullmatch(r"huiying: [^\n]+\n", ended.err)


SENTENCES = [
    f"{where}{what}" for where in ("公交站旁", "菜市场外", "河边步道", "中学门口", "医院后面", "桥下")
    for what in ("路灯坏了没人修", "垃圾堆了几天", "树枝挡住人行道", "井盖松动危险", "护栏断了", "有人摔倒")
]  # fmt: skip


def test_words_that_rise_and_new_words_are_listed_with_counts(huiying: Huiying, tmp_path: Path) -> None:
    draw = Random(1)
    days = [date(2026, 1, 10) + timedelta(days=n % 58) for n in range(80)] + [date(2026, 3, 12)] * 13
    texts = ["，".join(draw.sample(SENTENCES, 8)) for _ in days]
    usual, late = texts[:80], [f"{draw.choice(SENTENCES)}，璟樾台{text}，停电" for text in texts[80:92]]
    rows = [
        {"id": str(n), "title": f"第{n}件", "text": text, "asked_at": str(day)}
        for n, (day, text) in enumerate(zip(days, [*usual, *late, late[0]], strict=True))
    ]
    huiying("import", write_jsonl(tmp_path / "town.jsonl", rows))
    at = ("--now", "2026-03-15T00:00", "--format", "jsonl")
    found = huiying("bursts", *at).rows[0]
    assert (found["word"], found["count"], found["before"]) == ("停电", 12, 0)
    [new] = huiying("new-words", "--days", "90", *at).rows
    assert (new["word"], new["count"], new["example"]) == ("璟樾台", 12, "第80件")
    assert huiying("bursts", "--now", "2025-01-01T00:00").out == ""
