"""Models side by side: one is in use, what is damaged is passed over, and one can go back."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nlp.analyser import Analyser
from nlp.live_analyser import LiveAnalyser
from nlp.model import Model
from nlp.model_files import SHIPPED, load_model, save_model
from nlp.model_shelf import SHIPPED_VERSION, ModelKind, ModelShelf
from records.errors import ConfigurationError
from tests.nlp.messages import message

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SHIPPED_MODEL = Model.load(SHIPPED).version


def _variant(folder: Path, threshold: float) -> Path:
    """Make a model that is the shipped one but for a threshold."""
    head, arrays = load_model(SHIPPED)
    kept = {key: head[key] for key in ("name", "topics", "intents")}
    save_model(folder, {**kept, "topics": {**head["topics"], "threshold": threshold}}, arrays)
    (folder / "card.json").write_text('{"rows": 7}', encoding="utf-8")
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    return ModelShelf(tmp_path / "models")


@pytest.fixture
def versions(shelf: ModelShelf, tmp_path: Path) -> list[str]:
    return [
        shelf.put(ModelKind.TOPICS, _variant(tmp_path / f"made{at}", 0.3 + at / 10), now=NOW + timedelta(at))
        for at in range(2)
    ]


def _in_use(shelf: ModelShelf) -> str:
    return shelf.load(ModelKind.TOPICS, Model.load).version


def test_an_empty_shelf_and_none_at_all_give_the_shipped_models(shelf: ModelShelf) -> None:
    for empty in (shelf, ModelShelf(None)):
        assert _in_use(empty) == SHIPPED_MODEL
        assert empty.models()[0].version == SHIPPED_MODEL
        assert all(model.is_live for model in empty.models())
        assert empty.faults() == []


def test_a_candidate_is_not_in_use_until_it_is_promoted(shelf: ModelShelf, versions: list[str]) -> None:
    assert _in_use(shelf) == SHIPPED_MODEL
    shelf.promote(shelf.get(versions[0]), now=NOW)
    assert _in_use(shelf) == versions[0]
    shelf.promote(shelf.get(versions[1][:-3]), now=NOW)
    assert _in_use(shelf) == versions[1]
    found = [model for model in shelf.models() if model.kind is ModelKind.TOPICS]
    assert [model.version for model in found] == [SHIPPED_MODEL, *versions]
    assert [model.is_live for model in found] == [False, False, True]
    assert [model.is_shipped for model in found] == [True, False, False]
    assert [model.trained_at for model in found] == [None, NOW, NOW + timedelta(1)]
    assert found[1].card == {"rows": 7}


def test_one_rolls_back_step_by_step_down_to_the_shipped_one(shelf: ModelShelf, versions: list[str]) -> None:
    for version in (versions[0], SHIPPED_MODEL, versions[1], versions[1]):
        shelf.promote(shelf.get(version), now=NOW)
    back = [shelf.roll_back(ModelKind.TOPICS, now=NOW) for _ in range(3)]
    assert back == [SHIPPED_VERSION, versions[0], SHIPPED_VERSION]
    assert _in_use(shelf) == SHIPPED_MODEL
    with pytest.raises(ConfigurationError, match="none before it"):
        shelf.roll_back(ModelKind.TOPICS, now=NOW)


@pytest.mark.parametrize("damage", ["truncated", "newer", "gone"])
def test_a_damaged_model_gives_way_to_the_last_good_one(
    shelf: ModelShelf, versions: list[str], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    for version in versions:
        shelf.promote(shelf.get(version), now=NOW)
    for version, good in ((versions[1], versions[0]), (versions[0], SHIPPED_MODEL)):
        folder = shelf.get(version).folder
        head, weights = folder / "model.json", folder / "weights.npz"
        if damage == "truncated":
            weights.write_bytes(weights.read_bytes()[:-1])
        elif damage == "newer":
            head.write_bytes(head.read_bytes().replace(b'"format": 1', b'"format": 2'))
        else:
            head.unlink()
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert _in_use(shelf) == good
        assert all("\n" not in record.getMessage() for record in caplog.records)
        assert str(folder) in caplog.records[-1].getMessage()
    assert len(shelf.faults()) == 1
    with pytest.raises(ConfigurationError, match=versions[1]):
        shelf.get(versions[1])


def test_a_damaged_model_is_put_back_by_training_it_again(
    shelf: ModelShelf, versions: list[str], tmp_path: Path
) -> None:
    shelf.promote(shelf.get(versions[0]), now=NOW)
    weights = shelf.get(versions[0]).folder / "weights.npz"
    weights.write_bytes(b"")
    assert _in_use(shelf) == SHIPPED_MODEL
    shelf.put(ModelKind.TOPICS, tmp_path / "made0", now=NOW)
    assert _in_use(shelf) == versions[0]


def test_a_model_that_is_half_written_is_none(shelf: ModelShelf, versions: list[str]) -> None:
    assert shelf.folder is not None
    (shelf.folder / "topics" / versions[0] / "model.json").unlink()
    assert [model.version for model in shelf.models() if not model.is_shipped] == [versions[1]]


def test_the_model_of_an_earlier_layout_stays_in_use_and_can_be_gone_back_to(
    shelf: ModelShelf, tmp_path: Path
) -> None:
    assert shelf.folder is not None
    old = Model.load(_variant(shelf.folder, 0.2)).version
    assert _in_use(shelf) == old
    assert [model.version for model in shelf.models() if model.is_live and not model.is_shipped] == [old]
    new = shelf.put(ModelKind.TOPICS, _variant(tmp_path / "made", 0.3), now=NOW)
    assert _in_use(shelf) == old
    shelf.promote(shelf.get(new), now=NOW)
    assert _in_use(shelf) == new
    assert sorted(path.name for path in shelf.folder.iterdir()) == ["topics"]
    assert shelf.roll_back(ModelKind.TOPICS, now=NOW) == old
    assert _in_use(shelf) == old


def test_a_damaged_model_of_an_earlier_layout_gives_way_to_the_shipped_one(shelf: ModelShelf) -> None:
    assert shelf.folder is not None
    _variant(shelf.folder, 0.2)
    (shelf.folder / "model.json").write_text("{", encoding="utf-8")
    assert _in_use(shelf) == SHIPPED_MODEL
    assert "not JSON" in shelf.faults()[0]


def test_a_model_of_another_kind_is_refused_and_passed_over(shelf: ModelShelf, versions: list[str]) -> None:
    with pytest.raises(ConfigurationError, match='of kind "readings", here belongs one of kind "linear"'):
        shelf.put(ModelKind.TOPICS, ModelKind.READINGS.shipped, now=NOW)
    promoted = shelf.get(versions[0])
    shelf.promote(promoted, now=NOW)
    for name in ("weights.npz", "model.json"):
        (promoted.folder / name).write_bytes((ModelKind.READINGS.shipped / name).read_bytes())
    assert _in_use(shelf) == SHIPPED_MODEL
    assert 'of kind "readings"' in shelf.faults()[0]


def test_names_that_are_not_of_one_model_are_refused(shelf: ModelShelf, versions: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="3 models are called so"):
        shelf.get("linear")
    with pytest.raises(ConfigurationError, match="did you mean"):
        shelf.get(versions[0].replace("linear-", "linaer-"))


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}', '{"format": 99, "versions": []}'])
def test_a_damaged_or_newer_record_of_promotions_is_refused(shelf: ModelShelf, content: str) -> None:
    assert shelf.folder is not None
    (shelf.folder / "topics").mkdir(parents=True)
    (shelf.folder / "topics" / "promoted.json").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"topics/promoted\.json") as refused:
        _in_use(shelf)
    assert "\n" not in str(refused.value)


def test_who_runs_for_long_notices_a_promotion(shelf: ModelShelf, versions: list[str]) -> None:
    assert shelf.folder is not None
    live = LiveAnalyser(shelf.folder)
    before = live.model_version
    assert before == Analyser.load().model_version == live.model_version
    shelf.promote(shelf.get(versions[0]), now=NOW)
    assert live.model_version.startswith(versions[0])
    assert live.analyse([message("停水三天")])[0].model_version == live.model_version != before
    shelf.roll_back(ModelKind.TOPICS, now=NOW)
    assert live.model_version == before


def test_every_kind_with_a_shipped_model_ships_it_whole() -> None:
    shipped = [model for model in ModelShelf(None).models() if model.is_shipped]
    assert {model.kind for model in shipped} >= {ModelKind.TOPICS, ModelKind.REPLIES, ModelKind.MATTER}
    assert [model.fault for model in shipped if model.fault] == []
    assert json.loads((SHIPPED / "floors.json").read_text(encoding="utf-8"))["topics"]
