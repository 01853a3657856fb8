"""Training, comparing, promoting and rolling back by the command line."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nlp import readings
from nlp.floors import read_floors, shortfalls
from nlp.model_files import SHIPPED, load_model, save_model
from nlp.model_shelf import ModelKind, ModelShelf
from tests.app.conftest import Huiying, Result

_SUBJECTS = {
    "水": ("自来水", "停水", "水压", "水表", "供水公司", "水管"),
    "路": ("马路", "路灯", "人行道", "坑洼", "修路", "红绿灯"),
    "校": ("学校", "老师", "补课", "学费", "入学", "幼儿园"),
}
MESSAGE = {"id": "1", "title": "停水", "text": "滨河路停水，自来水公司说水管坏了。", "asked_at": "2026/3/1"}


def _labelled(path: Path, *, seed: int = 4, rows: int = 90) -> Path:
    draw = random.Random(seed)
    labelled = []
    for at in range(rows):
        topic = sorted(_SUBJECTS)[at % len(_SUBJECTS)]
        text = "和".join(draw.choices(_SUBJECTS[topic], k=4)) + "的问题没有处理"
        labelled.append({"text": text, "topic": topic, "title": draw.choice(("投诉", "咨询", "建议"))})
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in labelled), encoding="utf-8")
    return path


def _models(huiying: Huiying) -> list[dict[str, object]]:
    return [row for row in huiying("models", "list", "--format", "jsonl").rows if row["kind"] == "topics"]


def _trained(huiying: Huiying, *words: str | Path) -> str:
    return str(json.loads(huiying("train", *words, "--format", "json").out)["version"])


def _model_of(result: Result) -> str:
    [row] = result.rows
    return str(row["model_version"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return _labelled(tmp_path / "rows.jsonl")


def test_a_candidate_is_trained_compared_promoted_and_rolled_back(
    huiying: Huiying, data: Path, tmp_path: Path
) -> None:
    message = tmp_path / "town.jsonl"
    message.write_text(json.dumps(MESSAGE), encoding="utf-8")
    huiying("import", message)
    shipped = _models(huiying)[0]["version"]
    first = _trained(huiying, data)
    assert [(row["version"], row["live"]) for row in _models(huiying)] == [(shipped, True), (first, False)]
    assert _trained(huiying, "topics", data) == first, "the same data, the same model"
    second = _trained(huiying, _labelled(tmp_path / "more.jsonl", seed=5))

    compared = huiying("models", "compare", first, str(shipped), data, "--format", "jsonl")
    [macro_f1] = [row for row in compared.rows if row["figure"] == "macro_f1"]
    assert macro_f1[first] == 1.0 > macro_f1[str(shipped)]
    assert "90 条里判断不同的 75 条" in compared.err
    by_card = huiying("models", "compare", first, second, "--format", "jsonl")
    assert "topics.macro_f1" in {row["figure"] for row in by_card.rows}

    assert huiying("models", "promote", second).code == 0
    assert _model_of(huiying("analyse", message)).startswith(second)
    huiying("import", message)
    assert second in huiying("why", "town/1").out
    assert huiying("models", "rollback").code == 0
    assert _model_of(huiying("analyse", message)).startswith(str(shipped))
    again = huiying("models", "rollback")
    assert (again.code, "none before it" in again.err) == (2, True)


def test_a_model_under_the_floors_is_promoted_by_force_only(huiying: Huiying, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in _labelled(tmp_path / "rows.jsonl").read_text().splitlines()]
    topics = [row["topic"] for row in rows]
    random.Random(1).shuffle(topics)
    noise = tmp_path / "noise.jsonl"
    noise.write_text(
        "".join(json.dumps({**row, "topic": t}) + "\n" for row, t in zip(rows, topics, strict=True))
    )
    version = _trained(huiying, noise)
    refused = huiying("models", "promote", version)
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "topics.macro_f1" in refused.err
    assert "under its floor of" in refused.err
    assert [row["live"] for row in _models(huiying)] == [True, False]
    assert huiying("models", "promote", version, "--force").code == 0
    assert [row["live"] for row in _models(huiying)] == [False, True]


@pytest.mark.parametrize("low", [None, "intent", "dissatisfaction", "urgency"])
def test_readings_under_a_floor_are_not_promoted(huiying: Huiying, tmp_path: Path, low: str | None) -> None:
    head, arrays = load_model(readings.FOLDER)
    made = tmp_path / "made"
    kept = {key: head[key] for key in ("name", "kinds", "floors", "intents")}
    save_model(made, {**kept, "cuts": [cut + 0.01 for cut in head["cuts"]]}, arrays)
    card = json.loads((readings.FOLDER / "card.json").read_text(encoding="utf-8"))
    if low is not None:
        card["readings"][low]["kappa"] = 0.3
    (made / "card.json").write_text(json.dumps(card), encoding="utf-8")
    shelf = ModelShelf(tmp_path / "data" / "models")
    version = shelf.put(ModelKind.READINGS, made, now=datetime(2026, 3, 1, tzinfo=UTC))
    promoted = huiying("models", "promote", version)
    assert promoted.code == (0 if low is None else 2)
    if low is not None:
        assert f"readings.{low}.kappa 0.3 is under its floor of" in promoted.err
        assert promoted.err.count("\n") == 1
    live = shelf.live(ModelKind.READINGS)
    assert live is not None
    assert (live.version == version) is (low is None)


def test_the_shipped_models_keep_the_floors_that_ship_with_them() -> None:
    floors = read_floors(SHIPPED / "floors.json")
    measured = [model for model in ModelShelf(None).models() if model.kind.value in floors]
    assert {model.kind for model in measured} == {ModelKind.TOPICS, ModelKind.READINGS, ModelKind.REPLIES}
    for model in measured:
        assert shortfalls(model.card, floors[model.kind.value]) == []


def test_an_installation_may_have_floors_of_its_own(huiying: Huiying, data: Path, tmp_path: Path) -> None:
    version = _trained(huiying, data)
    floors = tmp_path / "data" / "models" / "floors.json"
    floors.write_text('{"topics": {"rows": 1000}}', encoding="utf-8")
    assert "rows 90 is under its floor of 1000" in huiying("models", "promote", version).err
    floors.write_text('{"topics": {"topics": {"macro_f2": 1}}}', encoding="utf-8")
    assert 'did you mean "topics.macro_f1"' in huiying("models", "promote", version).err


def test_a_damaged_model_is_told_by_doctor_and_the_one_before_is_used(
    huiying: Huiying, data: Path, tmp_path: Path
) -> None:
    version = _trained(huiying, data)
    huiying("models", "promote", version)
    weights = tmp_path / "data" / "models" / "topics" / version / "weights.npz"
    weights.write_bytes(weights.read_bytes()[:100])
    checked = {row["check"]: row for row in huiying("doctor", "--format", "jsonl").rows}
    assert checked["models"]["health"] == "warning"
    assert str(weights) in checked["models"]["detail"]
    assert "does not match the hash" in str(_models(huiying)[1]["figures"])


def test_evaluation_tells_that_the_model_learnt_from_the_file(
    huiying: Huiying, data: Path, tmp_path: Path
) -> None:
    unseen = _labelled(tmp_path / "unseen.jsonl", seed=6)
    also = _labelled(tmp_path / "also.jsonl", seed=7)
    huiying("models", "promote", _trained(huiying, "topics", data, also))
    for file, told in ((data, True), (also, True), (unseen, False)):
        measured = huiying("evaluate", "topics", file)
        assert (measured.code, "学过这个文件" in measured.err) == (0, told)


def test_evaluation_fails_under_a_floor(huiying: Huiying, data: Path, tmp_path: Path) -> None:
    floors = tmp_path / "floors.json"
    floors.write_text('{"topics": {"rows": 90}}', encoding="utf-8")
    met = huiying("evaluate", "topics", data, "--floors", floors)
    assert (met.code, met.err) == (0, "")
    floors.write_text('{"topics": {"macro_f1": 0.9, "ece_at_most": 0.0}}', encoding="utf-8")
    missed = huiying("evaluate", "topics", data, "--floors", floors, "--format", "json")
    assert missed.code == 1
    assert "macro_f1 0.0 is under its floor of 0.9; ece" in missed.err
    assert json.loads(missed.out)["rows"] == 90


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "not JSON"),
        ("[]", "not sections"),
        ('{"replies": {}}', 'no section "rows.jsonl" and none "topics"'),
        ('{"rows.jsonl": {"sha256": "00"}}', "hold for other data"),
        ('{"topics": {"macro_f": 1}}', 'did you mean "macro_f1"'),
    ],
)
def test_floors_that_cannot_be_used_are_refused(
    huiying: Huiying, data: Path, tmp_path: Path, content: str, told: str
) -> None:
    floors = tmp_path / "floors.json"
    floors.write_text(content, encoding="utf-8")
    refused = huiying("evaluate", "topics", data, "--floors", floors)
    assert (refused.code, told in refused.err, refused.err.count("\n")) == (2, True, 1)


def test_what_cannot_be_trained_or_compared_is_refused_in_one_line(huiying: Huiying, data: Path) -> None:
    shipped = {
        row["kind"]: str(row["version"]) for row in huiying("models", "list", "--format", "jsonl").rows
    }
    version, matter = shipped["topics"], shipped["matter"]
    for arguments, told in (
        (("train", "topcis", data), 'did you mean "topics"'),
        (("train", "replies", data), 'line 1: "reply" is missing'),
        (("train", "replies", data, data), "2 files, it takes one"),
        (("train", "topics", data, "absent.jsonl"), 'file "absent.jsonl": not found'),
        (("models", "compare", version, matter), "cannot be compared"),
        (("models", "compare", version, "linear-x"), "no such model"),
        (("models", "compare", matter, matter, data), "by their cards only"),
    ):
        refused = huiying(*map(str, arguments))
        assert (refused.code, told in refused.err, refused.err.count("\n")) == (2, True, 1), refused.err


def test_replies_that_the_model_learnt_from_are_measured_by_others(huiying: Huiying, tmp_path: Path) -> None:
    asked = "2026-03-01 08:00"
    rows = [
        {
            "text": f"{what}第{at}号坏了",
            "reply": f"{what}第{at}号已修复",
            "asked_at": asked,
            "replied_at": asked,
        }
        for at in range(10)
        for what in ("路灯", "电梯", "井盖")
    ]
    seen, unseen = tmp_path / "seen.jsonl", tmp_path / "unseen.jsonl"
    seen.write_text("".join(json.dumps(row) + "\n" for row in rows * 2), encoding="utf-8")
    unseen.write_text("".join(json.dumps(row) + "\n" for row in rows[:7]), encoding="utf-8")
    version = _trained(huiying, "replies", seen)
    assert huiying("models", "promote", version, "--force").code == 0
    own = huiying("evaluate", "replies", seen, "--format", "json")
    assert "在用的模型学过这个文件" in own.err
    assert (json.loads(own.out)["rows"], json.loads(own.out)["candidates"]) == (60, 20)
    other = huiying("evaluate", "replies", unseen, "--format", "json")
    assert (other.err, json.loads(other.out)["rows"]) == ("", 7)
    assert "candidates" not in json.loads(other.out)


def test_own_topics_stand_in_the_register_and_beside_the_seven(huiying: Huiying, tmp_path: Path) -> None:
    ordinary = _labelled(tmp_path / "ordinary.jsonl", rows=240)
    own = tmp_path / "topics.yaml"
    examples = [f"老楼加装电梯的费用和审批第{at}次问" for at in range(6)]
    topic = {"name": "加装电梯", "definition": "老旧小区加装电梯的申请和费用。", "examples": examples}
    own.write_text(json.dumps({"topics": [topic]}, ensure_ascii=False), encoding="utf-8")
    message = tmp_path / "town.jsonl"
    message.write_text(json.dumps({**MESSAGE, "text": "老楼加装电梯的审批"}), encoding="utf-8")
    [before] = huiying("analyse", message).rows
    assert "200 at least" in huiying("train", "own", own).err, "nothing is stored here yet"
    version = _trained(huiying, "own", own, "--messages", ordinary)
    classes = [row for row in huiying("topics", "--format", "jsonl").rows if row["below"]]
    assert all(row["words"] > 0 for row in classes)
    assert len(huiying("topics", "--format", "jsonl").rows) == 7 + len(classes) == 38
    huiying("import", message)
    assert huiying("search", "own_topic:加装电梯", "--format", "jsonl").rows == []
    assert huiying("models", "promote", version).code == 0
    registered = huiying("topics", "--format", "jsonl").rows
    assert (len(registered), registered[-1]["definition"]) == (39, topic["definition"])
    [after] = huiying("analyse", message).rows
    assert (before["own_topics"], after["own_topics"]) == ([], ["加装电梯"])
    said = {"own_topics": before["own_topics"], "model_version": before["model_version"]}
    assert after["model_version"] == f"{before['model_version']}-{version}"
    assert {**after, **said} == before
    # What was stored before is read again with the next that comes in.
    other = tmp_path / "next.jsonl"
    other.write_text(json.dumps(MESSAGE), encoding="utf-8")
    huiying("import", other)
    [found] = huiying("search", "own_topic:加装电梯", "--format", "jsonl").rows
    assert (found["id"], found["own_topics"]) == ("town/1", ["加装电梯"])
    assert "加装电梯" in huiying("why", "town/1").out
    back = huiying("models", "rollback", "own")
    assert (back.code, "own 不再有在用的模型" in back.err) == (0, True)
    again = huiying("models", "rollback", "own")
    assert (again.code, "none is in use" in again.err) == (2, True)
    huiying("import", message)
    assert huiying("search", "_exists_:own_topic", "--format", "jsonl").rows == []
