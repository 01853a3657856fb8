"""What evaluate gives, and the floors under which no figure may fall."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nlp.analyser import Analyser
from nlp.evaluation import evaluate_problems, evaluate_replies, evaluate_topics
from records.errors import Rejected
from records.post import Channel, Post
from records.times import parse_time
from tests.nlp.messages import ASKED_AT
from tests.shared_data import shared_file

HERE = Path(__file__).parent
FLOORS = json.loads((HERE / "floors.json").read_text(encoding="utf-8"))


def _corpus(name: str) -> list[dict[str, Any]]:
    path = shared_file(f"messages/{name}")
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == FLOORS[name]["sha256"], f"{name}: another corpus"
    return [json.loads(line) for line in content.decode().splitlines()]


def test_topics_of_invented_rows() -> None:
    rows = [
        {"text": "学校暑假强制补课并且收费", "topic": "教育文体"},
        {"text": "公司拖欠职工养老保险和工资", "topic": "劳动和社会保障", "title": "投诉公司"},
    ]
    found = evaluate_topics(rows)
    assert found["rows"] == 2
    assert found["macro_f1"] == 1.0
    assert set(found["per_class"]) == {"教育文体", "劳动和社会保障"}


def test_a_row_without_its_key_is_told_by_number() -> None:
    with pytest.raises(Rejected, match='row 2: "topic"'):
        evaluate_topics([{"text": "水", "topic": "环境保护"}, {"text": "路"}])
    with pytest.raises(Rejected, match='row 1: "reply"'):
        evaluate_replies([{"text": "水"}])
    assert evaluate_replies([])["mrr"] == 0.0


def test_problems_of_invented_rows() -> None:
    texts = ["星河小区二期停水三天", "星河小区二期已经停水三天了没人管", "青山路路灯全坏了"]
    messages = [
        {"id": str(at), "text": text, "asked_at": f"2026/3/{at + 1}"} for at, text in enumerate(texts)
    ]
    found = evaluate_problems(messages, [{"issue": "a", "ids": ["0", "1"]}, {"issue": "b", "ids": ["2"]}])
    assert found["messages"] == 3
    assert [issue["issue"] for issue in found["issues"]] == ["a", "b"]
    assert found["issues"][1]["best_f1"] == 1.0
    assert 0.6 < found["mean_f1"] <= 1.0


@pytest.mark.shared
def test_topics_hold_their_floors_with_60_percent_of_titles_dropped() -> None:
    floors = FLOORS["topics_dev.jsonl"]
    rows = _corpus("topics_dev.jsonl")
    dropped = np.random.default_rng(0).random(len(rows)) < 0.6
    found = evaluate_topics(
        [{**row, "title": "" if drop else row["title"]} for row, drop in zip(rows, dropped, strict=True)]
    )
    assert found["macro_f1"] >= floors["macro_f1"]
    assert found["macro_f1_at_90_coverage"] >= floors["macro_f1_at_90_coverage"]
    assert found["ece"] <= floors["ece_at_most"]


@pytest.mark.shared
def test_replies_hold_their_floor() -> None:
    rows = _corpus("replies_open.jsonl")
    found = evaluate_replies([{"text": row["text"], "reply": row["reply"]} for row in rows])
    assert found["mrr"] >= FLOORS["replies_open.jsonl"]["mrr"]


@pytest.mark.shared
def test_agreement_with_the_labels_holds_its_floors() -> None:
    known = {row["id"]: row for row in _corpus("messages_2017_2020.jsonl")}
    labels = [json.loads(line) for line in (HERE / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    for label in labels:
        digest = hashlib.sha1(known[label["id"]]["text"].encode(), usedforsecurity=False).hexdigest()
        assert digest == label["sha1"], label["id"]
    found = Analyser.load().analyse([_post(known[label["id"]]) for label in labels])
    levels = [sum(a.dissatisfaction >= edge for edge in (0.25, 0.5, 0.75)) for a in found]
    floors = FLOORS["messages_2017_2020.jsonl"]
    assert _kappa([la["dissatisfaction"] for la in labels], levels) >= floors["dissatisfaction_kappa"]
    assert _kappa([la["urgency"] for la in labels], [a.urgency for a in found]) >= floors["urgency_kappa"]
    right = [str(a.intent) == la["intent"] for a, la in zip(found, labels, strict=True)]
    assert np.mean(right) >= floors["intent_accuracy"]


def _kappa(people: Sequence[int], machine: Sequence[int]) -> float:
    """Return Cohen's kappa with quadratic weights for levels 0-3."""
    table = np.zeros((4, 4))
    np.add.at(table, (np.array(people), np.array(machine)), 1)
    chance = np.outer(table.sum(1), table.sum(0)) / table.sum()
    cost = (np.arange(4)[:, None] - np.arange(4)) ** 2
    return float(1 - (cost * table).sum() / (cost * chance).sum())


def _post(row: dict[str, Any]) -> Post:
    return Post(
        source="shared",
        channel=Channel.INBOX,
        native_id=row["id"],
        title=row["title"],
        text=row["text"],
        asked_at=parse_time(row["asked_at"]),
        fetched_at=ASKED_AT,
    )
