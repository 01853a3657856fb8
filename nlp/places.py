"""Text to the places it names: from the province down to a road, an estate, a school, a station.

By pattern and context: an ending of place names is looked for (路, 小区, 街道), and the name is what
stands before it, back to the nearest word that cannot be part of a name. What only describes
(我们小区, 这个村, 居民区) is no name. Pseudonymised names (A市, A3区) are places like any other; real ones
of provinces, cities and counties are those of the official divisions (nlp/divisions.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from nlp.divisions import division_confidence, division_ending_at, division_kind
from nlp.place_words import PHASES, WIDE, PlaceWords, place_words
from nlp.segment import normalise
from records.analysis import PlaceKind, PlaceMention

# A text names what it is about early on; what a pasted novel names at its end is not looked at.
MAX_CHARACTERS = 4000

_LONGEST_NAME = {
    PlaceKind.PROVINCE: 2,
    PlaceKind.CITY: 4,
    PlaceKind.DISTRICT: 5,
    PlaceKind.STREET: 5,
    PlaceKind.COMMUNITY: 5,
    PlaceKind.ROAD: 6,
    PlaceKind.ESTATE: 8,
    PlaceKind.SITE: 9,
}
_CONFIDENCE = {
    PlaceKind.PROVINCE: 0.7,
    PlaceKind.CITY: 0.6,
    PlaceKind.DISTRICT: 0.7,
    PlaceKind.STREET: 0.9,
    PlaceKind.COMMUNITY: 0.85,
    PlaceKind.ROAD: 0.85,
    PlaceKind.ESTATE: 0.85,
    PlaceKind.SITE: 0.75,
}
# One character at the end proves less.
_SHORT_ENDING_CONFIDENCE = _CONFIDENCE | {PlaceKind.COMMUNITY: 0.7, PlaceKind.ESTATE: 0.7}
_GUESSED = 0.5  # estates without an ending of their own
_KNOWN = 0.95  # names found as they stand
_SURE = 0.99  # pseudonymised names, and the source's declared place

_PSEUDONYM = re.compile(r"[A-Z]\d{0,2}[市区县]\Z")
_PSEUDONYMS = re.compile(r"[A-Z](?=\d{0,2}[市区县])")
_LINE = re.compile(r"(\d{1,2}|[一二三四五六七八九十]{1,2})号线\Z")
_NUMBERED_ROAD = re.compile(r"[A-Za-z]?\d{2,4}[国省县乡]道\Z")
_NUMBER = "0123456789一二三四五六七八九十"
_PHASED_NAME = range(3, 7)  # characters
_DIGITS = {digit: str(number) for number, digit in enumerate("一二三四五六七八九", 1)}
# House numbers, dates, and characters that stand before a name more often than they begin one.
_LEADING = re.compile(
    r"(?:[号栋期楼层\d]|(?<=\d)[年月日]|[一二三四五六七八九十](?=[号栋期楼层])"
    r"|[为现旁过称说读返均系经能虽因非本有沿走靠可即连原着使指其](?=..))+"
)
_DOUBLED = re.compile("^[市县区镇乡](?=..)")  # A8县市朱良桥乡
_LONGEST_SHARED = 6  # characters of what stands between A市 and 医院, or K9县
_ORDINAL = re.compile(r"第?[一二三四五六七八九十]{1,3}\Z")
_PART = re.compile(r"(?:\d{1,2}|[A-Z])\Z")  # 翠竹苑3区
_NAMED_BY_VERBS = (PlaceKind.STREET, PlaceKind.COMMUNITY, PlaceKind.ROAD)


class _Found(NamedTuple):
    """A name and where it stands."""

    start: int
    end: int
    name: str
    kind: PlaceKind
    confidence: float


def find_places(text: str, declared: str | None = None) -> tuple[PlaceMention, ...]:
    """Return the places that `text` names, in its order, each name once.

    `declared` is the place that the source declares; unless the text names it too, it comes last, and it
    tells which of several divisions of one name is meant. Looks at the first 4,000 characters.
    """
    return places_in(normalise(text[:MAX_CHARACTERS]), declared)


def places_in(normal: str, declared: str | None = None) -> tuple[PlaceMention, ...]:
    """Return the places of an already normalised text, like `find_places`; 40 µs for 200 characters."""
    words = place_words()
    found: list[_Found] = []
    normal = normal[:MAX_CHARACTERS]
    context = f"{declared or ''}\n{normal}"
    before: _Found | None = None
    settled = 0
    for start, end, index in words.automaton.find_overlapping(normal):
        ending, kind, is_name, is_special = words.patterns[index]
        if is_name and kind is not None:
            while found and found[-1].start >= start:
                found.pop()
            before = found[-1] if found else None
            if before is None or before.end <= start:
                before = _Found(start, end, ending, kind, _KNOWN)
                found.append(before)
                settled = end
            continue
        # Of all that end here the longest comes first, and decides.
        if end == settled or (before is not None and start < before.end):
            continue
        settled = end
        mention = _special(normal, ending, end, before, words, context) if is_special else None
        if mention is None and kind is not None:
            mention = _mention(normal, ending, kind, end, before, words)
        if mention is None:
            continue
        if before is not None and mention.start == before.start:
            found.pop()
        found.append(mention)
        before = mention
    return _mentions(found, (declared or "").strip())


def _mentions(found: Iterable[_Found], declared: str) -> tuple[PlaceMention, ...]:
    """Return each name once, in the order found, and the declared place last unless it is among them."""
    mentions: dict[str, PlaceMention] = {}
    for each in found:
        mentions.setdefault(
            each.name, PlaceMention(name=each.name, kind=each.kind, confidence=each.confidence)
        )
    if declared and declared not in mentions:
        kind = division_kind(declared) or (PlaceKind.CITY if declared.endswith("市") else PlaceKind.DISTRICT)
        mentions[declared] = PlaceMention(name=declared, kind=kind, confidence=_SURE)
    return tuple(mentions.values())


def _mention(
    text: str, ending: str, kind: PlaceKind, end: int, before: _Found | None, words: PlaceWords
) -> _Found | None:
    """Return the place that ends with `ending` at `end` and begins behind `before`, or grows out of it."""
    if _goes_on(text, end, ending, words):
        return None
    stop = end - len(ending)
    if before is not None and before.end >= stop - _LONGEST_SHARED:
        grown = _grown(text, stop, end, ending, kind, before, words)
        if grown is not None:
            return grown
    return None if ending in words.only_grown else _named(text, stop, end, ending, kind, before, words)


def _named(
    text: str, stop: int, end: int, ending: str, kind: PlaceKind, before: _Found | None, words: PlaceWords
) -> _Found | None:
    """Return the place whose own name stands before `stop`, if one does."""
    floor = before.end if before else 0
    limit = max(floor, stop - _LONGEST_NAME[kind])
    start = _name_start(text, stop, limit, floor, words, may_be_verb=kind in _NAMED_BY_VERBS)
    # 和 joins this name to the one just found; but A市和美星城.
    if start == floor > 0 and text[start] == "和" and before and (before.kind not in WIDE or kind in WIDE):
        start += 1
    if stop - start < 2 and ending not in words.alone:
        return None
    core = _core(text, start, stop)
    if start == floor and before and before.kind in WIDE:
        core = _DOUBLED.sub("", core, count=1)
    if ending in words.alone and (not core or start == floor):
        core = core if len(core) > 1 else ""
    elif len(core) < 2 or _describes(core, kind, words):
        return None
    confidence = (_CONFIDENCE if len(ending) > 1 else _SHORT_ENDING_CONFIDENCE)[kind]
    return _Found(stop - len(core), end, core + words.whole.get(ending, ending), kind, confidence)


def _core(text: str, start: int, stop: int) -> str:
    """Return what stands there without what only leads to a name."""
    lead = _LEADING.match(text, start, stop)
    return text[lead.end() if lead else start : stop]


def _phased(text: str, end: int, floor: int, words: PlaceWords) -> _Found | None:
    """Return the estate that is named by its phase or block alone, where one ends at `end`."""
    stop = end - 2
    while stop > floor and text[stop - 1] in _NUMBER:
        stop -= 1
    start = _name_start(text, stop, max(floor, stop - _PHASED_NAME[-1]), floor, words)
    core = _core(text, start, stop)
    if start != floor or len(core) not in _PHASED_NAME or _describes(core, PlaceKind.ESTATE, words):
        return None
    return _Found(stop - len(core), stop, core, PlaceKind.ESTATE, _GUESSED)


def _special(
    text: str, ending: str, end: int, before: _Found | None, words: PlaceWords, context: str
) -> _Found | None:
    """Return the pseudonym, division, metro line, numbered road or estate with a phase that ends at `end`."""
    floor = before.end if before else 0
    if ending in PHASES:
        return _phased(text, end, floor, words)
    last = text[end - 1]
    if last in "市区县省旗州盟":
        pseudonym = _PSEUDONYM.search(text, max(floor, end - 4), end)
        if pseudonym:
            return _pseudonymised(text, pseudonym, floor, words, context)
        return _division(text, end, floor, context)
    if last == "线":
        line = _LINE.search(text, max(floor, end - 5), end)
        if line:
            return _Found(line.start(), end, f"地铁{_number(line[1])}号线", PlaceKind.SITE, 0.9)
    if last == "道":
        road = _NUMBERED_ROAD.search(text, max(floor, end - 7), end)
        if road:
            return _Found(road.start(), end, road[0], PlaceKind.ROAD, 0.9)
    return None


def _pseudonymised(
    text: str, pseudonym: re.Match[str], floor: int, words: PlaceWords, context: str
) -> _Found | None:
    """Return the division of that name, or the estate whose name it ends.

    A county that follows other characters at once, of another city than the text names first, is a piece of
    a name that was pseudonymised with it: A市柳泉万境K9县.
    """
    start, end, name = pseudonym.start(), pseudonym.end(), pseudonym[0]
    if text[end : end + 1] in ("郡", "苑"):
        return None
    first = _PSEUDONYMS.search(context) if name[-1] == "县" else None
    if first and first[0] != name[0]:
        core = _core(text, _name_start(text, start, max(floor, start - _LONGEST_SHARED), floor, words), start)
        if len(core) > 1:
            return _Found(start - len(core), end, core + name, PlaceKind.ESTATE, _GUESSED)
    kind = PlaceKind.CITY if len(name) == 2 and name[-1] == "市" else PlaceKind.DISTRICT
    return _Found(start, end, name, kind, _SURE)


def _division(text: str, end: int, floor: int, context: str) -> _Found | None:
    """Return the official division that ends at `end`."""
    name = division_ending_at(text, end, floor)
    kind = division_kind(name) if name else None
    if name is None or kind is None:
        return None
    return _Found(end - len(name), end, name, kind, division_confidence(name, context))


def _grown(
    text: str, stop: int, end: int, ending: str, kind: PlaceKind, before: _Found, words: PlaceWords
) -> _Found | None:
    """Return what the name just found becomes by what follows it at once, or None.

    红树湾 + 小区, 月亮岛 + 街道, 翠竹园 + 滨河苑; of a wide place only what cannot have its own name:
    A市 + 外国语 + 学校, A1区 + 路.
    """
    core = text[before.end : stop]
    if not _belongs(core, ending, kind, before, words):
        return None
    name = before.name + core + words.whole.get(ending, ending)
    if before.kind is PlaceKind.ESTATE and kind is PlaceKind.DISTRICT:  # 翠竹苑3区
        kind = PlaceKind.ESTATE
    # 翠竹园幼儿园, 八一桥社区 name no estate and no bridge; 柳泉路公交站 names the road too.
    replaced = (
        before.kind in (kind, PlaceKind.ESTATE) or before.name in words.names or before.name[-1] == "桥"
    )
    start = before.start if replaced else before.end
    return _Found(start, end, name, kind, _CONFIDENCE[kind])


def _belongs(core: str, ending: str, kind: PlaceKind, before: _Found, words: PlaceWords) -> bool:
    """Return whether `core` and `ending`, which follow the name just found, are its second half."""
    if before.kind in WIDE:
        if kind is PlaceKind.ROAD:
            return not core
        its_own = core in words.shared or _ORDINAL.match(core) or (not core and ending in words.public)
        return kind is PlaceKind.SITE and bool(its_own)
    if before.kind is PlaceKind.ESTATE:
        if kind is PlaceKind.ESTATE:
            return _is_name(core, words) if core else ending not in words.estates
        if kind is PlaceKind.DISTRICT:
            return _PART.match(core) is not None
    # 星沙 + 派 + 小区: too little is left for a name of its own.
    return not core or (before.name in words.names and len(core) == 1 and _is_name(core, words))


def _is_name(core: str, words: PlaceWords) -> bool:
    """Return whether this may be the second half of an estate's name."""
    return (
        len(core) <= 3
        and core.isalpha()
        and core[-1] not in "期栋幢"
        and not any(_ends_other_word(core, at, 0, words) for at in range(1, len(core) + 1))
    )


