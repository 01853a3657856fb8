"""Topics of an installation's own: learnt from a handful of examples, defined, and never about a person."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from nlp.live_analyser import LiveAnalyser
from nlp.model_shelf import ModelKind, ModelShelf
from nlp.own_topics import OwnTopicsModel
from nlp.own_topics_training import read_definitions, train_own
from nlp.reading import Reading
from records.errors import ConfigurationError
from tests.nlp.messages import ASKED_AT, message

_PARTS = {
    "加装电梯": (
        "老楼加装电梯",
        "电梯加装的费用",
        "单元楼装电梯",
        "加装电梯的审批",
        "加装电梯补贴",
        "六楼老人盼装电梯",
    ),
    "夜间噪音": (
        "夜里施工噪音",
        "半夜噪音扰民",
        "噪音吵得睡不着",
        "夜间渣土车噪音",
        "晚上广场舞噪音",
        "凌晨噪音",
    ),
}
_ORDINARY = (
    "停水",
    "路灯",
    "医保卡",
    "补课",
    "公交车",
    "垃圾",
    "社保",
    "物业费",
    "学位",
    "油烟",
    "井盖",
    "落户",
)


def _own(**changes: object) -> dict[str, object]:
    return {
        "name": "加装电梯",
        "definition": "老旧小区加装电梯的申请、费用和施工。",
        "examples": [f"{_PARTS['加装电梯'][at % 6]}怎么办第{at}次问" for at in range(8)],
        **changes,
    }


def _written(folder: Path, *topics: object) -> Path:
    path = folder / "topics.yaml"
    path.write_text(yaml.safe_dump({"topics": list(topics)}, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def ordinary() -> list[str]:
    draw = random.Random(3)
    return [f"{'和'.join(draw.sample(_ORDINARY, 3))}的问题怎么办第{at}次问" for at in range(300)]


def test_a_topic_is_learnt_from_a_handful_of_examples(tmp_path: Path, ordinary: list[str]) -> None:
    noise = _own(
        name="夜间噪音",
        definition="夜里十点以后的施工和娱乐噪音。",
        examples=[f"{_PARTS['夜间噪音'][at % 6]}怎么办第{at}次问" for at in range(6)],
    )
    data = _written(tmp_path, _own(), noise)
    cards = [train_own(data, tmp_path / name, ordinary=ordinary) for name in ("a", "b")]
    assert cards[0] == cards[1]
    assert (tmp_path / "a" / "weights.npz").read_bytes() == (tmp_path / "b" / "weights.npz").read_bytes()
    assert cards[0]["own"]["worst_found"] >= 0.6
    assert all(figures["flagged"] <= 0.02 for figures in cards[0]["own"]["per_class"].values())
    model = OwnTopicsModel.load(tmp_path / "a")
    assert model.definitions["夜间噪音"] == "夜里十点以后的施工和娱乐噪音。"
    asked = [
        "我们单元楼加装电梯的费用怎么算",
        "停水和路灯的问题",
        "凌晨噪音吵得睡不着，装电梯的审批也慢",
        "",
        "😀",
    ]
    found = model.decide([Reading.of(message(text)) for text in asked])
    assert found[:2] == [("加装电梯",), ()]
    assert "夜间噪音" in found[2]
    assert found[3:] == [(), ()]


def test_the_analyser_has_them_once_promoted_and_does_without_a_damaged_one(
    tmp_path: Path, ordinary: list[str]
) -> None:
    train_own(_written(tmp_path, _own()), tmp_path / "made", ordinary=ordinary)
    shelf = ModelShelf(tmp_path / "models")
    version = shelf.put(ModelKind.OWN, tmp_path / "made", now=ASKED_AT)
    live, posts = LiveAnalyser(tmp_path / "models"), [message("单元楼装电梯"), message("停水", number=2)]
    assert [found.own_topics for found in live.analyse(posts)] == [(), ()]
    shipped = live.model_version
    shelf.promote(shelf.get(version), now=ASKED_AT)
    assert [found.own_topics for found in live.analyse(posts)] == [("加装电梯",), ()]
    assert live.model_version == f"{shipped}-{version}"
    (tmp_path / "models" / "own" / version / "weights.npz").write_bytes(b"")
    assert LiveAnalyser(tmp_path / "models").model_version == shipped
    assert shelf.roll_back(ModelKind.OWN, now=ASKED_AT) is None, "this kind ships none"
    assert live.model_version == shipped


@pytest.mark.parametrize("stored", ["加装以后一楼的采光怎么算", "停水和物业费的问题，电梯也要装"])
def test_a_message_of_the_topic_among_the_ordinary_ones_is_found(
    tmp_path: Path, ordinary: list[str], stored: str
) -> None:
    train_own(_written(tmp_path, _own()), tmp_path, ordinary=[*ordinary, stored])
    model = OwnTopicsModel.load(tmp_path)
    assert model.decide([Reading.of(message(stored))]) == [("加装电梯",)]
    assert not any(model.decide([Reading.of(message(text)) for text in ordinary]))


def test_details_in_examples_are_masked_before_they_are_learnt(tmp_path: Path, ordinary: list[str]) -> None:
    seen: list[str] = []
    train_own(
        _written(tmp_path, _own()), tmp_path, ordinary=ordinary, mask=lambda text: seen.append(text) or text
    )
    assert len(seen) == 8


@pytest.mark.parametrize(
    ("topic", "told"),
    [
        (_own(name="李四"), '"李四" is the name of a person'),
        (_own(name="城乡建设"), '"城乡建设" is a topic already'),
        (_own(definition="电梯"), "topics.0.definition"),
        (_own(examples=["加装电梯"] * 4), "topics.0.examples"),
        (_own(colour="red"), "topics.0.colour"),
        ("加装电梯", "topics.0"),
    ],
)
def test_what_cannot_be_a_topic_is_refused(tmp_path: Path, topic: object, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as refused:
        read_definitions(_written(tmp_path, topic), trained=("城乡建设",))
    assert "\n" not in str(refused.value)


def test_two_of_one_name_no_yaml_and_too_few_messages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a topic already"):
        read_definitions(_written(tmp_path, _own(), _own()))
    with pytest.raises(ConfigurationError, match="3 ordinary messages"):
        train_own(_written(tmp_path, _own()), tmp_path / "out", ordinary=["停水"] * 3)
    for content in ("topics: [", "", "[]"):
        (tmp_path / "bad.yaml").write_text(content, encoding="utf-8")
        with pytest.raises(ConfigurationError, match=r"bad\.yaml") as refused:
            read_definitions(tmp_path / "bad.yaml")
        assert "\n" not in str(refused.value)
