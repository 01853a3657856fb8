"""Names of persons, by a cue before them or a title behind them.

Nothing here knows words: a name is a surname and one or two further characters, believed the more readily the
clearer the cue. Where its end is in doubt one character too many is masked rather than one too few.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum

from crawler.masking import name_cues as cues
from crawler.masking.lexicon import Places, longest
from crawler.masking.name_shape import (
    ENDINGS,
    HAN,
    TOP,
    ends_clearly,
    is_bounded,
    is_everyday,
    is_free,
    is_full_name,
    is_given,
    is_given_whole,
    is_place,
    is_titled,
    is_unusual,
    with_last,
)
from crawler.masking.surnames import (
    BOUNDARY,
    COMPOUND,
    FOLLOWS,
    NAMES_TOO,
    NEVER_GIVEN,
    NEVER_LAST,
    ORDINARY,
    PARTICLES,
    SELDOM_GIVEN,
    STRONG,
    SURNAME_STARTS,
    WEAK,
)


class _Trust(IntEnum):
    """How surely the cue before it announces a name."""

    FAINT = 0  # 叫, 被, 由: seldom followed by a name
    LOOSE = 1  # 本人, 我儿子: followed by anything
    CUED = 2  # 村民, 主任: often followed by a name
    EXPLICIT = 3  # 我叫, 姓名：


_TRUST = (
    dict.fromkeys((*cues.SELVES, *cues.KIN), _Trust.LOOSE)
    | dict.fromkeys((*cues.OFFICES, *cues.ROLES, *cues.LABELS, *cues.CLOSINGS), _Trust.CUED)
    | dict.fromkeys(cues.INTRODUCTIONS, _Trust.EXPLICIT)
)
EXPLICIT_CUES = tuple(cues.INTRODUCTIONS)
NAME_CUES = tuple(_TRUST.keys() - cues.INTRODUCTIONS)
# The faint ones are everyday words: with the surname behind them they are watched far more cheaply.
FAINT_CUES = tuple(cue + surname for cue in cues.FAINT for surname in STRONG)
_COLON_TELLS = cues.LABELS | cues.INTRODUCTIONS
TITLES = (*cues.OFFICES, *cues.PRIVATE_TITLES, *cues.SIGNS)

_GAP = re.compile(
    r"(?P<link>名?叫做?|名字叫|名字是|是|为|系)?\s{0,3}(?P<colon>[:：∶﹕]?)[\s　]{0,4}[（(“\"‘【\[《「『]?\s?"
)
_GAP_STARTS = frozenset('名叫是为系:：∶﹕ 　\t（(“"‘【[《「『')
MAY_FOLLOW_EXPLICIT = SURNAME_STARTS | _GAP_STARTS
# 业主和, 居民都: a particle is a surname behind 我叫 only.
MAY_FOLLOW = MAY_FOLLOW_EXPLICIT - (PARTICLES - {name[0] for name in COMPOUND})
_WORKS = ("工程",)
_GOES_ON = ("的", "和", "与", "等", "在", "对", "诉")
_RENAMED = ("改名", "更名", "取名", "起名")
# 将在下周, 枪杀先生于书案: these announce a name at a break only, or behind 我, 其.
_BREAKING = ("在下", "先生", "女士")
_PRONOUNS = "我其他她"
# 请局长明察, 恳请书记严查: what somebody is asked to do.
_ASKED = "请望求盼"
# 广州长隆, 郴州长途
_STATES = frozenset("广杭苏郑兰温福徐常泉郴永柳梧惠潮漳沧德赣")
_TOWNS = ("市", "县", "区")
_ALL_ARE = ("都是", "全是", "尽是", "满是")
_TOWN_TAILS = frozenset("湖镇乡村街")
_MOUNTAINS = frozenset(first + last for first in "湖河江岭洲溪峰龙云岩" for last in "山湖河江岭洲溪峰岩寨")
_NEVER_NAMES = ORDINARY - NAMES_TOO - COMPOUND
_BUILT = re.compile("[阁寺庙塔亭厂馆店网台报]$|小学$|中学$|大学$|学校$|学院$")
# 名叫“四个字”: what stands in quotation marks and is so long is a thing's name.
_QUOTES = frozenset('“"‘《「『【')
_THING = re.compile("小区|楼盘|公司|项目|店|企业|品牌|学校|道路|平台|软件|地方|村|路")
_NAMED_THING = re.compile(
    "(?:地方|节目|公司|小区|项目|作品|产品|楼盘|平台|软件|游戏|酒店|品种|品牌|学校|网站|企业|门店|组织)[，,]?$"
)
_FAINTEST_LENGTH = 3
# 应该是黄桃上市; 不是龙瑞尚院3栋的公摊
_NEVER_FAINT = frozenset("上下里外内两边")
_ESTATE_NEAR = re.compile(r"[\u4e00-\u9fff]{0,3}[A-Za-z]?\d{1,3}[栋幢座期#]")
_LIST = re.compile(r"\s?[、/和与及]\s?")
_MASKED_GIVEN = re.compile(r"某{1,3}|[xXＸ×*＊○〇█]{1,3}")
_LONGEST_ETHNIC = 18
_ETHNIC = re.compile(
    rf"(?:(?![{''.join(NEVER_GIVEN)}])[\u4e00-\u9fff·•‧・]){{3,{_LONGEST_ETHNIC}}}(?<=[\u4e00-\u9fff])"
)
_DOT = frozenset("·•‧・")
_LATIN = re.compile(r"[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){0,2}")

# Right before a title these tell that no name is there.
_NO_NAME_END = (NEVER_GIVEN | BOUNDARY) - SELDOM_GIVEN - SURNAME_STARTS - {"副"} | {"其"}
# 张三副局长, 李四老书记
_BEFORE_TITLE = ("副", "老")
# 校长期, 县长途: the title is none.
_AFTER_LONG = frozenset("株潭期久远效度大达高时途沙江廊线短城")
# 武警官兵, 总司令, 任律师如何劝说
_NO_TITLE = re.compile(f"武警官兵|总司令|任(?:{'|'.join(sorted(cues.PRIVATE_TITLES))})(?:如何|怎么|怎样)")
_WISH = re.compile("快乐|健康|顺利|如意|愉快|平安|幸福")
_WISH_REACH = 12
# ，任主任科员至今: he was made one.
# 感谢谢小燕女士: the second one is a surname.
_ENDED = re.compile(f"(?:{'|'.join(sorted(ENDINGS))})$(?<!感谢谢)")
_OFFICE = re.compile(f"副?(?:{'|'.join(sorted(cues.OFFICES))})")
_APPOINTED = ("任", "代")
# 秦大妈饭馆, 张师傅烧烤: what such a title sells.
_SHOP = re.compile(
    "的?(?:饭[馆店]|餐|酒楼|烧烤|烤|粉|面[馆条包]|米粉|火锅|包子|馒头|早[餐点]|菜馆|卤|煲|小吃|串|麻辣|龙虾|臭豆腐|炒"
    "|[鸡鸭鱼]|牛肉|羊肉|酸|辣|凉茶|茶[馆楼]|超市|事务所)"
)
_ADDRESSED = re.compile(r"[\u4e00-\u9fff]{2,3}(?:[:：]|[，,]?\s*[您你]们?好)")


def after_cues(text: str, places: Places) -> Iterator[tuple[int, int]]:
    """Yield names that a word before them announces: 我叫张三, 联系人：张三, 其女张三."""
    for start, end in longest(places):
        if text[end - 1 : end + 1] in _WORKS or text[start - 1 : start + 1] in _RENAMED:
            continue
        word = text[start:end]
        if text[end] in _GAP_STARTS:
            gap = _GAP.match(text, end)
        elif text[end - 1 : end + 1] in ENDINGS or (
            _TRUST[word] < _Trust.EXPLICIT and _is_ordinary(text, end)
        ):
            continue
        else:
            gap = None
        trust = _trust(word, gap) if gap else _TRUST[word]
        at = gap.end() if gap else end
        name_end = _name_end(text, at, trust)
        any_value = (gap and gap["colon"] and word in cues.ANY_VALUE_LABELS) or word in cues.NAMINGS
        if (name_end or any_value) and _is_no_cue(text, start, end):
            continue
        if not name_end and any_value and not _THING.search(text, max(0, start - 8), start):
            name_end = _any_value_end(text, at)
        if name_end and not (word in cues.NAMINGS and _BUILT.search(text, at, name_end)):
            yield at, name_end
            yield from _listed(text, name_end, trust)


def _is_no_cue(text: str, start: int, end: int) -> bool:
    """Return whether the cue at text[start:end] is part of other words, or announces a thing or a deed."""
    word, before = text[start:end], text[start - 1 : start]
    if word in _BREAKING:
        return not is_free(text, start) and before not in _PRONOUNS
    if word in cues.OFFICES:
        asked = before != "" and before in _ASKED and text[end] not in STRONG | _GAP_STARTS
        return asked or (word == "州长" and before in _STATES) or text[start - 1 : end] == "总司令"
    return word in cues.NAMINGS and _NAMED_THING.search(text, max(0, start - 3), start) is not None


def _is_ordinary(text: str, at: int) -> bool:
    """Return whether a word that is never a name stands at `at`: told before all else, for speed."""
    two = text[at : at + 2]
    return two in _NEVER_NAMES and two[1:] != text[at + 2 : at + 3]


def after_faint_cues(text: str, places: Places) -> Iterator[tuple[int, int]]:
    """Yield names of three characters after 被, 由, 叫 …, and the further ones of a list."""
    for _, end in longest(places):
        at = end - 1
        if text[at - 1 : at + 1] in ENDINGS or _is_ordinary(text, at):
            continue
        if name_end := _name_end(text, at, _Trust.FAINT):
            yield at, name_end
            yield from _listed(text, name_end, _Trust.FAINT)


def _trust(word: str, gap: re.Match[str]) -> _Trust:
    if (gap["colon"] and word in _COLON_TELLS) or (gap["link"] and "叫" in gap["link"]):
        return _Trust.EXPLICIT
    trust = _TRUST[word]
    if gap["colon"] and trust is _Trust.LOOSE:
        return _Trust.CUED
    return _Trust.LOOSE if gap["link"] and trust is _Trust.CUED else trust


def _listed(text: str, end: int, trust: _Trust) -> Iterator[tuple[int, int]]:
    """Yield the names that go on a list: 张三、李四和王五."""
    while mark := _LIST.match(text, end):
        next_end = _name_end(text, mark.end(), min(trust, _Trust.CUED))
        if not next_end or (mark[0].strip() not in "、/" and not ends_clearly(text, next_end)):
            return
        yield mark.end(), next_end
        end = next_end


def _name_end(text: str, at: int, trust: _Trust) -> int:
    """Return the end of the name that starts at `at`, 0 if there is none to be believed."""
    char = text[at : at + 1]
    if trust > _Trust.LOOSE and not _DOT.isdisjoint(text[at : at + _LONGEST_ETHNIC]):
        ethnic = _ETHNIC.match(text, at)
        if ethnic and is_bounded(text, ethnic.end()) and not _DOT.isdisjoint(ethnic[0]):
            return ethnic.end()
    sure = char in STRONG
    if trust is _Trust.FAINT and not sure:
        return 0
    if text[at : at + 2] in COMPOUND:
        given, sure = at + 2, True
    elif sure or char in WEAK:
        given = at + 1
    else:
        return 0
    if (masked := _MASKED_GIVEN.match(text, given)) and char not in PARTICLES:
        return with_last(text, masked.end()) if len(masked[0]) == 1 else masked.end()
    if trust is _Trust.EXPLICIT and (spaced := _spaced_end(text, given)):
        return spaced
    if trust > _Trust.FAINT and char not in PARTICLES and char != "任" and is_titled(text, given):
        return given if sure or text[at : given + 1] not in ORDINARY else 0
    for end in (given + 2, given + 1):
        if trust is _Trust.FAINT and end - at < _FAINTEST_LENGTH:
            return 0
        if _may_be_given(text, given, end, trust) and _is_believable(text, at, end, trust, sure=sure):
            return end
    return 0


def _may_be_given(text: str, start: int, end: int, trust: _Trust) -> bool:
    if is_given(text, start, end):
        return True
    bounded = is_bounded(text, end)
    if trust is _Trust.FAINT or text[start - 1 : start + 1] in ORDINARY:
        return False
    if trust is _Trust.EXPLICIT and bounded:
        return is_given(text, start, end, never=frozenset())
    goes_on = text[end : end + 2] in FOLLOWS or text[end : end + 1] in _GOES_ON
    known_end = bounded or (goes_on and text[end - 1] != "和")
    return known_end and is_given_whole(text, start, end) and text[end - 1] not in NEVER_LAST


def _spaced_end(text: str, at: int) -> int:
    """Return the end of a one-character given name set apart by spaces (张  三), or 0."""
    end = at
    while text[end : end + 1] in (" ", "　") and end - at < 4:
        end += 1
    good = end > at and is_given(text, end, end + 1) and is_bounded(text, end + 1)
    return end + 1 if good else 0


def _is_believable(text: str, start: int, end: int, trust: _Trust, *, sure: bool) -> bool:
    if trust is _Trust.EXPLICIT and is_bounded(text, end):
        # 自称钱粮湖12345工作人员
        return not (text[end - 1] in _TOWN_TAILS and text[end : end + 1].isdecimal())
    if is_everyday(text, start, end) and not _is_name_too(text, start, end, trust):
        return False
    # A rare one too is a given name behind a surname that is nothing else, but no word's first: 局长林执罚.
    doubtful = not sure or end - start > len("张三") or not ends_clearly(text, end)
    if doubtful and trust < _Trust.EXPLICIT and is_unusual(text, start, end):
        return False
    if is_place(text, start, end):
        return False
    if trust is _Trust.FAINT:
        return ends_clearly(text, end) and not _is_faint(text, start, end)
    if trust is _Trust.LOOSE and text[end : end + 1] in _TOWNS and text[end + 1 : end + 2] != "长":
        return False
    if sure:
        return trust > _Trust.LOOSE or ends_clearly(text, end)
    if text[start] in PARTICLES:
        toward = text[start] == "向" and trust is _Trust.CUED and end - start == 3 and is_bounded(text, end)
        return toward or (trust is _Trust.EXPLICIT and ends_clearly(text, end))
    counted = end - start == len("高达") and text[end : end + 1].isdecimal()
    if (is_bounded(text, end) and not counted) or _is_fate(text, end):
        return True
    return trust > _Trust.LOOSE and end - start >= 3 and ends_clearly(text, end)


def _is_fate(text: str, at: int) -> bool:
    return text[at : at + 2] in cues.FATES or text[at : at + 1] == "诉"


def _is_faint(text: str, start: int, end: int) -> bool:
    """Return whether a faint cue is followed by a mountain, people of a place, or a thing: 都是黄泥巴."""
    if text[end : end + 1] == "院" and text[end + 1 : end + 2] not in ("长", "士"):
        return True
    if text[end - 1] == "人" or text[end - 2 : end] in _MOUNTAINS or text[end - 1] in _NEVER_FAINT:
        return True
    return text[start - 2 : start] in _ALL_ARE or _ESTATE_NEAR.match(text, end) is not None


def _is_name_too(text: str, start: int, end: int, trust: _Trust) -> bool:
    """Return whether an ordinary word is a name here: 局长高峰, 法人钱多多."""
    given = text[start + 1 : end]
    doubled = len(given) > 1 and given[0] == given[1]
    fits = _is_fate(text, end) or (trust > _Trust.LOOSE and is_bounded(text, end))
    return fits and (doubled or text[start:end] in NAMES_TOO)


def _any_value_end(text: str, at: int) -> int:
    """Return the end of a value that can only be a name (姓名：阿依古丽), or 0."""
    if latin := _LATIN.match(text, at):
        return latin.end()
    han = HAN.match(text, at)
    if han is None or not 2 <= len(han[0]) <= 4 or not is_bounded(text, han.end()):
        return 0
    if len(han[0]) > _FAINTEST_LENGTH and text[at - 1] in _QUOTES:
        return 0
    return han.end() if NEVER_GIVEN.isdisjoint(han[0]) and han[0][:2] not in cues.NO_NAMES else 0


def before_titles(text: str, places: Places) -> Iterator[tuple[int, int]]:
    """Yield full names and surnames before a title: 张三主任, 王女士."""
    # Of 大队长 and 队长, which end at one place, the longer.
    starts: dict[int, int] = {}
    for start, end in longest(places):
        starts[end] = min(start, starts.get(end, start))
    for end, start in starts.items():
        if start and text[start - 1] not in _NO_NAME_END and not _goes_on(text, start, end):
            alone = text[start:end] not in cues.SIGNS
            start -= text[start - 1] in _BEFORE_TITLE
            at = _full_name_start(text, start, alone=alone)
            if at is None and alone:
                at = _surname_start(text, start)
            if at is not None:
                yield at, start


def _goes_on(text: str, start: int, end: int) -> bool:
    """Return whether the title at text[start:end] is part of another word: 校长期, 秦大妈饭馆."""
    if text[end - 1] == "长" and text[end : end + 1] in _AFTER_LONG:
        return True
    if _NO_TITLE.match(text, start - 1):
        return True
    return text[start:end] not in cues.OFFICES and _SHOP.match(text, end) is not None


def _full_name_start(text: str, end: int, *, alone: bool) -> int | None:
    """Return where the full name that ends at `end` starts; `alone`: there might be a surname only."""
    if alone and text[end - 1] in TOP:
        return None
    for at in (end - 4, end - 3, end - 2):
        if at >= 0 and is_full_name(text, at, end) and not _ENDED.search(text, max(0, at - 2), at + 1):
            return at
    return None


def _surname_start(text: str, end: int) -> int | None:
    """Return where the surname that ends at `end` starts, None if the character is no surname there."""
    last, before = text[end - 1], text[end - 2 : end - 1]
    if last == "祝" and _WISH.search(text, end, end + _WISH_REACH):
        return None
    if last in _APPOINTED and _OFFICE.match(text, end) and not _ADDRESSED.match(text, end):
        return None
    if text[max(0, end - 2) : end] in COMPOUND:
        return end - 2
    if before + last in ENDINGS or (before + last in ORDINARY and last not in TOP):
        return None
    clear = not before or (before in BOUNDARY and not before.isdecimal()) or before in "的位致请叫任员"
    if last in PARTICLES:
        return end - 1 if clear and _ADDRESSED.match(text, end) else None
    return end - 1 if last in STRONG or (last in WEAK and clear) else None