def _goes_on(text: str, end: int, ending: str, words: PlaceWords) -> bool:
    """Return whether the ending is the beginning of a longer word: 街(道), 国际(城), 路(口)."""
    if text[end - 1 : end + 1] in words.continued:
        return True
    if ending not in words.beginnings or end == len(text):
        return False
    return ending + text[end : end + 1] in words.longer or ending + text[end : end + 2] in words.longer


def _name_start(
    text: str, end: int, limit: int, floor: int, words: PlaceWords, *, may_be_verb: bool = False
) -> int:
    """Return where the name before `end` begins: after the nearest word or mark that is none of it.

    With `may_be_verb` the name itself may be one (胜利路).
    """
    characters, others = words.boundary_characters, words.verbs
    boundaries = words.boundaries if may_be_verb else others
    start = end
    while start > limit:
        last = text[start - 1]
        if (
            last in characters
            or not last.isalnum()
            or (start - 2 >= floor and text[start - 2 : start] in boundaries)
            or (start - 3 >= floor and text[start - 3 : start] in boundaries)
        ):
            break
        # 和 joins two names, but also begins one (和美星城).
        if last == "和" and start - 1 > limit and not _ends_other_word(text, start - 1, floor, words):
            break
        start -= 1
        boundaries = others
    return start


def _ends_other_word(text: str, end: int, floor: int, words: PlaceWords) -> bool:
    """Return whether what stands before `end` is no part of a name. A word that begins before `floor`
    is none: A市|长房云时代.
    """
    return _name_start(text, end, end - 1, floor, words) == end


def _describes(core: str, kind: PlaceKind, words: PlaceWords) -> bool:
    """Return whether this only describes (老旧 of 老旧小区), as one word or two. Roads are named 人民路."""
    if kind is PlaceKind.ROAD:
        return False
    if kind is PlaceKind.DISTRICT and not core.isalpha():  # 3区
        return True
    return core in words.descriptions or any(
        core[:split] in words.descriptions and core[split:] in words.descriptions
        for split in range(1, len(core))
    )


def _number(text: str) -> str:
    """Return a number below a hundred in digits, however it is written."""
    if text.isdigit():
        return text
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return "".join(_DIGITS[digit] for digit in text)
    return str((int(_DIGITS[tens]) if tens else 1) * 10 + (int(_DIGITS[ones]) if ones else 0))
