"""Each kind of model is read from its own files only: what is no such model is refused in one line."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from nlp import answers, matter, model, own_topics, readings
from nlp.model_files import SHIPPED, save_model
from records.errors import ConfigurationError

FOLDERS: Mapping[str, Path] = {
    model.NAME: SHIPPED,
    matter.NAME: matter.FOLDER,
    answers.NAME: answers.FOLDER,
    readings.NAME: readings.FOLDER,
}
LOADS: Mapping[str, Callable[[Path], object]] = {
    model.NAME: model.Model.load,
    matter.NAME: matter.MatterModel.load,
    answers.NAME: answers.AnswerModel.load,
    readings.NAME: readings.ReadingsModel.load,
    own_topics.NAME: own_topics.OwnTopicsModel.load,
}


def _refused(name: str, folder: Path) -> str:
    with pytest.raises(ConfigurationError) as refused:
        LOADS[name](folder)
    assert "\n" not in str(refused.value)
    assert str(folder) in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("name", LOADS)
def test_a_model_of_another_kind_is_refused(name: str, tmp_path: Path) -> None:
    save_model(tmp_path, {"name": own_topics.NAME}, {})
    for other, folder in {**FOLDERS, own_topics.NAME: tmp_path}.items():
        if other != name:
            assert f'of kind "{other}", here belongs one of kind "{name}"' in _refused(name, folder)


@pytest.mark.parametrize("name", LOADS)
def test_a_model_without_its_parts_is_refused(name: str, tmp_path: Path) -> None:
    save_model(tmp_path, {"name": name}, {})
    assert "is missing (train it again)" in _refused(name, tmp_path)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_damaged_model_is_refused(name: str, tmp_path: Path) -> None:
    for file in ("model.json", "weights.npz"):
        shutil.copy(FOLDERS[name] / file, tmp_path / file)
    head, weights = tmp_path / "model.json", tmp_path / "weights.npz"
    content, whole = weights.read_bytes(), head.read_bytes()
    LOADS[name](tmp_path)
    for damaged in (content[: len(content) // 2], content[:99] + b"?" + content[100:], b""):
        weights.write_bytes(damaged)
        assert "does not match the hash" in _refused(name, tmp_path)
    weights.write_bytes(content)
    head.write_bytes(whole.replace(b'"format": 1', b'"format": 2'))
    assert "is newer than this huiying reads" in _refused(name, tmp_path)
    head.write_bytes(whole[: len(whole) // 2])
    assert "not JSON" in _refused(name, tmp_path)
    weights.unlink()
    head.write_bytes(whole)
    assert "No such file" in _refused(name, tmp_path)
