"""How far a message can wait: 0-3, with the reasons and the very words that gave them.

3: life in danger now · 2: water, power, gas or heat cut, wages unpaid, a hazard that may hurt someone ·
1: children, patients or an exam affected, a date within a week, no answer after repeated asking · 0: none of it.
Two reasons of level 2, or one that hits the vulnerable, make 3.
The tables follow the deadlines that hotlines give (Beijing 12345: emergencies 1 h; water, power, gas, heat 2 h).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from nlp.assertion import is_asserted
from records.analysis import UrgencyCode, UrgencyReason

SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that make a message urgent, as a regular expression without groups."""

    code: UrgencyCode
    level: int
    words: str


_PERSON = "(?:孩子|小孩|儿童|婴儿|宝宝|幼儿|学生|老人|老年人|病人|患者|孕妇|残疾人)"
_PAY = "(?:工资|工钱|薪水|薪资|劳务费|血汗钱|农民工工资|民工工资|工程款)"
CUES = (
    # Gas, fire, current, collapse: what an emergency service would come for.
    Cue(UrgencyCode.DANGER, 3, r"(?:煤气|燃气|天然气|液化气)(?:管道?)?(?:发生|出现)?(?:严重)?泄[漏露]|漏过?(?:煤气|燃气|天然气|气)|煤气味|燃气味"),
    Cue(UrgencyCode.DANGER, 3, r"着火|起火|失火|起过火|发生(?:过|了)?(?:火灾|爆炸|坍塌|塌方|垮塌)|漏电|触电|电线(?:掉|垂|断|裸露)|高压线(?:掉|垂|断)"),
    Cue(UrgencyCode.DANGER, 3, r"(?:已经?|正在|突然|部分|大面积)(?:坍塌|垮塌|倒塌|塌陷|滑坡|塌方)|路面(?:塌陷|坍塌)|山体滑坡"),
    Cue(UrgencyCode.DANGER, 3, r"砸(?:到|中|伤|死)(?:了|过)?(?:人|孩子|老人|行人|路人|小孩)|中毒|跳楼|自杀|轻生|溺水|溺亡|被困(?:在)?|出(?:了)?人命"),
    Cue(UrgencyCode.DANGER, 3, r"(?:被|遭|遭到|遭受|进行)(?:[一-鿿]{0,6})(?:殴打|打伤|砍伤|毒打)|家暴|持刀|人身威胁|威胁(?:到)?(?:我们?|业主|居民)?的?(?:生命|人身)|生命危险|危及(?:到)?(?:[一-鿿]{0,6})(?:生命|人身)|性命"),
    # A hazard that has not struck yet.
    Cue(UrgencyCode.DANGER, 2, r"(?:重大|严重|极大|很大|巨大|存在|有|诸多|消防|交通)的?(?:[一-鿿]{0,4})安全隐患|隐患(?:非常|很|极|特别)?(?:大|严重)|危房|随时(?:都)?(?:可能|会|有可能)(?:[一-鿿]{0,6})(?:塌|倒|掉|砸|出事|发生|爆|坠)|摇摇欲坠"),
    Cue(UrgencyCode.DANGER, 2, r"(?:没有?|缺|无|丢了?|破损的?)井盖|井盖(?:丢|缺|没|破|不见|松|损)|(?:消防|生命|救生)通道(?:[一-鿿]{0,6})(?:堵|占|封|停)|(?:占用|堵塞|堵住|占据)(?:[一-鿿]{0,4})消防通道|险象环生|(?:多次|经常|频繁|频)(?:发生|出)(?:车祸|交通事故|事故)|高空抛物|外墙(?:[一-鿿]{0,4})(?:脱落|掉落)|瓷砖(?:脱落|掉落)"),
    # The deadlines of hotlines name these four.
    Cue(UrgencyCode.UTILITY_CUT, 2, r"停过?水|断过?水(?!源|果)|没有?水(?:用|喝|了|吃)|无水(?:可用|可喝|用)|水(?:还|一直|仍|都)?没(?:有)?来|停过?电(?!梯)|断过?电(?!缆|话)|没有?电(?:了|用)|停过?气(?!味)|断过?气|停暖|停止供(?:暖|热|水|电|气)|(?:没有?|无|不|未)(?:暖气|供暖|供水|供电|供气)(?!公司)|暖气(?:不热|冰凉|没来)"),
    Cue(UrgencyCode.UNPAID_WAGES, 2, rf"(?:拖欠|欠|克扣|扣发|不发|没发|未发|不给|不支付|未支付|没有?发放|不结)(?:[一-鿿0-9]{{0,10}}){_PAY}|欠薪|讨薪|{_PAY}(?:[一-鿿0-9,，]{{0,8}})(?:不发|没发|未发|没有发|拿不到|要不到|讨不到|没给|不给|未付|没付|没结|未结|拖欠|被拖)"),
    # Those who cannot wait as long as others.
    Cue(UrgencyCode.VULNERABLE, 1, rf"{_PERSON}(?:[^。!！?？;；\n]{{0,10}})(?:睡不着|无法入睡|不能睡|生病|住院|咳嗽|过敏|发烧|呕吐|受伤|摔伤|摔倒|吓|危险|没(?:有)?(?:学|书)(?:上|读)|失学|上不了学|无学可上|无法(?:上学|入学|就学|复习|学习))"),
    Cue(UrgencyCode.VULNERABLE, 1, r"癌症?患者|癌症|尿毒症|白血病|透析|化疗|病危|危重|重症|抢救|救命|高考|中考|无家可归"),
)  # fmt: skip
# "No answer after repeated asking" needs both halves.
_ASKED_AGAIN = re.compile(
    r"(?:多次|无数次|反复|数次|几次|好几次|N次|n次|再三|一再|屡次|屡屡|不断|[\d一二两三四五六七八九十几多]+次|第[\d二三四五六七八九十]+次|再次)"
    r"(?:[^。!！?？;；\n]{0,8})(?:反映|反应|投诉|举报|留言|致电|拨打|打电话|电话|咨询|上访|信访|沟通|协商|交涉|要求|报修|联系|报警|求助|请求|申请|催)"
)
_NO_ANSWER = re.compile(
    r"无果|未果|没有?(?:任何|得到|人|一个|给)?(?:[一-鿿]{0,4})(?:答复|回复|回应|结果|解决|处理|理|管|音讯|下文|动静|改善|效果)"
    r"|(?:未|不)(?:得到|见|予|能|给)?(?:[一-鿿]{0,4})(?:答复|回复|回应|解决|处理|理睬|受理)|石沉大海|置之不理|不了了之|不闻不问|不管不问|无人(?:问津|管|理|处理)|踢皮球|推诿|推来推去|互相推|依旧|依然|仍然|至今"
)
_COMING = re.compile(
    r"(?:马上|即将|就要|快要|眼看|临近)(?:就)?(?:要)?(?:开学|高考|中考|考试|过年|春节|到期|截止|入学|报名|交房|手术|开庭)"
    r"|(?:今晚|明天|明日|后天|本周|这周|下周)(?:[^。!！?？;；\n]{0,8})(?:截止|到期|开学|考试|手术|开庭|拆|报名|入学|最后|停|交)|还有(?:\d|[一二两三四五六七])天"
)
_DATE = re.compile(
    r"(?:(\d{4})年)?(\d{1,2})月(\d{1,2})[日号](?:[^。!！?？;；\n]{0,6})(?:前|截止|到期|开学|考试|报名|开庭|手术|入学|拆|搬)"
)
_ALL = re.compile("|".join(f"(?P<c{at}>{cue.words})" for at, cue in enumerate(CUES)))


