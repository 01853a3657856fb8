"""What becomes of names once they are found: those of history and state stay, others go everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from crawler.masking.kinds import Finding, Kind
from crawler.masking.name_shape import HAN, is_place
from crawler.masking.surnames import FOLLOWS, PUBLIC, THINGS

# Of two that begin alike the longer one, so that all of it is spared.
_PUBLIC = re.compile("|".join(sorted(PUBLIC, reverse=True)) + f"|(?:{'|'.join(THINGS)}).?.?")
_PUBLIC_BEFORE = re.compile(f"(?:{'|'.join(PUBLIC)}).$")
# 毛主席故居: whom a memorial is named after.
_REMEMBERED = re.compile("(?:同志|主席|先生|元帅|将军|烈士|总理)?(?:故居|故里|旧居|纪念|铜像|陵园)")
_LIST_MARKS = frozenset("、和与及")


def as_names(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[Finding]:
    """Yield the spans as findings, but for names of history and state."""
    for start, end in spans:
        public = _PUBLIC.match(text, start)
        spared = (public is not None and end <= public.end()) or _REMEMBERED.match(text, end) is not None
        if not spared and text[start] != "习" and not _is_beside_public(text, start, end):
            yield Finding(kind=Kind.NAME, start=start, end=end)


def _is_beside_public(text: str, start: int, end: int) -> bool:
    """Return whether text[start:end] stands in a list with a name of history or state: 毛泽东、朱德."""
    if text[end : end + 1] in _LIST_MARKS and _PUBLIC.match(text, end + 1):
        return True
    return (
        text[start - 1 : start] in _LIST_MARKS
        and _PUBLIC_BEFORE.search(text, max(0, start - 5), start) is not None
    )


def find_known(text: str, names: Iterable[str]) -> Iterator[Finding]:
    """Yield every place of names already found, but where one is part of a place's name."""
    for name in names:
        if len(name) < 2 or "某" in name or not HAN.fullmatch(name):
            continue
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if not is_place(text, start, end) and text[end - 1 : end + 1] not in FOLLOWS:
                yield Finding(kind=Kind.NAME, start=start, end=end)
            start = text.find(name, end)
