"""Names of persons, by what stands before or after them.

Nothing here knows words: a name is a surname and one or two further characters, believed the more readily the
clearer the cue. Where its end is in doubt one character too many is masked rather than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum

from crawler.masking import name_cues as cues
from crawler.masking.kinds import Finding, Kind
from crawler.masking.lexicon import Lexicon
from crawler.masking.surnames import (
    BOUNDARY,
    COMPOUND,
    FOLLOWS,
    NEVER_GIVEN,
    ORDINARY,
    PARTICLES,
    PUBLIC,
    STRONG,
    WEAK,
)


class _Trust(IntEnum):
    """How surely the cue before it announces a name."""

    LOOSE = 1  # 本人, 我儿子: followed by anything
    CUED = 2  # 村民, 主任: often followed by a name
    EXPLICIT = 3  # 我叫, 姓名：


_TRUST = (
    dict.fromkeys((*cues.SELVES, *cues.KIN), _Trust.LOOSE)
    | dict.fromkeys((*cues.OFFICES, *cues.ROLES, *cues.LABELS, *cues.CLOSINGS), _Trust.CUED)
    | dict.fromkeys(cues.INTRODUCTIONS, _Trust.EXPLICIT)
)
_BEFORE = Lexicon(_TRUST)
_COLON_TELLS = frozenset((*cues.LABELS, *cues.ROLES, *cues.KIN, *cues.SELVES, *cues.INTRODUCTIONS))
_AFTER = Lexicon((*cues.OFFICES, *cues.PRIVATE_TITLES, *cues.SIGNS))

_GAP = re.compile(
    r"(?P<link>名?叫做?|名字叫|名字是|是|为)?\s{0,3}(?P<colon>[:：∶﹕]?)[\s　]{0,4}[（(“\"‘【\[《]?\s?"
)
_MAY_FOLLOW = STRONG | WEAK | {name[0] for name in COMPOUND} | frozenset('名叫是为:：∶﹕ 　\t（(“"‘【[《')
_LIST = re.compile(r"\s?[、/和与及]\s?")
_MASKED_GIVEN = re.compile(r"某{1,3}|[xXＸ×*＊○〇█]{1,3}")
_ETHNIC = re.compile(r"[\u4e00-\u9fff]{1,8}[·•‧・][\u4e00-\u9fff]{1,10}")
_HAN = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]+")
_LATIN = re.compile(r"[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){0,2}")

# A name that ends so, or is followed so, is a place's or a company's.
_PLACE_TAILS = frozenset("湾冲坪坝坡岭塘桥垅垸屋咀洲洞渡坳圩埠")
_PLACE_NEXT = frozenset("村镇乡路街巷湾岭桥冲塘坪苑庄垸坝府")
_PLACE_WORDS = cues.words(
    "公司/集团/小区/超市/酒店/饭店/医院/学校/中学/小学/社区/大道/大桥/广场/商店/商行/药店"
    "/诊所/花园/水库/路口/"
    "大厦/餐馆/酒楼/烧烤/粉店/米粉/家村/家园"
)
# 校长期, 县长途: the title is none.
_AFTER_LONG = frozenset("期久远效度大达高时途沙江廊线短城")
# Two characters before a title whose last one is a surname by chance.
_ENDINGS = cues.words(
    "照顾/不顾/其余/老翁/感谢/谢谢/多谢/不许/允许/也许/准许/或许/森林/园林/沙龙/长江/湘江/浏阳/衡阳/岳阳/贵阳"
    "/沈阳/邵阳/益阳/咸阳/"
    "洛阳/南阳/耒阳/麻阳/官方/基金/资金/奖金/现金/城管/交管/物管/苏州/江西/浙江/学费/小康/健康"
)
# Surnames so common, and so rare inside given names, that one right before a title is the whole name.
_TOP = frozenset("王李张刘陈杨黄赵吴周徐孙胡朱郭何罗宋谢邓曹彭曾肖")
_ADDRESSED = re.compile(r"[\u4e00-\u9fff]{2,3}(?:[:：]|[，,]?\s*[您你]们?好)")


def find_names(text: str) -> Iterator[Finding]:
    """Yield names after cues, before titles and particulars, in signatures; before a title a surname too."""
    for finder in (_after_cues, _before_titles, _before_particulars, _half_named, _signature):
        for start, end in finder(text):
            if not text.startswith(PUBLIC, start) and text[start] != "习":
                yield Finding(kind=Kind.NAME, start=start, end=end)


def names_in(text: str) -> frozenset[str]:
    """Return the names that `find_names` finds, for masking them elsewhere too."""
    return frozenset(text[finding.start : finding.end] for finding in find_names(text))


def find_known(text: str, names: Iterable[str]) -> Iterator[Finding]:
    """Yield every place of names already found, but where one is part of a place's name."""
    for name in names:
        if len(name) < 2 or "某" in name or not _HAN.fullmatch(name):
            continue
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if not _is_place(text, start, end):
                yield Finding(kind=Kind.NAME, start=start, end=end)
            start = text.find(name, end)


