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
# What the message supposes, nearly saw, or only mentions: the words that must give no reason of that level.
SUPPOSED = [
    ("昨天一位拄拐的大爷被困在路中间,两边的车拼命按喇叭。建议绿灯延长到二十五秒", 0, "danger"),
    ("孩子放学被困在车流里,建议加一条斑马线", 1, "danger"),
    ("楼道里没有灯,别等着火了再后悔", 0, "danger"),
    ("外墙瓷砖一片片往下掉,真等砸到人才有人管吗", 2, "danger"),
    ("路口缺个红绿灯,别等出了人命才装", 1, "danger"),
    ("灯坏了一个月,难道要等有人摔伤才来修", 0, "danger"),
    ("小区里随处拉线给电动车充电,出了人命就晚了", 1, "danger"),
    ("买的锅冒烟,差一点引起火灾,店家不退货", 1, "danger"),
    ("施工围挡歪了,昨天差点砸到人", 1, "danger"),
    ("医生说再晚就有生命危险,谢谢救护车及时赶到", 0, "danger"),
    ("桥东路液化气罐重量不够,一罐少了两斤", 0, "danger"),
    ("上班路上出车祸算工伤吗", 0, "danger"),
    ("附近厂里的气味闻久了恶心头晕,孩子的过敏越来越重", 1, "danger"),
    ("第一次在这里留言,想问公园几点开门", 0, "repeated_asking"),
    ("第一次向你们反映,希望加一趟公交", 0, "repeated_asking"),
    ("跑了一趟大厅,取号排到一百多号,能不能网上办", 0, "repeated_asking"),
    ("门口工地灰大,一天擦三遍桌子都没有用", 0, "repeated_asking"),
    ("建议湿地公园多种芦苇,我愿意做志愿者", 0, "vulnerable"),
    ("请问在外省读书的孩子回来参加高考要什么条件", 0, "vulnerable"),
    ("游泳馆池水发绿,请问水质检测多久做一次,在哪里公布", 0, "utility_cut"),
    ("停水通知能不能提前发?昨天换阀门,中午十二点多才来。检修我们理解", 0, "utility_cut"),
    ("昨天小区停水,晚上八点才来水,下次请早点通知", 0, "utility_cut"),
    ("燃气表上个月就不走字了,打电话登记了还没人来换", 0, "utility_cut"),
    ("感谢监察大队,工钱一直要不到,你们第二天就到工地,钱全打到了卡上,谢谢政府", 0, "unpaid_wages"),
    ("树没了,只剩下一排树桩,请问是谁批准的", 0, "deadline_near"),
]
STILL_URGENT = [
    ("厨房里煤气味很重,怕出事,已经关了阀门,请快来人", 3, "danger"),
    ("电梯突然停了,三个人被困二十分钟,打物业电话没人接", 3, "danger"),
    ("老人被困在电梯里,按铃没人应", 3, "danger"),
    ("电梯故障有人被困,请马上派人", 3, "danger"),
    ("积水太深,一家人被困在屋里", 3, "danger"),
    ("楼下着火了,差点烧到我家,消防车进不来", 3, "danger"),
    ("电线掉在积水里漏电,差点电死人", 3, "danger"),
    ("昨晚砸到人了,别等再出人命,请拆掉那块广告牌", 3, "danger"),
    ("上次就着火了,等了半小时才有消防车来,现在又着火了", 3, "danger"),
    ("从昨天起停水,到现在没来,家里老人没法照顾", 2, "utility_cut"),
    ("停水一天多了,我八十岁,住六楼,提不动水", 3, "vulnerable"),
    ("停水两天了,也没有停水通知", 2, "utility_cut"),
    ("停电到现在,几点才来电", 2, "utility_cut"),
    ("停水一天了,要等到晚上才来水吗", 2, "utility_cut"),
    ("自来水又黄又臭,水质太差,没法喝", 1, "utility_cut"),
    ("感谢,但水还没来", 2, "utility_cut"),
    ("老板一直拖欠工资,说再等等,别等过年了才给", 2, "unpaid_wages"),
    ("第三次向你们反映路灯不亮,还是没有人来", 1, "repeated_asking"),
    ("投诉了也没有用,打了几次电话都没人管", 1, "repeated_asking"),
    ("跑了三趟,每次要的材料都不一样,一直没有解决", 1, "repeated_asking"),
    ("学校不接收,孩子没有书读", 1, "vulnerable"),
    ("报名只剩三天,系统还是打不开", 1, "deadline_near"),
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


@pytest.mark.parametrize(("text", "most", "code"), SUPPOSED)
def test_what_is_not_stated_for_the_own_case_is_no_reason_or_a_weaker_one(
    analyser: Analyser, text: str, most: int, code: str
) -> None:
    found = analyser.analyse([message(text)])[0]
    assert found.urgency <= most
    assert most or code not in [reason.code for reason in found.reasons]


@pytest.mark.parametrize(("text", "level", "code"), STILL_URGENT)
def test_a_supposition_beside_it_does_not_hide_an_emergency(
    analyser: Analyser, text: str, level: int, code: str
) -> None:
    found = analyser.analyse([message(text)])[0]
    assert found.urgency >= level
    assert code in [reason.code for reason in found.reasons]
