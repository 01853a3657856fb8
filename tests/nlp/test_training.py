"""A model on disk: the same data gives the same bytes; what cannot be used is refused in one line."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from nlp.analyser import Analyser
from nlp.evaluation import text_key
from nlp.model import Model
from nlp.model_files import SHIPPED, load_model, save_model
from nlp.segment import words
from nlp.training import train
from nlp.training_data import Row, read_rows
from nlp.training_others import train_matter, train_readings_of, train_replies
from nlp.vocabulary import learn_words
from records.errors import ConfigurationError
from tests.nlp.messages import message
from tests.shared_data import shared_file

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


def _written(folder: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in _rows(120)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("model")
    train([data], out)
    return out


def test_the_same_data_gives_the_same_bytes(data: Path, trained: Path, tmp_path: Path) -> None:
    train([data], tmp_path)
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
        Model.load(folder)
    assert "\n" not in str(refused.value)


def test_a_model_without_its_weights_is_refused(trained: Path, tmp_path: Path) -> None:
    shutil.copy(trained / "model.json", tmp_path)
    with pytest.raises(ConfigurationError, match=r"weights\.npz: No such file"):
        Model.load(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        b"{oops",
        b"[1]",
        b"null",
        b"[" * 100_000,
        '{"text": "没有标签"}'.encode(),
        '{"text": 3, "topic": "水"}'.encode(),
        '{"text": "", "topic": "水"}'.encode(),
        '{"text": "停水", "topic": " "}'.encode(),
        '{"text": "停水", "topic": ["水"]}'.encode(),
        '{"text": "停水", "topic": "水", "title": 7}'.encode(),
        '{"text": "停水", "topic": "水"'.encode(),
        '{"text": "停水", "topic": "水"}'.encode("gbk"),
    ],
)
def test_a_broken_line_is_told_by_number(data: Path, tmp_path: Path, line: bytes) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(data.read_bytes() + b"\n\n" + line)
    with pytest.raises(ConfigurationError, match=f"{broken}, line 122: ") as refused:
        train([broken], tmp_path / "out")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kept", [10, 0])
def test_too_little_data_is_refused(tmp_path: Path, kept: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{kept} rows are too few"):
        train([_written(tmp_path, _rows(kept))], tmp_path / "out")


def test_one_class_a_rare_class_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match='every row from here on says "水"'):
        train([_written(tmp_path, [{**row, "topic": "水"} for row in _rows(90)])], tmp_path / "out")
    rare = [*_rows(90), {"text": "夜市油烟", "topic": "烟"}, {"text": "烧烤油烟", "topic": "烟"}]
    with pytest.raises(ConfigurationError, match='line 91: too few rows of "烟", this and 1 more'):
        train([_written(tmp_path, rare)], tmp_path / "out")
    with pytest.raises(ConfigurationError, match="No such file"):
        train([tmp_path / "absent.jsonl"], tmp_path / "out")


def test_awkward_rows_are_learnt_from(tmp_path: Path) -> None:
    awkward = ["\ud83d", "😀" * 50, "a" * 20_000, "\u200b\u202e停水", "ئۇيغۇرچە", "<b>停水</b>"]
    rows = [*_rows(90), *({"text": text, "topic": "水"} for text in awkward)]
    path = _written(tmp_path, rows)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert train([path], tmp_path / "out")["rows"] == 96


def test_replies_and_matter_are_trained_alike(tmp_path: Path) -> None:
    answered = [
        {**row, "reply": f"{row['topic']}的事已办,{row['text'][:6]}", "asked_at": f"2026-03-{at % 28 + 1:02}",
         "replied_at": f"2026-04-{at % 28 + 1:02}"}
        for at, row in enumerate(_rows(90))
    ]  # fmt: skip
    data = _written(tmp_path, answered)
    for make, kind in ((train_replies, "answers"), (train_matter, "matter")):
        cards = [make(data, tmp_path / f"{kind}{at}") for at in range(2)]
        assert cards[0] == cards[1]
        assert cards[0]["version"].startswith(kind)
        assert cards[0]["rows"] == 90
        files = [sorted((tmp_path / f"{kind}{at}").iterdir()) for at in range(2)]
        assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    assert cards[1]["matter"]["words"] > 0
    undated = _written(tmp_path, [*answered, {**answered[0], "replied_at": "2026-02-30"}])
    with pytest.raises(ConfigurationError, match="line 91: "):
        train_replies(undated, tmp_path / "out")
    for make in (train_replies, train_matter):
        with pytest.raises(ConfigurationError, match="too few"):
            make(_written(tmp_path, answered[:10]), tmp_path / "out")
    with pytest.raises(ConfigurationError, match="no Chinese word is used in 5 of 90 messages"):
        train_matter(_written(tmp_path, answered[:1] * 90), tmp_path / "out")


def test_rows_that_people_labelled_are_learnt_from(data: Path, trained: Path, tmp_path: Path) -> None:
    also = [Row(title="", text=f"操场塑胶跑道坏了第{at}次", topic="校") for at in range(9)]
    card = train([data], tmp_path, also=also)
    alone = json.loads((trained / "card.json").read_text(encoding="utf-8"))
    assert card["rows"] == alone["rows"] + 9
    assert card["data_sha256"] != alone["data_sha256"]
    assert Model.load(tmp_path).guess_topics([("", "操场塑胶跑道")])[0].guess == "校"


def test_several_files_are_learnt_from_as_one(data: Path, trained: Path, tmp_path: Path) -> None:
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    halves = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    for half, part in zip(halves, (lines[:50], lines[50:]), strict=True):
        half.write_text("".join(part).rstrip("\n"), encoding="utf-8")
    train(halves, tmp_path / "model")
    weights, heads = (
        [(folder / name).read_bytes() for folder in (trained, tmp_path / "model")]
        for name in ("weights.npz", "model.json")
    )
    assert (weights[0], heads[0]) == (weights[1], heads[1])
    halves[1].write_text("{oops", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"second\.jsonl, line 1: not JSON"):
        train(halves, tmp_path / "broken")


def test_the_shipped_model_is_small_and_has_its_card() -> None:
    files = [SHIPPED / name for name in ("model.json", "weights.npz", "card.json", "card.md")]
    assert sum(path.stat().st_size for path in files) < 10_000_000
    assert json.loads(files[2].read_text(encoding="utf-8"))["version"] == Model.load(SHIPPED).version


@pytest.mark.shared
def test_the_shipped_model_knows_the_words_of_todays_segmentation() -> None:
    rows = read_rows([shared_file(f"messages/{name}.jsonl") for name in ("topics_train", "topics_dev")])
    known = learn_words([words(f"{row.title}\n{row.text}") for row in rows])
    assert [*known.columns] == [*Model.load(SHIPPED).scorer.words.columns]


def test_titles_may_say_nothing_but_texts_must_share_words(tmp_path: Path) -> None:
    rows = [{"text": row["text"], "topic": row["topic"]} for row in _rows(90)]
    card = train([_written(tmp_path, rows)], tmp_path / "untitled")
    assert card["intents"] == {"rows": 0}
    assert card["topics"]["macro_f1"] == 1.0
    unlike = [{"text": chr(0x4E00 + at) * 3, "topic": str(at % 2)} for at in range(60)]
    with pytest.raises(ConfigurationError, match="no word is used in 5 of 60 messages"):
        train([_written(tmp_path, unlike)], tmp_path / "unlike")


def _labels(n: int) -> list[dict[str, object]]:
    rows = []
    for at, row in enumerate(_rows(n)):
        text = f"{row['text']}{'已经三次反映没人管' * (at % 2)}"
        intent = ("咨询", "投诉", "求助", "建言")[at % 4]
        key = text_key({"id": str(at), "text": text})
        rows.append(
            {
                "id": key[0],
                "sha1": key[1],
                "text": text,
                "intent": intent,
                "dissatisfaction": at % 4,
                "urgency": at % 3,
                "reasons": [],
            }
        )
    return rows


def test_readings_are_trained_from_labels_of_two_people(tmp_path: Path) -> None:
    labels = _labels(80)
    with pytest.raises(ConfigurationError, match="0 messages were labelled by two people"):
        train_readings_of([_written(tmp_path, labels)], tmp_path / "once")
    (tmp_path / "texts").mkdir()
    texts = _written(tmp_path / "texts", [{"id": row["id"], "text": row["text"]} for row in labels])
    bare = [{key: value for key, value in row.items() if key != "text"} for row in labels * 2]
    data = _written(tmp_path, [*bare, {"id": "x", "sha1": "0", "topic": "水"}])
    card = train_readings_of([data], tmp_path / "twice", messages=[texts])
    assert (card["rows"], card["version"][:9]) == (80, "readings-")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"intent": "抱怨"}, "line 81: intent '抱怨' is none"),
        ({"urgency": 4}, "line 81: urgency 4 is no level"),
        ({"urgency": True}, "line 81: urgency True is no level"),
        ({"dissatisfaction": None}, "line 81: dissatisfaction None"),
        ({"reasons": ["weather"]}, "line 81: reasons .'weather'. are no list of danger"),
        ({"sha1": ""}, 'line 81: "sha1" is missing'),
    ],
)
def test_a_broken_label_is_told_by_number(tmp_path: Path, change: dict[str, object], told: str) -> None:
    labels = _labels(80)
    with pytest.raises(ConfigurationError, match=told):
        train_readings_of([_written(tmp_path, [*labels, {**labels[0], **change}])], tmp_path / "out")
    assert not (tmp_path / "out").exists()
