"""What a name looks like, whatever stands around it: surname, given name, and no place."""

from __future__ import annotations

import re
from collections.abc import Set

from crawler.masking import name_cues as cues
from crawler.masking.everyday_words import NO_GIVEN_NAMES, TRIPLES
from crawler.masking.surnames import (
    BOUNDARY,
    COMPOUND,
    FOLLOWS,
    GIVEN,
    NEVER_GIVEN,
    ORDINARY,
    PARTICLES,
    SELDOM_GIVEN,
    STRONG,
    WEAK,
)

# A name that ends so, or is followed so, is a place's or a company's.
_PLACE_TAILS = frozenset("湾冲坪坝坡岭塘桥垅垸屋咀洲洞渡坳圩埠镇")
_PLACE_NEXT = frozenset("省村镇乡路街巷湾岭桥冲塘坪苑庄垸坝府")
# 夏荷苑5栋: an estate, whatever it is called.
_ESTATE_NEXT = re.compile(r"[A-Za-z]?\d{1,3}[栋幢座期号#]|[一二三四五六七八九十]期")
# 李家, 肖家湖: villages and waters are called after families.
_HOMES = cues.words("家/家湖/家河/家山/家岗/家垄/家屯/家沟/家井/家寨")
_PLACE_WORDS = cues.words(
    "公司/集团/小区/超市/酒店/饭店/医院/学校/中学/小学/社区/大道/大桥/广场/商店/商行/药店"
    "/诊所/花园/水库/路口/纪念/故里/旧居/铜像/陵园/"
    "食品/有限/实业/科技/置业/贸易/物流/风景/景区/公园/遗址/故居/"
    "大厦/餐馆/酒楼/烧烤/粉店/米粉/家村/家园/网吧/宾馆/茶楼/影院"
)
# Two characters before a title whose last one is a surname by chance.
ENDINGS = cues.words(
    "名单/账单/照顾/不顾/回顾/兼顾/光顾/拜谢/致谢/答谢/酬谢/道谢/队伍/桥梁/栋梁/松柏/回龙/任何/如何/为何/几何/对于/关于/由于/属于/位于/等于/至于/处于/在于/终于/基于/鉴于/过于/便于"
    "/大于/小于/低于/高于/忙于/其余/老翁/感谢/谢谢/多谢/不许/允许/也许/准许/或许/森林/园林/沙龙/长江/湘江/浏阳/衡阳/岳阳/贵阳"
    "/沈阳/邵阳/益阳/咸阳/点钟/分钟/秒钟/多钟/时钟/单元/美元/公元/"
    "洛阳/南阳/耒阳/麻阳/官方/基金/资金/奖金/现金/城管/交管/物管/苏州/江西/浙江/学费/小康/健康"
)
# Surnames so common, and so rare inside given names, that one right before a title is the whole name.
TOP = frozenset("王李张刘陈杨黄赵吴周徐孙胡朱郭何罗宋谢邓曹彭曾肖")
# 感谢高云才医生, 找到武英女士.
_LEADS = frozenset("谢烦请问找到向和与跟让给叫名位同见帮")
_WEEK_BEFORE = ("下", "本", "每", "这")
_LONGEST = 3  # with a surname of one character
HAN = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]+")
_NEVER_EVEN_BOUNDED = NEVER_GIVEN - SELDOM_GIVEN
# 张老板: whom a surname and a title name needs no given name.
_TITLES = tuple(cues.OFFICES | cues.PRIVATE_TITLES)
# 老人闻法人跑路: what persons are called ends a name as well.
_TITLE_PAIRS = frozenset(word for word in (*_TITLES, *cues.ROLES, *cues.LABELS) if len(word) == 2)


def is_given(text: str, start: int, end: int, *, never: Set[str] = NEVER_GIVEN) -> bool:
    given = text[start:end]
    if len(given) != end - start or not HAN.fullmatch(given) or not never.isdisjoint(given):
        return False
    return not any(text[i : i + 2] in FOLLOWS or text[i : i + 2] in _TITLE_PAIRS for i in range(start, end))


