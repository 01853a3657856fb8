"""The public register of what an installation looks for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from nlp.model_files import save_model
from nlp.model_shelf import ModelKind, ModelShelf
from nlp.register import registered_topics
from nlp.subtopics import SubtopicReader
from records.errors import ConfigurationError

NOW = datetime(2026, 3, 18, tzinfo=UTC)


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    return ModelShelf(tmp_path / "models")


def _promote(shelf: ModelShelf, kind: ModelKind, made: Path, head: dict[str, object]) -> str:
    save_model(made, {"name": kind.model_name, **head}, {"bias": np.zeros(1)})
    version = shelf.put(kind, made, now=NOW)
    shelf.promote(shelf.get(version), now=NOW)
    return version


def test_every_class_that_can_be_suggested_stands_below_its_topic(shelf: ModelShelf) -> None:
    topics = registered_topics(shelf)
    assert [(topic.name, name) for topic in topics for name in topic.below] == [
        *sorted(SubtopicReader.load().classes, key=lambda each: [t.name for t in topics].index(each.topic))
    ]
    estates = next(topic for topic in topics if topic.name == "城乡建设").below["住房保障与房地产"]
    assert estates.index("物业费") < estates.index("业主"), "the strong words first"


def test_own_topics_stand_last_with_their_definition(shelf: ModelShelf, tmp_path: Path) -> None:
    own = {"name": "加装电梯", "definition": "老旧小区加装电梯的申请和费用。"}
    version = _promote(shelf, ModelKind.OWN, tmp_path / "own", {"topics": [own]})
    *shipped, last = registered_topics(shelf)
    assert len(shipped) == 7
    assert (last.name, last.definition, last.model) == (own["name"], own["definition"], version)
    assert last.below == {}


def test_topics_of_a_model_of_its_own_get_the_classes_of_their_name(
    shelf: ModelShelf, tmp_path: Path
) -> None:
    _promote(shelf, ModelKind.TOPICS, tmp_path / "trained", {"topics": {"labels": ["星际航行", "环境保护"]}})
    space, environment = registered_topics(shelf)
    assert (space.name, space.below) == ("星际航行", {})
    assert list(environment.below) == ["环境污染"]


def test_a_damaged_model_is_not_registered(shelf: ModelShelf, tmp_path: Path) -> None:
    version = _promote(shelf, ModelKind.TOPICS, tmp_path / "trained", {"topics": {"labels": ["星际航行"]}})
    (tmp_path / "models" / "topics" / version / "weights.npz").write_bytes(b"")
    assert len(registered_topics(shelf)) == 7, "those of the model that is used in its place"
    (tmp_path / "models" / "topics" / "promoted.json").write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"promoted\.json: cannot be read"):
        registered_topics(shelf)
