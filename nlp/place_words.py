"""The words that places are found by: endings, known names, and what is no part of a name.

They are those of place_words.toml and an installation's own (nlp/user_words.py).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from daachorse import CharwiseDoubleArrayAhoCorasick

from records.analysis import PlaceKind

WIDE = (PlaceKind.PROVINCE, PlaceKind.CITY, PlaceKind.DISTRICT)
# What stands behind the name of an estate that has no ending: 翠湖天地3栋, 柳泉壹品三期.
PHASES = frozenset(number + part for part in "期栋幢" for number in "0123456789一二三四五六七八九十")

_WORD_FILE = Path(__file__).with_name("place_words.toml")
_SPECIAL = frozenset(("号线", "国道", "省道", "县道", "乡道", "旗", "州", "盟"))


class Pattern(NamedTuple):
    """A name or an ending that is looked for."""

    text: str
    kind: PlaceKind | None  # None: of no place, unless it is special
    is_name: bool
    is_special: bool  # may end a division, a pseudonym, a metro line, a numbered road, or be a phase


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """The word lists of place_words.toml, ready for use."""

    names: dict[str, PlaceKind]  # known as they stand
    kinds: dict[str, PlaceKind | None]  # ending → kind; None: ends like a place, but names none
    patterns: tuple[Pattern, ...]  # what `automaton` looks for
    automaton: CharwiseDoubleArrayAhoCorasick
    continued: frozenset[str]
    longer: frozenset[str]  # endings that others begin, up to two characters shorter
    beginnings: frozenset[str]  # and those others
    descriptions: frozenset[str]
    shared: frozenset[str]
    alone: frozenset[str]
    public: frozenset[str]
    estates: frozenset[str]
    only_grown: frozenset[str]
    whole: dict[str, str]
    boundaries: frozenset[str]
    verbs: frozenset[str]  # and the boundaries
    boundary_characters: frozenset[str]


# What an installation added (nlp/user_words.py), as its words to the dictionary: name → is it a place.
_own_names: dict[str, bool] = {}


def know_names(names: Mapping[str, bool]) -> None:
    """Make names known in this process: of places (true), or of what only ends like one (false)."""
    _own_names.update(names)
    place_words.cache_clear()


@cache
def place_words() -> PlaceWords:
    """Return the word lists. Read once, when first needed."""
    data = tomllib.loads(_WORD_FILE.read_text("utf-8"))
    words = data["words"]
    kinds: dict[str, PlaceKind | None] = dict.fromkeys(words["no_place"].split())
    for kind, endings in data["endings"].items():
        kinds.update(dict.fromkeys(endings.split(), PlaceKind(kind)))
    names = {name: PlaceKind(kind) for kind, known in data["names"].items() for name in known.split()}
    names.update({name: _kind_of_name(name, kinds) for name, is_place in _own_names.items() if is_place})
    kinds.update(dict.fromkeys(name for name in _own_names if name not in names))
    longer = [each for each in kinds if each[:-1] in kinds or each[:-2] in kinds]
    patterns = (*dict.fromkeys([*names, *kinds, *sorted(PHASES | _SPECIAL)]),)
    return PlaceWords(
        names=names,
        kinds=kinds,
        patterns=tuple(
            Pattern(each, names.get(each) or kinds.get(each), each in names, _is_special(each, kinds))
            for each in patterns
        ),
        automaton=CharwiseDoubleArrayAhoCorasick(list(patterns)),
        continued=frozenset(words["continued"].split()),
        longer=frozenset(longer),
        beginnings=frozenset(short for each in longer for short in (each[:-1], each[:-2]) if short in kinds),
        descriptions=frozenset(words["descriptions"].split()),
        shared=frozenset(words["shared"].split()),
        alone=frozenset(words["alone"].split()),
        public=frozenset(words["public"].split()),
        estates=frozenset(words["estates"].split()),
        only_grown=frozenset(words["only_grown"].split()),
        whole=dict(pair.split("=") for pair in words["whole"].split()),
        boundaries=frozenset(words["boundaries"].split()),
        verbs=frozenset((words["boundaries"] + words["verbs"]).split()),
        boundary_characters=frozenset(words["boundary_characters"]),
    )


def _kind_of_name(name: str, kinds: Mapping[str, PlaceKind | None]) -> PlaceKind:
    """Return the kind that the longest ending of a known name tells; SITE where it has none."""
    found = (kinds.get(name[start:]) for start in range(1, len(name)))
    return next((kind for kind in found if kind), PlaceKind.SITE)


def _is_special(text: str, kinds: Mapping[str, PlaceKind | None]) -> bool:
    return text in PHASES or text in _SPECIAL or (len(text) == 1 and kinds.get(text) in WIDE)
