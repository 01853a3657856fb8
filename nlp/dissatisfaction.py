"""How badly the service fails the person who writes, 0-1. Facts count; anger, insults and marks do not.

Under 0.25: asks or thanks · under 0.5: an inconvenience · under 0.75: a clear failure · above: grave or repeated.
Each kind of failure that the message states for its own case adds its share of what is left to 1, once.
No word here is about a body, a person or an opinion, so criticism of a department scores as any other complaint
of the same facts (tests/nlp/test_dissatisfaction.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlp.assertion import is_asserted
from records.analysis import Intent, UrgencyCode, UrgencyReason


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which a service fails: its share (0-1) and the words, a regular expression without groups."""

    kind: str
    share: float
    words: str


# What the intent alone says: somebody who asks or thanks is not failed yet.
START = {
    Intent.THANKS: 0.03,
    Intent.CONSULT: 0.1,
    Intent.SUGGESTION: 0.2,
    Intent.HELP: 0.3,
    Intent.COMPLAINT: 0.4,
}
FAILURES = (
    Failure("nobody acts", 0.35, r"没有?人(?:管|理|处理|解决|过问|来)|无人(?:管|问津|理|处理|维护)|不作为|不管不问|不闻不问|置之不理|不予理睬|石沉大海|不了了之|推诿|踢皮球|推来推去|互相推|推脱|推卸|敷衍"),
    Failure("not done", 0.3, r"(?:还|一直|仍|至今|迟迟|始终|尚|都)(?:[一-鿿]{0,4})(?:没|未|不)(?:[一-鿿]{0,2})(?:来|修|通|解决|处理|到位|落实|答复|回复|动工|开工|完工|交房|办|发|退|给|开通|启动|装|安装|好|兑现|下来)|无果|未果|没有?(?:任何)?(?:结果|效果|答复|回复|解决|改善|改变)|得不到(?:解决|答复|回复)|烂尾|停工|逾期|延期"),
    Failure("asked again", 0.2, r"(?:多次|无数次|反复|数次|几次|N次|再三|一再|屡次|第[\d二三四五六七八九十]+次|再次)(?:[^。!！?？;；\n]{0,8})(?:反映|反应|投诉|举报|留言|致电|拨打|打电话|电话|上访|信访|沟通|协商|要求|报修|联系|报警)"),
    Failure("keeps on", 0.2, r"(?:多年|几年|数年|长期|常年|[\d一二两三四五六七八九十几]+(?:多|余)?(?:年|个月|月)(?:多|了|来|以来)|半年|[\d一二两三四五六七八九十几]+天(?:了|多)|每天|天天|经常|反复|频繁|越来越)"),
    Failure("cannot live with it", 0.3, r"扰民|噪音|噪声|无法(?:入睡|休息|睡|正常|生活|居住|出行|通行|忍受)|睡不着|不能(?:休息|睡|入睡)|臭(?:气|味|不可闻|水)|恶臭|刺鼻|污水|污染|灰尘|粉尘|油烟|漏水|渗水|积水|开裂|裂缝|质量(?:问题|差)"),
    Failure("hindered", 0.15, r"不方便|不便|拥堵|堵车|难(?:行|走|停|办|以)|破(?:损|烂)|坑坑洼洼|泥泞|绕(?:路|行)|太(?:少|慢|贵|高|难)|坏了|损坏|看不清|不合理|不公平|不一致"),
    Failure("wronged", 0.3, r"乱收费|强制(?:[一-鿿]{0,4})(?:收|消费|购买|捆绑|交)|违规|违法|违建|欺骗|欺诈|诈骗|忽悠|虚假|霸王|偷工减料|侵占|侵害|损害|强拆|强占|克扣|殴打|黑心|骗|拒绝|拒不|不退|不给|不让"),
)  # fmt: skip
# What urgency has already found, for the same message.
_BY_REASON = {
    UrgencyCode.DANGER: 0.3,
    UrgencyCode.UTILITY_CUT: 0.4,
    UrgencyCode.UNPAID_WAGES: 0.45,
    UrgencyCode.VULNERABLE: 0.15,
}
_ALL = re.compile("|".join(f"(?P<f{at}>{failure.words})" for at, failure in enumerate(FAILURES)))


def read_dissatisfaction(text: str, intent: Intent, reasons: Sequence[UrgencyReason]) -> float:
    """Return 0-1, two decimals. `reasons` are the message's own urgency reasons."""
    shares = {kind: share for kind, share in _failures(text)}
    left = 1 - START[intent]
    for share in (*shares.values(), *(_BY_REASON.get(reason.code, 0.0) for reason in reasons)):
        left *= 1 - share
    return round(1 - left, 2)


def _failures(text: str) -> list[tuple[str, float]]:
    found = {}
    for match in _ALL.finditer(text):
        failure = FAILURES[int(match.lastgroup[1:])]  # type: ignore[index]  # every branch is a named group
        if failure.kind not in found and is_asserted(text, match.start(), match.end()):
            found[failure.kind] = failure.share
    return list(found.items())