def _after_cues(text: str) -> Iterator[tuple[int, int]]:
    for start, end in _BEFORE.find(text):
        if text[end : end + 1] not in _MAY_FOLLOW:
            continue
        word = text[start:end]
        gap = _GAP.match(text, end)
        if gap is None:
            continue
        trust = _trust(word, gap)
        at = gap.end()
        name_end = _name_end(text, at, trust)
        if not name_end and gap["colon"] and word in cues.ANY_VALUE_LABELS:
            name_end = _any_value_end(text, at)
        if name_end:
            yield at, name_end
            yield from _listed(text, name_end, trust)


def _trust(word: str, gap: re.Match[str]) -> _Trust:
    if (gap["colon"] and word in _COLON_TELLS) or (gap["link"] and "叫" in gap["link"]):
        return _Trust.EXPLICIT
    trust = _TRUST[word]
    return _Trust.LOOSE if gap["link"] and trust is _Trust.CUED else trust


def _listed(text: str, end: int, trust: _Trust) -> Iterator[tuple[int, int]]:
    """Yield the names that go on a list: 张三、李四和王五."""
    while mark := _LIST.match(text, end):
        next_end = _name_end(text, mark.end(), min(trust, _Trust.CUED))
        if not next_end or (mark[0].strip() not in "、/" and not _ends_clearly(text, next_end)):
            return
        yield mark.end(), next_end
        end = next_end


def _name_end(text: str, at: int, trust: _Trust) -> int:
    """Return the end of the name that starts at `at`, 0 if there is none to be believed."""
    char = text[at : at + 1]
    if trust > _Trust.LOOSE and (ethnic := _ETHNIC.match(text, at)) and _is_bounded(text, ethnic.end()):
        return ethnic.end()
    sure = char in STRONG
    if text[at : at + 2] in COMPOUND:
        given, sure = at + 2, True
    elif sure or char in WEAK:
        given = at + 1
    else:
        return 0
    if (masked := _MASKED_GIVEN.match(text, given)) and char not in PARTICLES:
        return _with_last(text, masked.end()) if len(masked[0]) == 1 else masked.end()
    if trust is _Trust.EXPLICIT and (spaced := _spaced_end(text, given)):
        return spaced
    for end in (given + 2, given + 1):
        if _is_given(text, given, end) and _is_believable(text, at, end, trust, sure=sure):
            return end
    return 0


def _with_last(text: str, end: int) -> int:
    """Return `end`, or one more where the last character of a half-hidden name follows (张某强)."""
    return end + 1 if _is_given(text, end, end + 1) and _ends_clearly(text, end + 1) else end


def _spaced_end(text: str, at: int) -> int:
    """Return the end of a one-character given name set apart by spaces (张  三), or 0."""
    end = at
    while text[end : end + 1] in (" ", "　") and end - at < 4:
        end += 1
    good = end > at and _is_given(text, end, end + 1) and _is_bounded(text, end + 1)
    return end + 1 if good else 0


def _is_given(text: str, start: int, end: int) -> bool:
    given = text[start:end]
    if len(given) != end - start or not _HAN.fullmatch(given) or not NEVER_GIVEN.isdisjoint(given):
        return False
    return not any(text[i : i + 2] in FOLLOWS for i in range(start, end))


def _is_believable(text: str, start: int, end: int, trust: _Trust, *, sure: bool) -> bool:
    if trust is _Trust.EXPLICIT and _is_bounded(text, end):
        return True
    compound = text[start : start + 2] in COMPOUND
    if (not compound and text[start : start + 2] in ORDINARY) or _is_place(text, start, end):
        return False
    if sure:
        return trust > _Trust.LOOSE or _ends_clearly(text, end)
    if text[start] in PARTICLES:
        return trust is _Trust.EXPLICIT and _ends_clearly(text, end)
    if _is_bounded(text, end):
        return True
    return trust > _Trust.LOOSE and end - start >= 3 and _ends_clearly(text, end)


