"""What is learnt of readings: the same bytes for the same data, whoever is criticised, whatever the text."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from nlp.analyser import Analyser
from nlp.asking import END, MOST_TIMES, SCALE, AskingWords
from nlp.assertion import Signs
from nlp.cues import CueTable
from nlp.evaluation import text_key
from nlp.facts import TABLES, FactReader
from nlp.model import Model
from nlp.quoting import own_words
from nlp.readings import FOLDER, ReadingsModel
from nlp.readings_training import is_body, train_readings
from nlp.segment import is_person_name
from nlp.training import train
from records.analysis import UrgencyCode
from records.errors import ConfigurationError, Rejected
from tests.nlp.messages import message

_FACTS = (
    ("投诉", 2, 0, "半夜施工吵得睡不着"),
    ("咨询", 0, 0, "请问医保卡怎么补办"),
    ("求助", 1, 1, "多次反映路灯不亮没有答复"),
    ("建言", 0, 0, "建议增加公交班次方便出行"),
)


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


@pytest.fixture(scope="module")
def data() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    messages, labels = [], []
    for number, (intent, failed, urgency, text) in zip(range(60), itertools.cycle(_FACTS), strict=False):
        messages.append({"id": str(number), "title": text[:6], "text": f"{text}，第{number}号小区"})
        identity, sha1 = text_key(messages[-1])
        label = {"id": identity, "sha1": sha1, "intent": intent, "dissatisfaction": failed}
        labels += [{**label, "urgency": urgency, "reasons": ["repeated_asking"] * urgency}] * 2
    return messages, labels


@pytest.fixture(scope="module")
def model(data: Any, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("topics")
    rows = [{**row, "topic": ("水", "路")[number % 2]} for number, row in enumerate(data[0])]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    train([folder / "rows.jsonl"], folder / "model")
    return Model.load(folder / "model")


def test_the_same_labels_give_the_same_bytes(data: Any, model: Model, tmp_path: Path) -> None:
    messages, labels = data
    figures = train_readings(messages, labels, tmp_path / "one", model=model)
    assert figures["read_twice"] == 60
    assert figures["intent"]["kappa"] > 0.9
    train_readings(messages, labels, tmp_path / "two", model=model)
    for name in ("model.json", "weights.npz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert ReadingsModel.load(tmp_path / "one").version == figures["version"]


def test_labels_held_out_too_few_or_without_text_are_refused(data: Any, tmp_path: Path) -> None:
    messages, labels = data
    with pytest.raises(ConfigurationError, match="labels of 0 messages: too few"):
        train_readings(messages, [{**label, "held_out": True} for label in labels], tmp_path)
    with pytest.raises(Rejected, match='label of "0"'):
        train_readings(messages[1:], labels, tmp_path)


def test_a_model_of_other_tables_is_refused(tmp_path: Path) -> None:
    table, words = tmp_path / "cues.toml", tmp_path / "asking.toml"
    table.write_text('[other]\nwords = ["停水"]\n', encoding="utf-8")
    words.write_text('asks = ["请问"]\n', encoding="utf-8")
    shipped = FactReader.load()
    for cues, asking in (
        (CueTable.load(table), shipped.asking),
        (CueTable.load(*TABLES), AskingWords.load(words)),
    ):
        with pytest.raises(ConfigurationError, match="train it again"):
            ReadingsModel.load().check(FactReader.of(cues, shipped.signs, asking))


def test_no_name_of_a_person_is_stored_and_no_body_weighs() -> None:
    model = ReadingsModel.load()
    assert not [word for word in model.words if is_person_name(word)]
    bodies = [row for row, word in enumerate(model.words) if is_body(word)]
    assert len(bodies) > 50
    assert not model.word_weights[bodies].any()
    grams = [row for row, gram in enumerate(model.grams.spelled()) if is_body(gram)]
    assert not model.gram_weights[grams].any()


_CASES = (
    "{body}答应给我们通自来水，三年了还没有通，多次反映没有答复",
    "{body}半夜施工，吵得全楼人睡不着，请尽快处理",
    "小区停电两天，{body}一直没有来修",
    "{body}收了押金不退，要求退还两千元",
)


@pytest.mark.parametrize("case", _CASES)
def test_criticism_of_a_department_reads_as_of_a_firm(analyser: Analyser, case: str) -> None:
    bodies = ("供水公司", "城管局", "物业公司", "县委", "公安局", "市政府", "镇政府", "法院")
    found = analyser.analyse([message(case.format(body=body), number=n) for n, body in enumerate(bodies)])
    levels = [analysis.dissatisfaction for analysis in found]
    assert max(levels) - min(levels) <= 0.06
    assert len({analysis.urgency for analysis in found}) == 1
    assert len({analysis.reasons for analysis in found}) == 1


def test_calling_it_inaction_adds_no_more_for_a_department_than_for_a_firm(analyser: Analyser) -> None:
    facts = "小区停电两天没有来修，"
    firm, office = analyser.analyse(
        [message(f"{facts}供电公司不作为"), message(f"{facts}供电局不作为", number=2)]
    )
    assert abs(firm.dissatisfaction - office.dissatisfaction) <= 0.06
    assert firm.urgency == office.urgency == 2


@pytest.mark.parametrize(
    ("text", "word", "stated"),
    [
        ("小区停水三天", "停水", True),
        ("没有停水，只是水压小", "停水", False),
        ("如果停水怎么办", "停水", False),
        ("去年停水，已经修好了", "停水", False),
        ("去年停水，今年又停水", "停水", True),
        # One of each kind of sign: without its sign the pattern is never tried.
        ("等停水了才通知", "停水", False),
        ("停水了再来就晚了", "停水", False),
        ("以免停水，请检修", "停水", False),
        ("若遇停水怎么办", "停水", False),
        ("停水的事早已处理完", "停水", False),
        ("停水，下午才恢复", "停水", False),
        ("曾经停水", "停水", False),
        ("三年前停水", "停水", False),
        ("今年停水", "停水", True),
    ],
)
def test_what_is_stated_for_the_own_case(text: str, word: str, stated: bool) -> None:
    start = text.index(word)
    assert Signs.load().read(text).asserts(start, start + len(word)) is stated


_QUESTION = "请问图书馆周一开放吗？"


@pytest.mark.parametrize(
    "pasted",
    [
        "网友：您好！您的留言已收悉。经核实，您反映的煤气泄漏和拖欠工资问题已转住建局。感谢您的监督！",
        "上次的回复如下：您好，您反映的电梯坠落、多次投诉无人处理一事正在核实。特此回复。",
        "之前局里答复“小区停水三天、路面塌陷伤人的情况属实”。",
        "尊敬的网友您好，您反映的黑社会殴打业主问题已收悉，我局高度重视，已立案。2026年3月1日。",
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_a_pasted_answer_is_not_what_the_resident_says(analyser: Analyser, pasted: str, before: bool) -> None:
    text = f"{pasted}{_QUESTION}" if before else f"{_QUESTION}{pasted}"
    alone, quoting = analyser.analyse([message(_QUESTION), message(text, number=2)])
    assert quoting.intent == alone.intent == "咨询"
    assert (quoting.urgency, quoting.reasons) == (0, ())
    assert quoting.dissatisfaction <= alone.dissatisfaction + 0.1


@pytest.mark.parametrize(
    "text",
    [
        "小区停水三天了，水务局回复说已经修好，其实一滴水都没有",
        "小区停水三天了，客服答复“已经来水”，家里还是没有水",
        "网友您好，您反映的停水问题已收悉，现已恢复供水。感谢您的监督！可是小区停水三天了，到现在还没来水",
    ],
)
def test_a_failure_that_an_office_calls_settled_is_still_one(analyser: Analyser, text: str) -> None:
    [found] = analyser.analyse([message(text)])
    assert found.urgency == 2
    assert found.dissatisfaction >= 0.5
    assert [reason.code for reason in found.reasons] == [UrgencyCode.UTILITY_CUT]


def test_what_is_left_without_quotations_takes_linear_time() -> None:
    assert own_words("请回复") == "请回复"
    for opening in ("回复如下:", "网友您好您的", '答复"', "您好您反映收悉"):
        assert len(own_words(opening * 30_000)) <= len(opening) * 30_000  # hours if it were quadratic


def test_thanks_for_a_failure_are_the_failure(analyser: Analyser) -> None:
    thanks, irony, service, open_ = analyser.analyse(
        [
            message("感谢你们，路灯第二天就修好了"),
            message("谢谢供电公司，小区停电三天打了五次电话没人来", number=2),
            message("真是好服务，感谢物业，小区停电一周，打了六次电话没人接", number=3),
            message("感谢回复，但水还没来", number=4),
        ]
    )
    assert thanks.intent == "感谢"
    assert thanks.dissatisfaction < 0.25
    assert {irony.intent, service.intent, open_.intent} <= {"投诉", "求助"}
    assert min(irony.dissatisfaction, service.dissatisfaction, open_.dissatisfaction) >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "凭什么停了我家的低保？谁给你们的权力？",
        "物业乱收停车费，难道没人管吗？",
        "开发商违规捆绑车位，到底谁来管？",
        "为什么城管收了摊位费还要罚款，这合理吗？",
    ],
)
def test_a_question_that_accuses_is_a_complaint(analyser: Analyser, text: str) -> None:
    accused, asked = analyser.analyse([message(text), message("请问低保需要什么材料？", number=2)])
    assert (accused.intent, asked.intent) == ("投诉", "咨询")
    assert accused.dissatisfaction > asked.dissatisfaction


def test_what_is_denied_or_settled_is_not_urgent(analyser: Analyser) -> None:
    texts = (
        "没有停电，就想问问电价",
        "以前漏过煤气，已修好，想问年检多久一次",
        "小区没有发生过火灾，请问消防演练几时办",
    )
    for found in analyser.analyse([message(text, number=at) for at, text in enumerate(texts)]):
        assert (found.urgency, found.reasons) == (0, ())
        assert found.intent == "咨询"


def test_every_urgency_has_a_reason_in_the_words_of_the_message(analyser: Analyser) -> None:
    texts = [
        f"{a}，{b}" for a, b in itertools.product(("老板拖欠工资半年", "井盖丢了", "学校补课收费"), repeat=2)
    ]
    for text, found in zip(
        texts, analyser.analyse([message(t, number=n) for n, t in enumerate(texts)]), strict=True
    ):
        assert (found.urgency > 0) == bool(found.reasons)
        assert all(reason.words in text.replace("，", ",") for reason in found.reasons)


def test_the_same_word_counts_by_its_place(tmp_path: Path) -> None:
    table = tmp_path / "asking.toml"
    table.write_text('asks = ["请问", "咨询"]\nhopes = ["希望"]\n', encoding="utf-8")
    asking = AskingWords.load(table)
    filling = "水" * END
    messages = [("咨询补贴", "希望" * 5), ("", f"请问{filling}"), ("", f"{filling}请问")]
    reader = FactReader.of(CueTable.load(*TABLES), Signs.load(), asking)
    titles, texts = zip(*messages, strict=True)
    columns = reader.columns([reader.read(text) for text in texts], titles, texts)[:, -6:] / SCALE
    once = pytest.approx(1 / MOST_TIMES)
    assert columns.tolist() == [
        [1, 0, 0, 1, 0, 1],
        [0, 0, 0, 0, once, 0],
        [0, 0, 1, 0, once, 0],
    ]


def test_long_runs_of_one_character_take_linear_time() -> None:
    tables = FactReader.load()
    for char in ("1", "没", "一", "多", "几", "\u200b", "\u202e", "ئ", "😀"):
        assert not tables.read(char * 50_000).names(UrgencyCode.DANGER)  # hours if it were quadratic


def test_the_shipped_model_is_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 4_000_000
    head = json.loads((FOLDER / "model.json").read_text(encoding="utf-8"))
    assert set(head["floors"]) < {str(code) for code in UrgencyCode}
