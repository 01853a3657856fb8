"""`huiying label`: keys in, labels kept, and training with them."""

from __future__ import annotations

import hashlib
import json
import stat
from pathlib import Path

import pytest

from tests.app.conftest import Huiying

TEXTS = ("滨河路从昨天早上开始停水,没人通知", "望山路的路灯坏了一个月", "星河小学暑假强制补课收费")


@pytest.fixture
def town(huiying: Huiying, tmp_path: Path) -> Huiying:
    """An installation with three messages about three things."""
    rows = [{"id": str(at), "text": text, "asked_at": f"2026/3/{at + 1}"} for at, text in enumerate(TEXTS)]
    path = tmp_path / "town.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    assert huiying("import", path).code == 0
    return huiying


def _exported(huiying: Huiying, tmp_path: Path) -> list[dict[str, object]]:
    path = tmp_path / "labels.jsonl"
    assert huiying("label", "--export", path).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_keys_choose_accept_skip_and_quit(town: Huiying, tmp_path: Path) -> None:
    assert _exported(town, tmp_path) == []
    first = town("label", stdin="x3\nq")  # x is no key: asked again
    assert (first.code, "这次标了 2 条，共有标注 2 个" in first.err) == (0, True)
    assert sum(text in first.out for text in TEXTS) == 3
    rows = _exported(town, tmp_path)
    assert len(rows) == 2
    assert {"卫生计生", "商贸旅游", "劳动和社会保障"} & {str(row["topic"]) for row in rows}
    assert all(len(str(row["sha1"])) == 40 for row in rows)
    rest = town("label", stdin="s")  # the third is left, and then nothing is
    assert "这次标了 0 条，共有标注 2 个" in rest.err
    assert sum(text in rest.out for text in TEXTS) == 1
    assert "这次标了 1 条，共有标注 3 个" in town("label", stdin="\n").err
    assert "──" not in town("label", stdin="\n").out


def test_other_fields_are_asked_of_the_same_message(town: Huiying, tmp_path: Path) -> None:
    fields = ("--field", "intent", "--field", "dissatisfaction", "--field", "urgency")
    done = town("label", *fields, stdin="2s1" + "s" + "43")
    assert "这次标了 1 条，共有标注 2 个" in done.err, "the last was broken off before its end"
    [row] = _exported(town, tmp_path)
    assert (row["intent"], row["urgency"], "dissatisfaction" in row) == ("投诉", 1, False)


def test_text_is_shown_as_stored_and_cannot_steer_the_terminal(huiying: Huiying, tmp_path: Path) -> None:
    row = {"id": "1", "text": "停水\u001b[2J,电话13912345678", "asked_at": "2026/3/1"}
    path = tmp_path / "town.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    huiying("import", path)
    shown = huiying("label", stdin="q").out
    assert "停水" in shown
    assert "\u001b" not in shown
    assert "13912345678" not in shown


def test_what_people_labelled_goes_into_training(town: Huiying, tmp_path: Path) -> None:
    words = {"城乡建设": "路灯坏了", "环境保护": "噪音扰民"}
    path = tmp_path / "rows.jsonl"
    path.write_text(
        "".join(
            json.dumps({"text": f"{words[topic]}第{at}次", "topic": topic}) + "\n"
            for at in range(30)
            for topic in words
        ),
        encoding="utf-8",
    )
    arguments = ("train", "topics", path, "--format", "json")
    alone = json.loads(town(*arguments).out)
    assert json.loads(town(*arguments, "--with-labels").out)["version"] == alone["version"], "no labels yet"
    town("label", stdin="555")
    more = json.loads(town(*arguments, "--with-labels").out)
    assert more["rows"] == alone["rows"] + 3
    assert more["data_sha256"] != alone["data_sha256"]
    refused = town("train", "matter", path, "--with-labels")
    assert (refused.code, "adds to topics and readings only" in refused.err) == (2, True)


def test_readings_that_people_labelled_go_into_training(town: Huiying, tmp_path: Path) -> None:
    facts = (
        ("投诉", "半夜施工吵得睡不着"),
        ("咨询", "请问医保卡怎么补办"),
        ("求助", "路灯不亮请修"),
        ("建言", "建议增加班次"),
    )
    rows = []
    for at in range(60):
        intent, text = facts[at % 4]
        text = f"{text}，第{at}号小区"
        sha1 = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        levels = {"dissatisfaction": at % 2, "urgency": 0, "reasons": []}
        rows += [{"id": str(at), "sha1": sha1, "text": text, "intent": intent, **levels}] * 2
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = ("train", "readings", path, "--format", "json")
    alone = json.loads(town(*arguments).out)
    town("label", "--field", "intent", "--field", "urgency", stdin="21" + "2s" + "q")
    more = json.loads(town(*arguments, "--with-labels").out)
    assert (alone["rows"], more["rows"]) == (60, 62)
    assert more["version"] != alone["version"]
    assert more["data_sha256"] != alone["data_sha256"]
    assert more["readings"]["read_twice"] == 60
    assert town("label", "--export", path).code == 0
    assert (
        "0 messages were labelled by two people" in town(*arguments).err or "too few" in town(*arguments).err
    )