def is_given_whole(text: str, start: int, end: int) -> bool:
    """Return whether text[start:end], known to end there, is a given name: 之, 元, 和 may be in it too."""
    return is_given(text, start, end, never=_NEVER_EVEN_BOUNDED)


def is_titled(text: str, at: int) -> bool:
    return text.startswith(_TITLES, at)


def is_bounded(text: str, end: int) -> bool:
    return end >= len(text) or text[end] in BOUNDARY


def ends_clearly(text: str, end: int) -> bool:
    return is_bounded(text, end) or text[end] in NEVER_GIVEN or text[end : end + 2] in FOLLOWS


def is_place(text: str, start: int, end: int) -> bool:
    if text[end - 1] in _PLACE_TAILS or _ESTATE_NEXT.match(text, end):
        return True
    if text[end : end + 1] in _PLACE_NEXT and text[end + 1 : end + 2] != "长":
        return True
    return (
        text[end : end + 2] in _PLACE_WORDS
        or text[end - 1 : end + 1] in _PLACE_WORDS
        or text[start + 1 : end] in _HOMES
    )


def is_full_name(text: str, start: int, end: int) -> bool:
    head = 2 if text[start : start + 2] in COMPOUND else 1
    if not head < end - start <= head + 2:
        return False
    if head == 1 and not is_sure(text, start) and not is_toward(text, start, end):
        return False
    if is_everyday(text, start, end) or text[end - 1] in _PLACE_TAILS:
        return False
    doubtful = end - start == _LONGEST or (text[start] in WEAK and not is_free(text, start))
    if head == 1 and doubtful and is_unusual(text, start, end):
        return False
    # 便江镇一老板
    if "镇" in text[start:end] and not (is_free(text, start) or text[start - 1] in _LEADS):
        return False
    return is_given_whole(text, start + head, end)


def is_everyday(text: str, start: int, end: int) -> bool:
    """Return whether text[start:end] begins like an ordinary word, or is one: 简介, 苏格兰, 任中央."""
    two = text[start : start + 2]
    if two in COMPOUND:
        return False
    if end - start == len(two) and two[1] == "子":
        return True
    if two in ORDINARY or text[start:end] in TRIPLES:
        return True
    return text[start] in WEAK and text[start + 1 : end] in NO_GIVEN_NAMES


def is_unusual(text: str, start: int, end: int) -> bool:
    """Return whether nothing behind the surname in text[start:end] is what given names are written with."""
    head = 2 if text[start : start + 2] in COMPOUND else 1
    given = text[start + head : end]
    return GIVEN.isdisjoint(given) and (len(given) == 1 or given[0] != given[1])


def is_sure(text: str, at: int) -> bool:
    """Return whether the character at `at` is a surname there: a strong one, or a weak one after a break."""
    if text[at] in STRONG:
        return text[at] != "周" or text[at - 1 : at] not in _WEEK_BEFORE
    return text[at] in WEAK and text[at] not in PARTICLES and (is_free(text, at) or text[at - 1] in _LEADS)


def is_toward(text: str, start: int, end: int) -> bool:
    """Return whether text[start:end] is 向天飞 or 向张三: of both the character may go."""
    return text[start] == "向" and end - start == _LONGEST and is_free(text, start)


def is_free(text: str, at: int) -> bool:
    """Return whether a name may begin at `at` because the text breaks right before it."""
    return at == 0 or (text[at - 1] in BOUNDARY and not text[at - 1].isdecimal())


def with_last(text: str, end: int) -> int:
    """Return `end`, or one more where the last character of a half-hidden name follows (张某强)."""
    return end + 1 if is_given(text, end, end + 1) and ends_clearly(text, end + 1) else end
