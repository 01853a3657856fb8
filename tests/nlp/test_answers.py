"""Which reply answers which question."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nlp.answers import AnswerModel, fit_answers
from nlp.evaluation import evaluate_replies
from nlp.replies import MOST_ROWS, rank_questions
from records.errors import Rejected
from records.times import DEFAULT_ZONE, parse_time
from tests.shared_data import shared_file

FLOORS = json.loads((Path(__file__).parent / "floors.json").read_text(encoding="utf-8"))
QUESTIONS = ["菜市场污水横流", "小学什么时候报名", "公交车太少", "五一路路灯坏了"]
REPLIES = ["网友:您好!菜市场污水问题已处理。", "小学报名在六月。", "", "路灯已修复,五一路恢复照明。"]
UNDATED: list[datetime | None] = [None] * 4


def test_a_reply_finds_its_question_and_an_empty_one_none() -> None:
    ranks = rank_questions(QUESTIONS, REPLIES, asked=UNDATED, replied=UNDATED, model=AnswerModel.load())
    assert ranks.tolist() == [1, 1, 4, 1]


def test_of_two_that_say_the_same_the_one_asked_before_is_answered() -> None:
    asked = [datetime(2026, 3, day, tzinfo=DEFAULT_ZONE) for day in (1, 20)]
    ranks = rank_questions(
        ["路灯坏了", "路灯坏了"],
        ["路灯已修复"] * 2,
        asked=asked,
        replied=[day + timedelta(days=6) for day in asked],
        model=AnswerModel.load(),
    )
    assert ranks.tolist() == [1, 1]


def test_more_rows_than_can_be_compared_are_refused() -> None:
    many, none = ["水"] * (MOST_ROWS + 1), [None] * (MOST_ROWS + 1)
    with pytest.raises(Rejected, match="10001 replies: more than 10000"):
        rank_questions(many, many, asked=none, replied=none, model=AnswerModel.load())


@pytest.mark.shared
def test_replies_not_learnt_from_hold_their_floor(tmp_path: Path) -> None:
    text = shared_file("messages/replies_open.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    seen = [row for number, row in enumerate(rows) if number % 3]
    found = evaluate_replies(rows[::3], model=_fit(seen, tmp_path))
    assert found["mrr"] >= FLOORS["replies_open.jsonl"]["mrr_of_unseen_third"]


def test_the_same_data_gives_the_same_bytes(tmp_path: Path) -> None:
    asked = "2026-03-01 08:00"
    rows = [
        {
            "title": f"{what}坏了",
            "text": "请维修",
            "reply": f"{what}已修复",
            "asked_at": asked,
            "replied_at": asked,
        }
        for what in ("路灯", "电梯", "井盖") * 6
    ]
    assert _fit(rows, tmp_path / "one").version == _fit(rows, tmp_path / "two").version


def _fit(rows: Sequence[Mapping[str, Any]], folder: Path) -> AnswerModel:
    return fit_answers(
        [f"{row['title']}\n{row['text']}" for row in rows],
        [row["reply"] for row in rows],
        asked=[parse_time(row["asked_at"]) for row in rows],
        replied=[parse_time(row["replied_at"]) for row in rows],
        folder=folder,
    )
