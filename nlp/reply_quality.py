"""Whether the newest reply answers its question, and what it does: each finding with the words that show it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from records.analysis import ReplyFinding, ReplyFindingCode, ReplyQuality

# The first words of each kind are the finding. Read from 300 replies drawn from replies_open.jsonl (2020 Teddy Cup, C).
_FINDINGS = (
    (ReplyFindingCode.DECIDES, r"已(?:经)?(?:责令|要求|督促|下达|安排|组织|完成|整改|修复|解决|办理|处理|拆除|取缔|停业|停止|恢复|发放|列入|纳入|启动|落实|更换|清理|约谈|立案|处罚|关停|开通)|责令|下达(?:了)?(?:《?[一-鿿]{0,12})?通知书|予以(?:处罚|取缔|拆除|支持|批准|解决|查处)|(?:决定|同意|批准|将于|拟于|计划于?|预计)(?:[一-鿿\d]{0,14})(?:建设|实施|开工|动工|完工|完成|启动|整改|修复|开通|发放|解决|拆除|改造)|可(?:以)?(?:凭|持|到|前往|申请|办理)"),
    (ReplyFindingCode.NAMES_CONTACT, r"(?:联系|咨询|服务|监督|举报|投诉|办公)?(?:电话|热线)(?:号码)?(?:为|是)?[:：]?\s*[（(]?[\d█*0-9-]{3,}|12345|联系人|详细地址|办公地点|前往[一-鿿]{2,16}(?:窗口|大厅|中心)"),
    (ReplyFindingCode.HANDS_OVER, r"(?:已|将|现已)?(?:经)?(?:转交|转办|交由|移交|交办|转请|转至|转给|转相关|转有关|转由|呈转|转送|转达)(?:[一-鿿]{0,16})|(?:建议|请)(?:您|你)?(?:直接)?(?:向|咨询|联系)[一-鿿0-9]{2,16}(?:咨询|反映|了解|联系|投诉|局|部门|公司|中心|集团)|不属于(?:我|本)[一-鿿]{1,4}(?:职责|职能|管辖|管理)"),
    (ReplyFindingCode.REFUSES, r"无法(?:满足|解决|办理|受理|实施|支持|给予|认定|核实|查实|查处|答复|给出)|不(?:予|能)(?:受理|支持|办理|批准|解决|认定|采纳|满足)|不符合(?:[一-鿿]{0,12})(?:条件|规定|要求|政策)|不具备(?:[一-鿿]{0,8})条件|暂(?:无|不)(?:[一-鿿]{0,10})(?:计划|规划|考虑|安排|实施|具备|能|纳入|增设)|没有(?:政策|法律)?依据|暂时?(?:无法|不能)"),
    (ReplyFindingCode.FORM_LETTER, r"(?:留言|来信|反映的?问题|情况)?(?:我们)?已(?:收悉|收到|知悉|阅)|高度重视|感谢(?:您|你)?(?:对)?[一-鿿]{0,20}(?:关心|支持|监督|理解)|如有(?:其他|疑问|任何)[一-鿿]{0,10}"),
)  # fmt: skip
_PATTERNS = tuple((code, re.compile(words)) for code, words in _FINDINGS)
# A date that the answer promises, not the date the letter is signed with: words of time to come stand beside it.
_PROMISED = re.compile(
    r"(?:将(?:于|在)?|拟(?:于|在)?|计划(?:于|在)?|预计(?:于|在)?|力争(?:于|在)?|争取(?:于|在)?|确保(?:于|在)?|约)[^。!！?？;；\n]{0,12}"
    r"(?:\d{4}年|\d{1,2}月|今年|明年|后年|年底|月底|年内|本月|下月|近期内?)(?:\d{1,2}月)?(?:\d{1,2}[日号])?(?:底|初|中旬|上旬|下旬|前|之前)?"
    r"|(?:\d{4}年)?\d{1,2}月(?:\d{1,2}[日号])?(?:底|中旬|上旬|下旬)?(?:之?前|起)(?:[^。!！?？;；\n]{0,10})(?:完成|完工|到位|通车|开工|开通|整改|实施|执行|竣工|解决)|\d+个?(?:工作日|日|天|月)(?:内|之内)"
)
# Courtesies at either end of a reply: the same in all of them, so they say nothing about its question.
_COURTESY = re.compile(
    r"^\s*[\"“”'‘’]?(?:尊敬的)?网友[^,，。!！:：\n]{0,24}[:：]?|^\s*[\"“”]UU?\w{3,}[\"“”]?[:：,，]?|您好[!！,，。:：]?|您?(?:的)?(?:留言|来信|咨询|反映的?问题)(?:已|我们)*(?:收悉|收到|知悉)[,，。.]?"
    r"|(?:现将?|经)?(?:有关|相关|具体)?(?:情况|问题)?(?:答复|回复)如下[:：]?|(?:再次)?感谢[^。!！\n]{0,40}(?:关心|关注|支持|监督|理解|信任|参与)[^。!！\n]{0,10}[。!！]?"
    r"|特此(?:回复|答复|说明)|\d{4}年\d{1,2}月\d{1,2}日\s*$"
)
# A reply with no more than this many characters beyond its courtesies, and no decision, is a form letter.
_SHORT = 25


def strip_courtesies(reply: str) -> str:
    """Return the reply without greeting, receipt, thanks and the date it is signed with."""
    return _COURTESY.sub(" ", reply).strip()


def read_reply(
    question: Sequence[str], reply: str, reply_words: Sequence[str], idf: Mapping[str, float], *, rare: float
) -> ReplyQuality:
    """Return relevance and findings. `question` and `reply_words` are words; a word without `idf` gets `rare`."""
    return ReplyQuality(
        relevance=round(_cosine(_weighted(question, idf, rare), _weighted(reply_words, idf, rare)), 2),
        findings=tuple(_find(reply)),
    )


def _find(reply: str) -> list[ReplyFinding]:
    found = {code: match.group() for code, pattern in _PATTERNS if (match := pattern.search(reply))}
    promised = _PROMISED.search(reply)
    if promised:
        found[ReplyFindingCode.NAMES_DATE] = promised.group()
    says_something = ReplyFindingCode.DECIDES in found or len(strip_courtesies(reply)) > _SHORT
    if says_something:  # courtesies alone make no form letter: nearly every reply has them
        found.pop(ReplyFindingCode.FORM_LETTER, None)
    return [ReplyFinding(code=code, words=words) for code, words in found.items()]


def _weighted(words: Sequence[str], idf: Mapping[str, float], rare: float) -> dict[str, float]:
    return {word: (1 + math.log(n)) * idf.get(word, rare) for word, n in Counter(words).items()}


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    shared = sum(weight * other[word] for word, weight in one.items() if word in other)
    size = math.sqrt(sum(w * w for w in one.values()) * sum(w * w for w in other.values()))
    return shared / size if size else 0.0
