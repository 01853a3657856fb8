"""How far a message can wait: 0-3, with the reasons and the very words that gave them.

3: life in danger now · 2: water, power, gas or heat cut, wages unpaid, a hazard that may hurt someone ·
1: children, patients or an exam affected, a date within a week, no answer after repeated asking · 0: none.
Two reasons of level 2, or one that hits the vulnerable, make 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from nlp.assertion import is_asserted
from nlp.cues import CueTable
from records.analysis import UrgencyCode, UrgencyReason

SOON = timedelta(days=7)
_REST = r"[^。!！?？;；\n]"  # within the sentence

# "No answer after repeated asking" needs both halves: the asking is a cue, this the other.
_NO_ANSWER = re.compile(
    r"无果|未果|没有?(?:任何|得到|人|一个|给)?[一-鿿]{0,4}(?:答复|回[复应]|结果|解决|处理|理|管|音讯|下文|动静|改善|效果)"
    r"|[未不](?:得到|见|予|能|给)?[一-鿿]{0,4}(?:答复|回[复应]|解决|处理|理睬|受理)"
    r"|石沉大海|置之不理|不了了之|不闻不问|不管不问|无人(?:问津|管|理|处理)|踢皮球|推诿|推来推去|互相推|依旧|依然|仍然|至今"
)
_DATE = re.compile(
    rf"(?:(\d{{4}})年)?(\d{{1,2}})月(\d{{1,2}})[日号]{_REST}{{0,6}}(?:前|截止|到期|开学|考试|报名|开庭|手术|入学|拆|搬)"
)


def read_urgency(text: str, asked_at: datetime, cues: CueTable) -> tuple[int, tuple[UrgencyReason, ...]]:
    """Return the level 0-3 and its reasons, at most one of each code: the gravest, then the first."""
    found: dict[UrgencyCode, tuple[int, str]] = {}
    for level, code, words in _reasons(text, asked_at, cues):
        if level > found.get(code, (0, ""))[0]:
            found[code] = (level, words)
    reasons = tuple(UrgencyReason(code=code, words=words) for code, (_, words) in found.items())
    return _level({code: level for code, (level, _) in found.items()}), reasons


def _level(levels: dict[UrgencyCode, int]) -> int:
    grave = [code for code, level in levels.items() if level >= 2]
    worse = len(grave) > 1 or (grave and UrgencyCode.VULNERABLE in levels)
    return min(3, max(levels.values(), default=0) + bool(worse))


def _reasons(text: str, asked_at: datetime, cues: CueTable) -> Iterator[tuple[int, UrgencyCode, str]]:
    for cue, match in cues.find(text):
        code = UrgencyCode(cue.code)
        if code is UrgencyCode.REPEATED_ASKING:
            if _NO_ANSWER.search(text):
                yield int(cue.weight), code, match.group()
        elif is_asserted(text, match.start(), match.end()):
            yield int(cue.weight), code, match.group()
    for date in _DATE.finditer(text) if "月" in text else ():
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
