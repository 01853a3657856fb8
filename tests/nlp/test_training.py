"""A model on disk: the same data gives the same bytes; what cannot be used is refused in one line."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from nlp.analyser import Analyser
from nlp.model import Model
from nlp.model_files import SHIPPED, load_model, save_model
from nlp.training import train
from records.errors import ConfigurationError
from tests.nlp.messages import message

_SUBJECTS = {
    "水": ("自来水", "停水", "水压", "水表", "供水公司", "水管"),
    "路": ("马路", "路灯", "人行道", "坑洼", "修路", "红绿灯"),
    "校": ("学校", "老师", "补课", "学费", "入学", "幼儿园"),
}


def _rows(n: int) -> list[dict[str, str]]:
    draw = random.Random(4)
    rows = []
    for at in range(n):
        topic = sorted(_SUBJECTS)[at % len(_SUBJECTS)]
        said = "和".join(draw.choices(_SUBJECTS[topic], k=4))
        verb = draw.choice(("投诉", "咨询", "请求解决", "建议"))
        rows.append({"title": f"{verb}{said[:4]}", "text": f"{said}的问题一直没有处理", "topic": topic})
    return rows


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in _rows(120)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model")
    train(data, out)
    return out


def test_the_same_data_gives_the_same_bytes(data: Path, trained: Path, tmp_path: Path) -> None:
    train(data, tmp_path)
    names = sorted(path.name for path in trained.iterdir())
    assert names == ["card.json", "card.md", "model.json", "weights.npz"]
    assert [(tmp_path / name).read_bytes() for name in names] == [
        (trained / name).read_bytes() for name in names
    ]


def test_a_trained_model_reads_messages_and_names_itself(trained: Path) -> None:
    analyser = Analyser.load(trained)
    found = analyser.analyse([message("我们这里停水,水管坏了,水压不足")])[0]
    assert found.topic_guess == "水"
    assert found.model_version == analyser.model_version != Analyser.load().model_version


def test_the_card_states_data_figures_and_limits(data: Path, trained: Path) -> None:
    card = json.loads((trained / "card.json").read_text(encoding="utf-8"))
    assert card["rows"] == 120
    assert len(card["data_sha256"]) == 64
    assert 0 <= card["topics"]["macro_f1"] <= 1
    assert card["limits"]
    assert f"`{card['data_sha256']}`" in (trained / "card.md").read_text(encoding="utf-8")


def test_an_empty_folder_falls_back_to_the_shipped_model(tmp_path: Path) -> None:
    assert Analyser.load(tmp_path).model_version == Analyser.load().model_version


def test_another_threshold_is_another_version(trained: Path, tmp_path: Path) -> None:
    head, arrays = load_model(trained)
    kept = {key: head[key] for key in ("name", "topics", "intents")}
    kept["topics"] = {**kept["topics"], "threshold": 0.1}
    save_model(tmp_path, kept, arrays)
    assert Model.load(tmp_path).version != Model.load(trained).version


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        ("weights.npz", lambda raw: raw[:-100], "does not match the hash"),
        ("weights.npz", lambda raw: raw[:500] + b"x" + raw[501:], "does not match the hash"),
        ("model.json", lambda raw: raw.replace(b'"format": 1', b'"format": 99'), "newer than this huiying"),
        ("model.json", lambda raw: raw[: len(raw) // 2], "not JSON"),
        ("model.json", lambda raw: b"[]", "states no format"),
        ("model.json", lambda raw: raw.replace(b'"topics"', b'"themes"'), "is missing"),
    ],
)
def test_a_damaged_or_newer_model_is_refused_in_one_line(
    trained: Path, tmp_path: Path, file: str, change: object, told: str
) -> None:
    folder = shutil.copytree(trained, tmp_path / "model")
    assert callable(change)
    (folder / file).write_bytes(change((folder / file).read_bytes()))
    with pytest.raises(ConfigurationError, match=told) as refused:
        Analyser.load(folder)
    assert "\n" not in str(refused.value)


def test_a_model_without_its_weights_is_refused(trained: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "model.json", tmp_path)
    with pytest.raises(ConfigurationError, match=r"weights\.npz: No such file"):
        Analyser.load(tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{oops", "line 121"),
        ('{"text": "没有标签"}', "line 121"),
        ('{"text": 3, "topic": "水"}', "line 121"),
        ("[1]", "line 121"),
    ],
)
def test_a_broken_line_is_told_by_number(data: Path, tmp_path: Path, line: str, told: str) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text(data.read_text(encoding="utf-8") + "\n" + line, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        train(broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kept", [10, 0])
def test_too_little_data_is_refused(tmp_path: Path, kept: int) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(json.dumps(row) for row in _rows(kept)), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="too few"):
        train(few, tmp_path / "out")


def test_one_class_and_no_file_are_refused(tmp_path: Path) -> None:
    one = tmp_path / "one.jsonl"
    one.write_text("\n".join(json.dumps({**row, "topic": "水"}) for row in _rows(90)), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="too few"):
        train(one, tmp_path / "out")
    with pytest.raises(ConfigurationError, match="No such file"):
        train(tmp_path / "absent.jsonl", tmp_path / "out")


def test_the_shipped_model_is_small_and_has_its_card() -> None:
    files = [SHIPPED / name for name in ("model.json", "weights.npz", "card.json", "card.md")]
    assert sum(path.stat().st_size for path in files) < 10_000_000
    assert json.loads(files[2].read_text(encoding="utf-8"))["version"] == Model.load(SHIPPED).version