def _is_bounded(text: str, end: int) -> bool:
    return end >= len(text) or text[end] in BOUNDARY


def _ends_clearly(text: str, end: int) -> bool:
    return _is_bounded(text, end) or text[end] in NEVER_GIVEN or text[end : end + 2] in FOLLOWS


def _is_place(text: str, start: int, end: int) -> bool:
    if text[end - 1] in _PLACE_TAILS or text[end : end + 1] in _PLACE_NEXT:
        return True
    return (
        text[end : end + 2] in _PLACE_WORDS
        or text[end - 1 : end + 1] in _PLACE_WORDS
        or text[start + 1 : end] == "家"
    )


def _any_value_end(text: str, at: int) -> int:
    """Return the end of a value that can only be a name (姓名：阿依古丽), or 0."""
    if latin := _LATIN.match(text, at):
        return latin.end()
    han = _HAN.match(text, at)
    if han is None or not 2 <= len(han[0]) <= 4 or not _is_bounded(text, han.end()):
        return 0
    return han.end() if NEVER_GIVEN.isdisjoint(han[0]) and han[0][:2] not in cues.NO_NAMES else 0


def _before_titles(text: str) -> Iterator[tuple[int, int]]:
    for start, end in _AFTER.find(text):
        if start and not (text[end - 1] == "长" and text[end : end + 1] in _AFTER_LONG):
            alone = text[start:end] not in cues.SIGNS
            at = _full_name_start(text, start, alone=alone)
            if at is None and alone:
                at = _surname_start(text, start)
            if at is not None:
                yield at, start


def _full_name_start(text: str, end: int, *, alone: bool) -> int | None:
    """Return where the full name that ends at `end` starts; `alone`: there might be a surname only."""
    if alone and text[end - 1] in _TOP:
        return None
    for at in (end - 4, end - 3, end - 2):
        if at >= 0 and _is_full_name(text, at, end) and text[max(0, at - 1) : at + 1] not in _ENDINGS:
            return at
    return None


def _surname_start(text: str, end: int) -> int | None:
    """Return where the surname that ends at `end` starts, None if the character is no surname there."""
    last, before = text[end - 1], text[end - 2 : end - 1]
    if text[max(0, end - 2) : end] in COMPOUND:
        return end - 2
    if before + last in _ENDINGS or before + last in ORDINARY:
        return None
    clear = not before or (before in BOUNDARY and not before.isdecimal()) or before in "的位致请叫任员"
    if last in PARTICLES:
        return end - 1 if clear and _ADDRESSED.match(text, end) else None
    return end - 1 if last in STRONG or (last in WEAK and clear) else None


def _is_full_name(text: str, start: int, end: int) -> bool:
    head = 2 if text[start : start + 2] in COMPOUND else 1
    if not head < end - start <= head + 2 or (head == 1 and not _is_sure(text, start)):
        return False
    if (head == 1 and text[start : start + 2] in ORDINARY) or text[end - 1] in _PLACE_TAILS:
        return False
    return _is_given(text, start + head, end)


def _is_sure(text: str, at: int) -> bool:
    """Return whether the character at `at` is a surname there: a strong one, or a weak one after a break."""
    if text[at] in STRONG:
        return True
    return text[at] in WEAK and text[at] not in PARTICLES and (at == 0 or text[at - 1] in BOUNDARY)


# Every alternative starts with a literal: only then does `re` skip to the few places where one can match.
_TOLD = r"(?:号码?|号)?[:：是为\s（(]{0,3}(?=[\d〔*])"
_IN_BRACKETS = r"(?=身份证|联系电话|手机|电话|联系方式|户主|已故|已亡|化名|曾用名|微信|QQ|\d{1,3}岁)"
_PARTICULAR = re.compile(
    r"男(?=[，,、）)；;。\s性])|女(?=[，,、）)；;。\s性])"
    rf"|身份证{_TOLD}|联系电话{_TOLD}|手机{_TOLD}|电话{_TOLD}|联系方式{_TOLD}"
    rf"|（{_IN_BRACKETS}|\({_IN_BRACKETS}"
)
_NAME_STARTS = frozenset("是叫人主民员长记为由子女夫妻和与及")


