"""How badly the service fails the writer, never how angry the words are; and what the writer wants."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import pytest

import nlp
from nlp.analyser import Analyser
from tests.nlp.messages import message

# Level 0 asks or thanks, 1 an inconvenience, 2 a clear failure, 3 grave or repeated.
LEVELS = [
    ("请问办理居住证需要哪些材料", 0),
    ("感谢社区工作人员,电梯当天就修好了", 0),
    ("想咨询一下新生入学报名的时间", 0),
    ("建议在公园增加几张长椅", 0),
    ("这条路坑坑洼洼,下雨天很不方便", 1),
    ("公交车间隔太长,上班不方便", 1),
    ("楼下歌厅每天营业到凌晨,噪音扰民,无法入睡", 2),
    ("感谢回复,但水还没来", 2),
    ("物业乱收费,多次反映没有结果", 2),
    ("谢谢你们的推诿,这条路修了三年还没修好", 2),
    ("小区停水五天,多次打电话反映,没有人管", 3),
    ("拖欠工资八个月,多次投诉,部门之间互相推诿", 3),
    ("污水倒灌进家里三个月了,反映了无数次,至今没有处理,孩子都生病了", 3),
]
INTENTS = [
    ("投诉某小区物业乱收费", "物业每月多收停车费", "投诉"),
    ("咨询公积金提取条件", "离职后多久可以提取", "咨询"),
    ("建议增设公交站台", "这一段三公里没有站台", "建言"),
    ("请求帮助讨回工资", "老板跑了", "求助"),
    ("给社区的感谢信", "社区王主任帮我们解决了大问题,居民都很高兴", "感谢"),
    ("", "感谢信:谢谢供水公司连夜抢修,水来了", "感谢"),
]


# What is learnt weighs every word a little; a level is 0.25 wide.
TOLERANCE = 0.06


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


@pytest.mark.parametrize(("text", "level"), LEVELS)
def test_facts_give_the_level(analyser: Analyser, text: str, level: int) -> None:
    score = analyser.analyse([message(text)])[0].dissatisfaction
    low, high = (0.0, 0.2, 0.45, 0.7)[level], (0.3, 0.55, 0.9, 1.0)[level]  # a level, and 0.05 beside it
    assert low <= score <= high


def test_anger_adds_nothing(analyser: Analyser) -> None:
    calm, angry = analyser.analyse(
        [
            message("路灯坏了两个月没人修", title="反映路灯问题"),
            message("路灯坏了两个月没人修!!!太气人了!!!简直无耻!!!", title="反映路灯问题", number=2),
        ]
    )
    assert angry.dissatisfaction <= calm.dissatisfaction + TOLERANCE


def test_what_is_settled_or_supposed_is_no_failure(analyser: Analyser) -> None:
    now, settled, supposed = analyser.analyse(
        [
            message("小区漏水"),
            message("小区以前漏水,已经修好", number=2),
            message("请问如果漏水找谁", number=3),
        ]
    )
    assert now.dissatisfaction > settled.dissatisfaction
    assert now.dissatisfaction > supposed.dissatisfaction


@pytest.mark.parametrize(("title", "text", "intent"), INTENTS)
def test_intent(analyser: Analyser, title: str, text: str, intent: str) -> None:
    assert analyser.analyse([message(text, title=title)])[0].intent == intent


def test_thanks_that_still_ask_are_no_thanks(analyser: Analyser) -> None:
    found = analyser.analyse([message("感谢回复,但水还没来,希望尽快处理")])[0]
    assert found.intent != "感谢"


def test_criticism_of_any_body_scores_as_the_same_facts(analyser: Analyser) -> None:
    # The same facts told of a company and of public bodies high and low; then with a judgement on top.
    bodies = (
        "物业公司",
        "开发商",
        "社区",
        "镇政府",
        "市政府",
        "公安局",
        "省委",
        "县委书记",
        "法院",
        "信访局",
    )
    posts = [
        message(f"{body}答应修路,三年了还没修好,我们多次反映没有人管{judgement}", number=number)
        for number, (body, judgement) in enumerate(
            itertools.product(bodies, ("", ",这样的作风让人失望", ",大家都很不满"))
        )
    ]
    found = analyser.analyse(posts)
    assert {analysis.urgency for analysis in found} == {1}
    assert {reason.words for analysis in found for reason in analysis.reasons} == {"多次反映"}
    levels = [analysis.dissatisfaction for analysis in found]
    assert max(levels) - min(levels) <= TOLERANCE


def test_no_table_of_cues_names_opinions_bodies_or_offices() -> None:
    folder = Path(nlp.__file__).parent
    barred = (
        "政治",
        "党",
        "政府",
        "领导",
        "官员",
        "书记",
        "市长",
        "县长",
        "维稳",
        "敏感",
        "舆情",
        "言论",
        "宗教",
    )
    for name in ("urgency.toml", "dissatisfaction.toml"):
        table = tomllib.loads((folder / name).read_text(encoding="utf-8"))
        phrases = [phrase for entry in table.values() for phrase in entry.get("words", ())]
        phrases += [word for words in table["fragments"].values() for word in words]
        assert len(phrases) > 50
        assert [phrase for phrase in phrases if any(word in phrase for word in barred)] == []