def read_urgency(text: str, asked_at: datetime) -> tuple[int, tuple[UrgencyReason, ...]]:
    """Return the level 0-3 and its reasons, at most one of each code: the gravest, then the first."""
    found: dict[UrgencyCode, tuple[int, str]] = {}
    for level, code, words in _reasons(text, asked_at):
        if level > found.get(code, (0, ""))[0]:
            found[code] = (level, words)
    reasons = tuple(UrgencyReason(code=code, words=words) for code, (_, words) in found.items())
    return _level({code: level for code, (level, _) in found.items()}), reasons


def _level(levels: dict[UrgencyCode, int]) -> int:
    if not levels:
        return 0
    grave = [code for code, level in levels.items() if level >= 2]
    worse = len(grave) > 1 or (grave and UrgencyCode.VULNERABLE in levels)
    return min(3, max(levels.values()) + bool(worse))


def _reasons(text: str, asked_at: datetime) -> Iterator[tuple[int, UrgencyCode, str]]:
    for match in _ALL.finditer(text):
        if is_asserted(text, match.start(), match.end()):
            cue = CUES[int(match.lastgroup[1:])]  # type: ignore[index]  # every branch is a named group
            yield cue.level, cue.code, match.group()
    asked = _ASKED_AGAIN.search(text)
    if asked and _NO_ANSWER.search(text):
        yield 1, UrgencyCode.REPEATED_ASKING, asked.group()
    coming = _COMING.search(text)
    if coming and is_asserted(text, coming.start(), coming.end()):
        yield 1, UrgencyCode.DEADLINE_NEAR, coming.group()
    for date in _DATE.finditer(text):
        if _is_soon(date, asked_at):
            yield 1, UrgencyCode.DEADLINE_NEAR, date.group()


def _is_soon(date: re.Match[str], asked_at: datetime) -> bool:
    year, month, day = date.groups()
    for guess in (int(year),) if year else (asked_at.year, asked_at.year + 1):
        try:
            then = asked_at.replace(year=guess, month=int(month), day=int(day))
        except ValueError:
            continue  # a date that no calendar has
        if timedelta(0) <= then - asked_at <= SOON:
            return True
    return False
