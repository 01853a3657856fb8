"""Text to the places it names: from the city down to a road, an estate, a school, a station.

By pattern and context: an ending of place names is looked for (路, 小区, 街道), and the name is what
stands before it, back to the nearest word that cannot be part of a name. What only describes
(我们小区, 这个村, 居民区) is no name. Pseudonymised names (A市, A3区) are places like any other.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nlp.segment import normalise
from records.analysis import PlaceKind, PlaceMention

# A text names what it is about early on; what a pasted novel names at its end is not looked at.
MAX_CHARACTERS = 4000

_WORD_FILE = Path(__file__).with_name("place_words.toml")
_LONGEST_NAME = {
    PlaceKind.CITY: 4,
    PlaceKind.DISTRICT: 5,
    PlaceKind.STREET: 5,
    PlaceKind.COMMUNITY: 5,
    PlaceKind.ROAD: 6,
    PlaceKind.ESTATE: 8,
    PlaceKind.SITE: 9,
}
_CONFIDENCE = {
    PlaceKind.CITY: 0.6,
    PlaceKind.DISTRICT: 0.7,
    PlaceKind.STREET: 0.9,
    PlaceKind.COMMUNITY: 0.85,
    PlaceKind.ROAD: 0.85,
    PlaceKind.ESTATE: 0.85,
    PlaceKind.SITE: 0.75,
}
_SHORT_ENDING = 0.15  # what one character at the end of an estate's or site's name proves less
_SURE = 0.99  # pseudonymised names, and the source's declared place

_PSEUDONYM = re.compile(r"[A-Z]\d{0,2}[市区县]\Z")
_LINE = re.compile(r"(\d{1,2}|[一二三四五六七八九十]{1,2})号线\Z")
_DIGITS = {digit: str(number) for number, digit in enumerate("一二三四五六七八九", 1)}
# House numbers, and characters that stand before a name more often than they begin one.
_LEADING = re.compile(
    r"^(?:[号栋期楼层\d]|[一二三四五六七八九十](?=[号栋期楼层])"
    r"|[为现旁过称说读返均系经能虽因非本有](?=..))+"
)


@dataclass(frozen=True, slots=True)
class _Words:
    """The word lists of place_words.toml, ready for use."""

    kinds: dict[str, PlaceKind | None]  # ending → kind; None: ends like a place, but names none
    endings: re.Pattern[str]  # the last character of any of them
    lengths: dict[str, tuple[int, ...]]  # last character → how long its endings are, the longest first
    continued: frozenset[str]
    descriptions: frozenset[str]
    boundaries: frozenset[str]
    boundary_characters: frozenset[str]


@cache
def _words() -> _Words:
    """Return the word lists. Read once, when first needed."""
    data = tomllib.loads(_WORD_FILE.read_text("utf-8"))
    words = data["words"]
    kinds: dict[str, PlaceKind | None] = dict.fromkeys(words["no_place"].split())
    for kind, endings in data["endings"].items():
        kinds.update(dict.fromkeys(endings.split(), PlaceKind(kind)))
    return _Words(
        kinds=kinds,
        endings=re.compile("[" + "".join(sorted({ending[-1] for ending in kinds})) + "]|号线"),
        lengths={
            last: tuple(sorted({len(ending) for ending in kinds if ending[-1] == last}, reverse=True))
            for last in {ending[-1] for ending in kinds}
        },
        continued=frozenset(words["continued"].split()),
        descriptions=frozenset(words["descriptions"].split()),
        boundaries=frozenset(words["boundaries"].split()),
        boundary_characters=frozenset(words["boundary_characters"]),
    )


def find_places(text: str, declared: str | None = None) -> tuple[PlaceMention, ...]:
    """Return the places that `text` names, in its order, each name once.

    `declared` is the place that the source declares; unless the text names it too, it comes last.
    Looks at the first 4,000 characters; costs about 60 µs for 200 characters.
    """
    words = _words()
    found: dict[str, PlaceMention] = {}
    normal = normalise(text[:MAX_CHARACTERS])
    floor = 0
    for ending in words.endings.finditer(normal):
        end = ending.end()
        mention = _mention(normal, end, floor, words)
        if mention is not None:
            floor = end
            found.setdefault(mention.name, mention)
    name = (declared or "").strip()
    if name and name not in found:
        kind = PlaceKind.CITY if name.endswith("市") else PlaceKind.DISTRICT
        found[name] = PlaceMention(name=name, kind=kind, confidence=_SURE)
    return tuple(found.values())


def _mention(text: str, end: int, floor: int, words: _Words) -> PlaceMention | None:
    """Return the place whose name ends at `end` and begins no further left than `floor`."""
    last = text[end - 1]
    if last in "市区县":
        pseudonym = _PSEUDONYM.search(text, max(floor, end - 5), end)
        if pseudonym and text[end : end + 1] not in ("城", "郡", "苑"):
            return _pseudonymised(pseudonym[0])
    line = _LINE.search(text, max(floor, end - 5), end) if last == "线" else None
    if line:
        return PlaceMention(name=f"地铁{_number(line[1])}号线", kind=PlaceKind.SITE, confidence=0.9)
    ending = _ending(text, end, floor, words)
    kind = words.kinds.get(ending)
    if kind is None or _goes_on(text, end, ending, words):
        return None
    stop = end - len(ending)
    start = _name_start(text, stop, max(floor, stop - _LONGEST_NAME[kind]), words)
    if start == floor > 0 and text[start] == "和":  # joins this name to the one just found
        start += 1
    core = _LEADING.sub("", text[start:stop])
    if len(core) < 2 or (kind is not PlaceKind.ROAD and _describes(core, words)):
        return None
    weak = len(ending) == 1 and kind in (PlaceKind.ESTATE, PlaceKind.COMMUNITY)
    confidence = _CONFIDENCE[kind] - (_SHORT_ENDING if weak else 0.0)
    return PlaceMention(name=core + ending, kind=kind, confidence=round(confidence, 2))


def _pseudonymised(name: str) -> PlaceMention:
    kind = PlaceKind.CITY if len(name) == 2 and name.endswith("市") else PlaceKind.DISTRICT
    return PlaceMention(name=name, kind=kind, confidence=_SURE)


def _ending(text: str, end: int, floor: int, words: _Words) -> str:
    """Return the longest known ending that stands before `end`, or ''."""
    for length in words.lengths.get(text[end - 1], ()):
        ending = text[end - length : end]
        if length <= end - floor and ending in words.kinds:
            return ending
    return ""


def _goes_on(text: str, end: int, ending: str, words: _Words) -> bool:
    """Return whether the ending is the beginning of a longer word: 街(道), 国际(城), 路(口)."""
    return (
        text[end - 1 : end + 1] in words.continued
        or ending + text[end : end + 1] in words.kinds
        or ending + text[end : end + 2] in words.kinds
    ) and end < len(text)


def _name_start(text: str, end: int, limit: int, words: _Words) -> int:
    """Return where the name before `end` begins: after the nearest word or mark that is none of it."""
    start = end
    while start > limit:
        if _ends_other_word(text, start, words):
            break
        # 和 joins two names, but also begins one (和美星城).
        if text[start - 1] == "和" and start - 1 > limit and not _ends_other_word(text, start - 1, words):
            break
        start -= 1
    return start


def _ends_other_word(text: str, end: int, words: _Words) -> bool:
    """Return whether what stands before `end` is no part of a name."""
    return (
        text[end - 1] in words.boundary_characters
        or not text[end - 1].isalnum()
        or text[end - 2 : end] in words.boundaries
        or text[end - 3 : end] in words.boundaries
    )


def _describes(core: str, words: _Words) -> bool:
    """Return whether this only describes (老旧 of 老旧小区), as one word or two. Roads are named 人民路."""
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
