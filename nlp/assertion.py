"""Whether a message states something for its own case, now: not denied, not past and settled, not "what if".

What nearly happened is told apart: it did not happen, and yet shows a risk.

After ConText (Harkema et al. 2009): cues before and after a finding, each with its reach. Here the reach of
a denial is a few characters, of a supposition the clause, of a settlement the sentence and the start of the
next.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from daachorse import CharwiseDoubleArrayAhoCorasick

_SENTENCE_END = re.compile("[。!！?？;；\n]")
_CLAUSE_END = re.compile("[。!！?？;；\n,，:：、]")
# All up to the last end: greedy, so it is looked for from the right.
_SENTENCES, _CLAUSES = (re.compile(f"(?s:.*){end.pattern}") for end in (_SENTENCE_END, _CLAUSE_END))
_REACH = 80  # characters looked at on either side: few clauses are longer, and time stays linear

_DENIED = re.compile(r"(?:没有?|未|无|不|不是|不会|并非|不再|不存在|从未|没有?(?:发生|出现)过?)$")
_DENIAL_ENDS = frozenset("没有未无不是会再在过")
_SUPPOSED = re.compile(
    r"如果|假如|假设|万一|倘若|要是|一旦|若是|若(?=发生|遇|出现)|会不会|是否会|以防|避免|防止|预防|以免|免得|谨防|杜绝|防范"
    r"|(?:[别莫真要]|难道|非得|是不是|必须)等(?!了|待|级|候)"
    r"|生怕|就怕|只怕|唯恐|再晚"
)
# "等出了人命才管", "出了事就晚了": a supposition that is known by what follows it.
_AWAITED = re.compile(r"等(?!了|待|级|候)")
_TOO_LATE = re.compile(r"就(?:太|都)?(?:晚|迟)了|就来不及|后悔")
_NEARLY = re.compile(r"差一?点|险些|几乎(?=被|要|就)")
_LONG_AGO = re.compile(r"以前|曾经?(?!说)|从前|早年|当年|去年|前年|[\d一二三四五六七八九十两几]年前")
_SETTLED = re.compile(
    r"(?:已经?|[都全]|后来|终于|现在|目前|已全部|刚刚?)[^没未不,，。]{0,4}"
    r"(?:修好|修复|解决|恢复|处理[好完]|来水|来电|通水|通电|供上|整改到位|结清|付清|补发|发放|发了|打到了|扑灭|排除|正常)"
    r"|(?:修好|解决|恢复|来水|来电|补发|结清)了"
    r"|(?:[点时][多半钟]?|中午|下午|傍晚|晚上|半夜|第二天)才(?:来|恢复|通)[水电气暖]?(?=[,，。;；!！?？\n]|$)"
)
_AGAIN = re.compile(r"又|仍|依然|依旧|还是|还在|再次|至今|一直|现在|目前|越来越|反复|尚未|还没")
# What an office says to be settled is settled only if the writer says so too.
_SAID = re.compile(r"(?:[回答]复|回应|告知|声称|宣称|[说称]|表示)[^,，。!！?？]{0,8}$")
_UNSETTLED = re.compile(
    r"(?:没有?|未|不|尚未|何时|什么时候|几点|要等|才(?!来|恢复|通)|能否|希望|请|尽快|早日|就算|[吗?？])"
)


# What a match of the patterns above cannot do without: where none of a kind is near, they need not be tried.
_SIGNS = {
    "supposed": "如果 假如 假设 万一 倘若 要是 一旦 若 会不会 是否会 以防 避免 防止 预防 以免 免得 谨防 杜绝"
    " 防范 等 生怕 就怕 只怕 唯恐 再晚 晚了 迟了 就来不及 后悔",
    "nears": "差点 差一点 险些 几乎",
    "looks_back": "以前 曾 从前 早年 当年 去年 前年 年前",
    "settles": "修好 修复 解决 恢复 处理好 处理完 来水 来电 通水 通电 供上 整改到位 结清 付清 补发"
    " 发放 发了 打到了 扑灭 排除 正常 才来 才恢复 才通",
}


@dataclass(frozen=True, slots=True)
class Signs:
    """Finds the signs of a text in one pass; `kinds[n]` is the place in `_SIGNS` of what word n is one of."""

    finder: CharwiseDoubleArrayAhoCorasick
    kinds: tuple[int, ...]

    @classmethod
    def load(cls) -> Self:
        """Return what finds the signs."""
        words = [(word, kind) for kind, listed in enumerate(_SIGNS.values()) for word in listed.split()]
        return cls(
            CharwiseDoubleArrayAhoCorasick([word for word, _ in words]), tuple(kind for _, kind in words)
        )

    def read(self, text: str) -> Statement:
        """Look a text through once; linear in its length."""
        found: tuple[list[int], ...] = ([], [], [], [])
        for start, _, word in self.finder.find_overlapping(text):
            found[self.kinds[word]].append(start)
        return Statement(text, *found)


@dataclass(frozen=True, slots=True)
class Statement:
    """A text, and where its words of supposition, of a near miss, of the past and of settlement begin.

    Most texts have few, and then little has to be looked for around each finding.
    """

    text: str
    supposes: Sequence[int]
    nears: Sequence[int]
    looks_back: Sequence[int]
    settles: Sequence[int]

    def asserts(self, start: int, end: int) -> bool:
        """Return whether what `text[start:end]` names is stated as the message's own, present case."""
        text = self.text
        # A denial stands right before what it denies; all of them end in one of these characters.
        if text[start - 1 : start] in _DENIAL_ENDS and _DENIED.search(self._clause(start)[-6:]):
            return False
        if (
            self.supposes
            and _any(self.supposes, start - _REACH, end + _REACH)
            and self._is_supposed(start, end)
        ):
            return False
        if self.settles and _any(self.settles, end, end + _REACH):
            sentence_end = _right(text, end, _SENTENCE_END)
            if _is_settled(text[end : min(sentence_end + 16, end + _REACH)]):
                return False
        if "过" not in text[start:end] and not (
            self.looks_back
            and _any(self.looks_back, start - _REACH, start)
            and _LONG_AGO.search(self._clause(start))
        ):
            return True
        sentence = text[_left(text, start, _SENTENCES) : _right(text, end, _SENTENCE_END)]
        return _AGAIN.search(sentence) is not None

    def nearly(self, start: int) -> bool:
        """Return whether what begins at `start` only nearly happened."""
        return _any(self.nears, start - _REACH, start) and _NEARLY.search(self._clause(start)) is not None

    def _is_supposed(self, start: int, end: int) -> bool:
        before, after = self._clause(start), self.text[end : _right(self.text, end, _CLAUSE_END)]
        awaited = "才" in after and _AWAITED.search(before)
        return bool(awaited or _SUPPOSED.search(before) or _TOO_LATE.search(after))

    def _clause(self, start: int) -> str:
        return self.text[_left(self.text, start, _CLAUSES) : start]


def _is_settled(after: str) -> bool:
    found = _SETTLED.search(after)
    if not found or _SAID.search(after[max(0, found.start() - 12) : found.start()]):
        return False
    around = after[max(0, found.start() - 6) : found.end() + 2]
    return not _UNSETTLED.search(around) and not _AGAIN.search(after[found.end() :])


def _any(places: Sequence[int], start: int, end: int) -> bool:
    """Return whether one of the ascending places is from `start` on and before `end`."""
    return bisect_left(places, start) < bisect_left(places, end)


def _left(text: str, at: int, complete: re.Pattern[str]) -> int:
    floor = max(0, at - _REACH)
    found = complete.match(text, floor, at)
    return found.end() if found else floor


def _right(text: str, at: int, ends: re.Pattern[str]) -> int:
    end = ends.search(text, at, at + _REACH)
    return end.start() if end else min(len(text), at + _REACH)
