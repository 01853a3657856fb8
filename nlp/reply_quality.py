"""Whether the newest reply answers its question, and what it does, with the words that show it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from nlp.cues import CueTable
from records.analysis import ReplyFinding, ReplyFindingCode, ReplyQuality

# A date that the answer promises: words of time to come stand beside it, unlike the date of the letter.
_WHEN = (
    r"(?:\d{4}年|\d{1,2}月|今年|明年|后年|年底|月底|年内|本月|下月|近期)"
    r"(?:\d{1,2}月)?(?:\d{1,2}[日号])?(?:底|初|[中上下]旬|前|之前|内)?"
)
_PROMISED = re.compile(
    rf"(?:将|拟|计划|预计|力争|争取|确保|定于|约)[^。!！?？;；\n]{{0,12}}?{_WHEN}"
    r"|\d{1,2}月(?:\d{1,2}[日号])?(?:底|[中上下]旬)?(?:之?前|起)[^。!！?？;；\n]{0,10}"
    r"(?:完成|完工|到位|通车|开工|开通|整改|实施|执行|竣工|解决)"
    r"|\d{1,4}个?(?:工作日|日|天|月)(?:内|之内)"
)
# Courtesies at either end of a reply are the same in all of them, so they say nothing about its question.
_COURTESIES = re.compile(
    r"^\s*(?:尊敬的)?网友[^,，。!！:：\n]{0,24}[:：]?"
    r"|^\s*[\"“”'‘’]UU?\w{3,}[\"“”'‘’]?[:：,，]?"
    r"|您好[!！,，。:：]?"
    r"|您?的?(?:留言|来信|咨询|反映的?问题)(?:已|我们)*(?:收悉|收到|知悉)[,，。.]?"
    r"|(?:现将?|经)?(?:有关|相关|具体)?(?:情况|问题)?(?:答复|回复)如下[:：]?"
    r"|(?:再次)?感谢[^。!！\n]{0,40}(?:关心|关注|支持|监督|理解|信任|参与)[^。!！\n]{0,10}[。!！]?"
    r"|特此(?:回复|答复|说明)"
    r"|\d{4}年\d{1,2}月\d{1,2}日\s*$"
)
# With no more than this many characters beyond its courtesies, and no decision, a reply is a form letter.
_SHORT = 25


def strip_courtesies(reply: str) -> str:
    """Return the reply without greeting, receipt, thanks and the date it is signed with."""
    return _COURTESIES.sub(" ", reply).strip()


def relevance(
    question: Sequence[str], reply: Sequence[str], idf: Mapping[str, float], *, rare: float
) -> float:
    """Return the TF-IDF cosine of two lists of words, 0-1; a word without `idf` weighs `rare`."""
    one, other = _weighted(question, idf, rare), _weighted(reply, idf, rare)
    shared = sum(weight * other[word] for word, weight in one.items() if word in other)
    size = math.sqrt(sum(w * w for w in one.values()) * sum(w * w for w in other.values()))
    return round(shared / size, 2) if size else 0.0


def read_reply(reply: str, cues: CueTable, *, cosine: float) -> ReplyQuality:
    """Return what a (normalised) reply does; `cosine` is its relevance."""
    found: dict[ReplyFindingCode, str] = {}
    for cue, start, end in cues.find(reply):
        found.setdefault(ReplyFindingCode(cue.code), reply[start:end])
    promised = _PROMISED.search(reply)
    if promised:
        found[ReplyFindingCode.NAMES_DATE] = promised.group()
    if ReplyFindingCode.DECIDES in found or len(strip_courtesies(reply)) > _SHORT:
        found.pop(
            ReplyFindingCode.FORM_LETTER, None
        )  # courtesies alone make none: nearly every reply has them
    findings = tuple(ReplyFinding(code=code, words=words) for code, words in found.items())
    return ReplyQuality(relevance=cosine, findings=findings)


def _weighted(words: Sequence[str], idf: Mapping[str, float], rare: float) -> dict[str, float]:
    return {word: (1 + math.log(n)) * idf.get(word, rare) for word, n in Counter(words).items()}