def _before_particulars(text: str) -> Iterator[tuple[int, int]]:
    """Yield names told by what follows: 张三，男， / 张三（身份证… / 张三 电话138…"""
    for match in _PARTICULAR.finditer(text):
        end = match.start()
        while end and (text[end - 1] in "（(，,、 \u3000\t\n" or text.endswith("性别", 0, end)):
            end -= 2 if text[end - 1] == "别" else 1
        if (end == match.start() and match[0] in "男女") or match.start() - end > 5:
            continue
        for at in (end - 4, end - 3, end - 2):
            starts_clearly = at == 0 or (
                at > 0 and (text[at - 1] in BOUNDARY or text[at - 1] in _NAME_STARTS)
            )
            if starts_clearly and _is_full_name(text, at, end):
                yield at, end
                break


_SOME = re.compile("某+")
_SOME_THING = frozenset("些个种年月日天处地公小单村镇市县区路栋")
_PERSON = (
    "女士|先生|男子|女子|业主|村民|居民|老板|经理|负责人|工作人员|领导|住户|老人|师傅"
    "|同志|户主|司机|男士|妇女|主任"
    "|警官|医生|老师|律师|阿姨"
)
_PERSONS = tuple(_PERSON.split("|"))
_SURNAMED = re.compile(rf"姓(?=的?(?:{_PERSON})|.的?(?:{_PERSON}|[，。,（(]))")
_SURNAME_AND_NAME = re.compile(
    r"姓(?P<surname>[\u4e00-\u9fff]{1,2})[，,]?名(?P<given>[\u4e00-\u9fff]{1,2})(?=[，。、,.；;\s（(]|$)"
)
_BOSS = re.compile(r"总(?=[，。、,.：:；;！!？?\s（(）)”]|您|说|承诺|答复|$)")


def _half_named(text: str) -> Iterator[tuple[int, int]]:
    """Yield 张某某, 张姓女士, 姓张的, 张总: what little of the name is there."""
    if "某" in text:
        yield from _somebody(text)
    for match in _SURNAME_AND_NAME.finditer(text):
        yield from (match.span(group) for group in ("surname", "given"))
    for match in _SURNAMED.finditer(text):
        # 张姓女士 has it before, 姓张的 behind.
        at = match.start() - 1 if text.startswith(_PERSONS, match.end()) else match.end()
        if at >= 0 and text[at] in STRONG:
            yield at, at + 1
    for match in _BOSS.finditer(text):
        at = match.start() - 1
        if at >= 0 and text[at] in STRONG and text[max(0, at - 1) : at + 1] not in _ENDINGS:
            yield at, at + 1


def _somebody(text: str) -> Iterator[tuple[int, int]]:
    for match in _SOME.finditer(text):
        start, end = match.start() - 1, match.end()
        if start < 0 or text[start] in PARTICLES or text[start] not in STRONG | WEAK:
            continue
        if text[end : end + 1] == "些" or (text[start] in WEAK and text[end : end + 1] in _SOME_THING):
            continue
        if start and text[start - 1 : start + 1] in COMPOUND:
            start -= 1
        yield start, _with_last(text, end) if len(match[0]) == 1 else end


_TAIL = re.compile(
    r"[。！!？?~～…\s）)礼致谢—]"
    r"(?P<name>[\u4e00-\u9fff]{1,2}[ 　]{0,2}[\u4e00-\u9fff]{1,2})"
    r"[\s　，,]*(?:敬上|拜上|上|呈|启|亲笔)?[\s　]*(?:[（(]?〔[^〕]{1,4}〕[)）]?|[\d*]{7,})?[\s　]*"
    r"(?:(?:19|20)\d\d\s?[年.\-/—]\s?\d{1,2}\s?[月.\-/—]?\s?(?:\d{1,2}\s?[日号]?)?)?[\s　]*$"
)
_TAIL_REACH = 48


def _signature(text: str) -> Iterator[tuple[int, int]]:
    """Yield the name that a text ends with: ……谢谢！张三 2019年3月1日."""
    match = _TAIL.search(text, max(0, len(text) - _TAIL_REACH))
    if match is None:
        return
    name = re.sub(r"\s", "", match["name"])
    if _is_full_name(name, 0, len(name)) and not _is_place(name, 0, len(name)):
        yield match.span("name")
