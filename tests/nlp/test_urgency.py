"""What cannot wait, and why: invented messages with the level and the reason a careful clerk would give."""

from __future__ import annotations

import pytest

from nlp.analyser import Analyser
from tests.nlp.messages import message


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


URGENT = [
    ("我们楼道天然气泄漏,味道很重,请马上来人", 3, "danger"),
    ("三单元昨晚起火,楼道里全是烟", 3, "danger"),
    ("幼儿园门口的电线掉下来了,孩子们每天从下面走", 3, "danger"),
    ("门前道路突然塌陷,有车掉进去了", 3, "danger"),
    ("隔壁工地的人扬言要打我们,还把我父亲打伤,被殴打后没人管", 3, "danger"),
    ("小区消防通道长期被私家车堵死", 1, "danger"),
    ("人行道井盖丢了半个月,晚上很容易踩空", 2, "danger"),
    ("这栋危房墙体倾斜,随时可能倒塌", 2, "danger"),
    ("我们村停水三天了,做饭都成问题", 2, "utility_cut"),
    ("感谢回复,但水还没来", 2, "utility_cut"),
    ("昨天夜里开始停电,到现在没有通知", 2, "utility_cut"),
    ("家里暖气不热,室温只有十二度", 2, "utility_cut"),
    ("老板拖欠我们二十几个人的工资", 2, "unpaid_wages"),
    ("干了半年,工钱一分都没给", 2, "unpaid_wages"),
    ("工地噪音太大,孩子晚上睡不着", 1, "vulnerable"),
    ("我是尿毒症病人,想问报销比例", 1, "vulnerable"),
    ("多次打电话反映路灯不亮,一直没有答复", 1, "repeated_asking"),
    ("通知要求3月14日前完成报名,系统一直打不开", 1, "deadline_near"),
    ("马上开学了,学位还没有落实", 1, "deadline_near"),
]
CALM = [
    "以前漏过煤气,已修好",
    "去年停过水,后来解决了",
    "请问如果发生火灾应该打哪个电话",
    "为了避免触电,建议加装护栏",
    "小区没有漏电,请放心",
    "请问高层住宅公积金贷款需要什么材料",
    "建议在公园增加几张长椅",
    "4月30日前都可以申请吗",
    "感谢工作人员,路灯当天就亮了",
    "煤气管道什么时候接到我们小区",
]


@pytest.mark.parametrize(("text", "level", "code"), URGENT)
def test_a_message_that_cannot_wait_says_why_in_its_own_words(
    analyser: Analyser, text: str, level: int, code: str
) -> None:
    found = analyser.analyse([message(text)])[0]
    assert found.urgency >= level
    assert code in [reason.code for reason in found.reasons]
    assert all(reason.words in text for reason in found.reasons)


@pytest.mark.parametrize("text", CALM)
def test_a_message_without_present_danger_can_wait(analyser: Analyser, text: str) -> None:
    found = analyser.analyse([message(text)])[0]
    assert (found.urgency, found.reasons) == (0, ())


def test_two_grave_reasons_and_the_vulnerable_raise_the_level(analyser: Analyser) -> None:
    one, both = analyser.analyse(
        [message("小区停水两天"), message("小区停水两天,家里老人生病没法照顾", number=2)]
    )
    assert (one.urgency, both.urgency) == (2, 3)


def test_an_impossible_date_is_no_deadline(analyser: Analyser) -> None:
    assert analyser.analyse([message("请在13月45日前办好")])[0].urgency == 0
