"""Names of persons without a cue: by what follows them, others beside them, a phone, or the end of a text."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator

from crawler.masking import name_cues as cues
from crawler.masking.lexicon import Places
from crawler.masking.name_shape import HAN, is_bounded, is_free, is_full_name, is_place
from crawler.masking.surnames import BOUNDARY, STRONG, SURNAME_STARTS

_DIGITS = string.digits
_COUNTS = "数几两二三四五六七八九十"
_PARTICULAR = re.compile(
    r"[男女](?=[，,、）)；;。\s性])"
    rf"|(?:{'|'.join(cues.TOLD_OF)})(?:号码?|号)?[:：是为\s（(]{{0,3}}(?=[\d〔*])"
    rf"|[（(](?=\d{{1,3}}岁|{'|'.join(cues.BRACKETED)})"
    rf"|的(?={'|'.join(cues.RELATIVES)})"
    rf"|本人(?![和因于在是与已住有的对就也想从把把])|等[{_COUNTS}\d]{{0,3}}[人名位户](?!为|大|才)"
    rf"|{'|'.join(cues.DEEDS)}"
)
PARTICULARS = (
    "本人",
    *cues.DEEDS,
    *("的" + word for word in cues.RELATIVES),
    *(bracket + word for bracket in "（(" for word in (*cues.BRACKETED, *_DIGITS)),
    *("等" + mark for mark in _COUNTS + _DIGITS + "人名位户"),
    *(sex + mark for sex in "男女" for mark in "，,、）)；;。性 \t\n\u3000\xa0"),
    *(word + mark for word in cues.TOLD_OF for mark in "号:：是为（(〔* \t\n\u3000\xa0" + _DIGITS),
)
_NAME_STARTS = frozenset("是叫人主民员长记为由子女夫妻和与及导商户班师医友姐妹兄弟母父")


def before_particulars(text: str, places: Places) -> Iterator[tuple[int, int]]:
    """Yield names told by what follows: 张三，男， / 张三（身份证… / 张三 电话138…"""
    for place, _ in places:
        match = _PARTICULAR.match(text, place)
        if match is None:
            continue
        end = place
        while end and (text[end - 1] in "（(，,、 \u3000\t\n" or text.endswith("性别", 0, end)):
            end -= 2 if text[end - 1] == "别" else 1
        if (end == match.start() and match[0] in "男女") or match.start() - end > 5:
            continue
        for at in (end - 4, end - 3, end - 2):
            starts_clearly = at >= 0 and (is_free(text, at) or text[at - 1] in _NAME_STARTS)
            if starts_clearly and is_full_name(text, at, end):
                yield at, end
                yield from _listed_before(text, at)
                break


# Whose names stand side by side without a word: three of them at least, …
_SIDE_BY_SIDE = 3
_LONGEST_NAME = 4
_SPACES = " \u3000\xa0\n"
_SIDE_MARKS = "、，," + _SPACES
SIDE_SIGNS = tuple(mark + surname for mark in _SIDE_MARKS for surname in STRONG)
_SIDE = re.compile(r"[\u4e00-\u9fff]{2,4}")
_SIDE_GAP = re.compile(rf"[{_SIDE_MARKS}][{_SPACES}]{{0,7}}")
# … two of them longer than a word and unlike a place.
_LANDSCAPE = frozenset("山湖河江岭洲园城镇乡村路街桥区站庙寺岛港口市县省院校厂店楼馆场")


def side_by_side(text: str, places: Places) -> Iterator[tuple[int, int]]:
    """Yield the names of a list that has nothing but names: 张三丰、李四光、王五福."""
    done = 0
    for place, _ in places:
        start = place
        while start and text[start - 1] in _SPACES:
            start -= 1
        place = start
        while start and text[start - 1] not in BOUNDARY:
            start -= 1
        if start < done or place - start > _LONGEST_NAME:
            continue
        names = list(_names_from(text, start))
        done = names[-1][1] if names else done
        if len(names) >= _SIDE_BY_SIDE and sum(_is_no_place(text, *name) for name in names) > 1:
            yield from names


def _is_no_place(text: str, start: int, end: int) -> bool:
    return end - start > len("张三") and text[end - 1] not in _LANDSCAPE


def _names_from(text: str, start: int) -> Iterator[tuple[int, int]]:
    while match := _SIDE.match(text, start):
        end = match.end()
        if text[start] not in STRONG and end - start <= len("高峰"):
            return
        if not is_full_name(text, start, end) or is_place(text, start, end):
            return
        yield start, end
        gap = _SIDE_GAP.match(text, end)
        if gap is None:
            return
        start = gap.end()


_BESIDE = re.compile(r"[\s:：（(，,]{1,3}")


def beside_phones(text: str, phones: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the name that stands alone right before or behind a phone number: 张三：138…, 138…（张三）."""
    for start, end in phones:
        at = start
        while at and text[at - 1] in " \t\u3000:：（(，,、":
            at -= 1
        for first in (at - 4, at - 3, at - 2):
            if first >= 0 and (first == 0 or text[first - 1] in BOUNDARY) and is_full_name(text, first, at):
                yield first, at
        gap = _BESIDE.match(text, end)
        behind = HAN.match(text, gap.end()) if gap else None
        if behind and is_bounded(text, behind.end()) and is_full_name(text, *behind.span()):
            yield behind.span()


_LISTED_BEFORE = re.compile(r"[\u4e00-\u9fff]{2,4}[、和与及]$")


def _listed_before(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Yield the names that a list has before the one at `at`: 张三、李四和王五等人."""
    while match := _LISTED_BEFORE.search(text, max(0, at - 5), at):
        end = match.end() - 1
        start = next(
            (one for one in (end - 4, end - 3, end - 2) if one >= 0 and is_full_name(text, one, end)), None
        )
        if start is None:
            return
        yield start, end
        at = start


_TAIL = re.compile(
    f"(?P<name>[{''.join(SURNAME_STARTS)}]"
    r"(?:(?<=[。！!？?~～…\s）)礼致谢—].)|(?<=〕[，,、].)|(?<=[\d一二三四五六七八九十][日号].)|(?<=\A.))"
    r"[\u4e00-\u9fff]?[ 　]{0,2}[\u4e00-\u9fff]{1,2})"
    r"[\s　，,]*(?:敬上|拜上|上|呈|启|亲笔)?[\s　]*(?:[（(]?〔[^〕]{1,4}〕[)）]?|[\d*]{7,})?[\s　]*"
    r"(?:(?:19|20)\d\d\s?[年.\-/—]\s?\d{1,2}\s?[月.\-/—]?\s?(?:\d{1,2}\s?[日号]?)?)?[\s　]*$"
)
_TAIL_REACH = 48
_NO_TAIL = frozenset("。！!？?；;：:…~～、")


def signature(text: str) -> Iterator[tuple[int, int]]:
    """Yield the name that a text ends with: ……谢谢！张三 2019年3月1日."""
    if text[-1:] in _NO_TAIL:
        return
    match = _TAIL.search(text, max(0, len(text) - _TAIL_REACH))
    if match is None:
        return
    name = re.sub(r"\s", "", match["name"])
    if is_full_name(name, 0, len(name)) and not is_place(name, 0, len(name)):
        yield match.span("name")
