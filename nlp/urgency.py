"""How far a message can wait: 0-3, with the reasons and the very words that gave them.

3: life in danger now · 2: water, power, gas or heat cut, wages unpaid, a hazard that may hurt someone ·
1: children, patients or an exam affected, a date within a week, no answer after repeated asking · 0: none.
Two reasons of level 2, or one that hits the vulnerable, make 3. Words give the reasons, and what was learnt
from labels (nlp/readings.py) says which of them hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from nlp.facts import Facts
from records.analysis import UrgencyCode, UrgencyReason

SOON = timedelta(days=7)
# The learnt level from which a reason of strength 2 stands where its cue alone is not sure; below, it is
# one of strength 1. Four times five folds over 656 messages read twice: kappa 0.707 with 0.8, 0.698 with 1.1.
LEARNT_FOR_2 = 0.8
_CODES = {str(code): code for code in UrgencyCode}
_REST = r"[^。!！?？;；\n]"  # within the sentence
_DATE = re.compile(
    rf"(?:(\d{{4}})年)?(\d{{1,2}})月(\d{{1,2}})[日号]{_REST}{{0,6}}(?:前|截止|到期|开学|考试|报名|开庭|手术|入学|拆|搬)"
)


def read_urgency(
    text: str, facts: Facts, asked_at: datetime, *, learnt: float, holds: Mapping[UrgencyCode, bool]
) -> tuple[int, tuple[UrgencyReason, ...]]:
    """Return the level 0-3 and its reasons, at most one of each code: the gravest, then the first.

    `learnt` is the learnt level; a code that `holds` denies gives no reason. What nearly happened is of
    level 1.
    """
    found: dict[UrgencyCode, tuple[int, str]] = {}
    for level, code, words in _reasons(text, facts, asked_at, learnt, holds):
        if level > found.get(code, (0, ""))[0]:
            found[code] = (level, words)
    reasons = tuple(UrgencyReason(code=code, words=words) for code, (_, words) in found.items())
    return _level({code: level for code, (level, _) in found.items()}), reasons


def _level(levels: Mapping[UrgencyCode, int]) -> int:
    grave = [code for code, level in levels.items() if level >= 2]
    worse = len(grave) > 1 or (grave and UrgencyCode.VULNERABLE in levels)
    return min(3, max(levels.values(), default=0) + bool(worse))


def _reasons(
    text: str, facts: Facts, asked_at: datetime, learnt: float, holds: Mapping[UrgencyCode, bool]
) -> Iterator[tuple[int, UrgencyCode, str]]:
    # Whom a cut hits tells how far it can wait: as sure as the cut itself.
    is_cut = any(cue.sure and cue.code == UrgencyCode.UTILITY_CUT for cue, _, _ in facts.asserted)
    for cue, start, end in facts.asserted:
        code, level = _CODES.get(cue.code), int(cue.weight)
        if code is None or not level:
            continue
        if cue.sure:
            yield level, code, text[start:end]
        elif holds.get(code, True) or (is_cut and code is UrgencyCode.VULNERABLE):
            yield (level if learnt >= LEARNT_FOR_2 else 1), code, text[start:end]
    for cue, start, end in facts.nearly:
        code = _CODES.get(cue.code)
        if code is not None and holds.get(code, True):
            yield 1, code, text[start:end]
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
