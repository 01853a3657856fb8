"""The query language: Lucene syntax, read into storage.query_tree.

Words are joined by AND, and found however the text was cut. `"没有水"` finds exactly these characters.
`停水 OR 断水`, `-供暖`, `"停水 小区"~4`, `水管*`, `shuiguan~1`, `title:停水^2`,
`topic:城乡建设`, `-own_topic:加装电梯`, `urgency:>=2`, `asked:P7D`, `asked:[2026-01 TO 2026-03}`,
`_exists_:reply`.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any

from luqum import tree as lucene

from records.analysis import Intent
from records.errors import nearest
from records.post import Channel
from records.query import FIELDS, KEYWORD_FIELDS, NUMBER_FIELDS, TEXT_FIELDS, TIME_FIELDS
from storage.characters import in_parts, pieces
from storage.query_dates import CountsBackError, read_span
from storage.query_syntax import MAX_DEPTH, QueryError, fail, parse_syntax
from storage.query_text import normalised, quoted, unescaped, without_unseen
from storage.query_tree import (
    And,
    Boost,
    Everything,
    Exists,
    Fuzzy,
    Node,
    Not,
    NumberRange,
    Or,
    Pattern,
    Phrase,
    Term,
    TimeRange,
    Value,
)

__all__ = ["QueryError", "Segment", "normalised", "parse_query", "quoted"]

Segment = Callable[[str], Sequence[str]]

# Far above what a person or a rule writes. 200 of the commonest words take 1.8 s of a million posts.
MAX_LENGTH = 4_000
MAX_CLAUSES = 200
MAX_PATTERNS = 10
FUZZY_COUNTS = 3  # as many words with * or ?: a near spelling takes so much longer to look for
MAX_WILDCARDS = 5  # in one word
MAX_PATTERN_LENGTH = 60
MAX_SLOP = 50
MAX_BOOST = 100.0

_CLOSED_VALUES: dict[str, tuple[str, ...]] = {
    "channel": tuple(channel.value for channel in Channel),
    "intent": tuple(intent.value for intent in Intent),
    "flagged": ("true", "false"),
}


def parse_query(text: str, *, now: datetime, zone: tzinfo, segment: Segment) -> Node:
    """Return what the query means; an empty one means everything.

    Relative dates count back from `now`, dates are local to `zone`, `segment` cuts text into the words of the
    index. Raises QueryError, whose message is one line with the position and a suggestion.
    """
    if len(text) > MAX_LENGTH:
        fail("too_long", f"{len(text):,} characters", f"at most {MAX_LENGTH:,}", MAX_LENGTH)
    with suppress(CountsBackError):
        return _read_lasting(text, zone, segment)
    return _read(text, now, zone, segment)


@lru_cache(maxsize=512)  # rules and saved searches ask the same again and again
def _read_lasting(text: str, zone: tzinfo, segment: Segment) -> Node:
    """Return what the query means at any time. Raises CountsBackError where that changes."""
    return _read(text, None, zone, segment)


def _read(text: str, now: datetime | None, zone: tzinfo, segment: Segment) -> Node:
    typed = without_unseen(text)
    plain = normalised(text)
    if not typed.strip():
        return Everything()
    reader = _Reader(typed, now=now, zone=zone, segment=segment)
    node = reader.read(parse_syntax(plain), None, 0) if plain.strip() else None
    if node is None:
        fail("nothing", f'"{text.strip()[:40]}" holds no word to look for', "add a word", 0)
    return node


class _Reader:
    """Turns luqum's tree into ours, counting as it goes. None stands for a part without any word (！！)."""

    def __init__(self, typed: str, *, now: datetime | None, zone: tzinfo, segment: Segment) -> None:
        self._typed = typed
        self._now = now
        self._zone = zone
        self._segment = segment
        self._clauses = 0
        self._patterns = 0

    def read(self, item: Any, field: str | None, depth: int) -> Node | None:
        if depth > 2 * MAX_DEPTH:
            fail("too_deep", "too many parts within parts", f"at most {2 * MAX_DEPTH}", item.pos)
        deeper = depth + 1
        match item:
            case lucene.BaseOperation():
                parts = [part for child in item.children if (part := self.read(child, field, deeper))]
                return _joined(parts, either=isinstance(item, lucene.OrOperation))
            case lucene.BaseGroup() | lucene.Plus():
                return self.read(item.children[0], field, deeper)
            case lucene.Not() | lucene.Prohibit():
                part = self.read(item.children[0], field, deeper)
                return None if part is None else Not(part=part)
            case lucene.Boost():
                part = self.read(item.expr, field, deeper)
                return None if part is None else Boost(part=part, factor=_boost(item))
            case lucene.SearchField():
                return self._search_field(item, field, deeper)
        self._count_clause(item)
        return self._leaf(item, field)

    def _search_field(self, item: Any, outer: str | None, depth: int) -> Node | None:
        if outer is not None:
            fail("syntax", f'"{item.name}:" stands within "{outer}:"', "ask one field at a time", item.pos)
        if item.name == "_exists_":
            return Exists(field=_known_field(_literal(item.expr), item.expr.pos))
        if item.name == "*" and isinstance(item.expr, lucene.Word) and item.expr.value == "*":
            return Everything()
        return self.read(item.expr, _known_field(item.name, item.pos), depth)

    def _leaf(self, item: Any, field: str | None) -> Node | None:
        if isinstance(item, lucene.Regex):
            fail(
                "regex", "regular expressions are not searched", 'put the words in quotes, or "…*"', item.pos
            )
        if isinstance(item, lucene.Word) and item.value == "*":
            return Everything() if field is None else Exists(field=field)
        if field in NUMBER_FIELDS:
            return _number_range(item, field)
        if field in TIME_FIELDS:
            return self._time_range(item, field)
        if isinstance(item, lucene.Range | lucene.OpenRange):
            ranges = ", ".join((*NUMBER_FIELDS, *TIME_FIELDS))
            fail(
                "not_a_range_field", f'"{field or "text"}" has no order', f"ranges go with {ranges}", item.pos
            )
        if isinstance(item, lucene.Word) and item.has_wildcard():
            return self._wildcard(item, field)
        if field in KEYWORD_FIELDS:
            return self._value(item, field)
        return self._words(item, field)

    def _words(self, item: Any, field: str | None) -> Node | None:
        if isinstance(item, lucene.Fuzzy):
            fuzzy: list[Node] = []
            for word in self._cut(item.term):
                self._count_pattern(item, FUZZY_COUNTS)
                # With as many edits as characters, every word of that length would be near.
                distance = min(_edits(item), len(word) - 1)
                near = Fuzzy(field=field, word=word, distance=distance)
                fuzzy.append(near if distance else Term(field=field, word=word))
            return _joined(fuzzy)
        if isinstance(item, lucene.Proximity):
            slop = _whole(item, item.degree, highest=MAX_SLOP)
            return _near(self._cut(item.term), field, slop) if slop else self._phrase(item.term, field)
        if isinstance(item, lucene.Phrase):
            return self._phrase(item, field)
        if item.value in ("&&", "||", "!"):
            fix = {"&&": "AND", "||": "OR", "!": "NOT"}[item.value]
            fail("syntax", f'"{item.value}" is not an operator here', f"write {fix}", item.pos)
        terms: list[Node] = [Term(field=field, word=word) for word in self._cut(item)]
        return _joined(terms)

    def _phrase(self, item: Any, field: str | None) -> Node | None:
        # As it was typed: marks within the quotes are looked for too.
        found = pieces(self._as_typed(item))
        return Phrase(field=field, words=tuple(found)) if found else None

    def _as_typed(self, item: Any) -> str:
        typed = self._typed[item.pos : item.pos + len(item.value)]
        return unescaped(typed[1:-1] if isinstance(item, lucene.Phrase) else typed)

    def _cut(self, item: Any) -> tuple[str, ...]:
        words = tuple(in_parts(self._segment(_literal(item))))
        self._clauses += max(len(words) - 1, 0)
        self._check_clauses(item)
        return words

    def _wildcard(self, item: Any, field: str | None) -> Node:
        parts = _pattern_parts(item.value, fold=field is None or field in TEXT_FIELDS)
        if parts[0] in ("*", "?"):
            bare = item.value.lstrip("*?")
            fail("leading_wildcard", f'"{item.value[:20]}" begins with a wildcard', f'try "{bare}"', item.pos)
        if len(item.value) > MAX_PATTERN_LENGTH or sum(part in ("*", "?") for part in parts) > MAX_WILDCARDS:
            fix = f"at most {MAX_WILDCARDS} of them, {MAX_PATTERN_LENGTH} characters"
            fail("too_long", "a word with too many * or ?", fix, item.pos)
        self._count_pattern(item)
        return Pattern(field=field, parts=parts)

    def _time_range(self, item: Any, field: str) -> Node:
        if isinstance(item, lucene.Term):
            start, end = self._span(item)
            return TimeRange(field=field, start=start, end=end)
        low, high, include_low, include_high = _bounds(item)
        return TimeRange(
            field=field,
            start=self._moment(low, after=not include_low),
            end=self._moment(high, after=include_high),
        )

    def _moment(self, item: Any | None, *, after: bool) -> datetime | None:
        if item is None:
            return None
        start, end = self._span(item)
        # A duration names the moment it goes back to, not all the time since.
        return end if after and not _literal(item).upper().startswith("P") else start

    def _span(self, item: Any) -> tuple[datetime, datetime]:
        text = _literal(item)
        try:
            return read_span(text, now=self._now, zone=self._zone)
        except (ValueError, OverflowError):
            what = f'"{text[:30]}" is not a date'
            fail("bad_date", what, "try 2026-03, 2026-03-05, 2026-W12 or P7D", item.pos)

    def _value(self, item: Any, field: str) -> Node:
        if isinstance(item, lucene.Fuzzy) and field not in _CLOSED_VALUES:
            self._count_pattern(item, FUZZY_COUNTS)
            return Fuzzy(field=field, word=_literal(item.term), distance=_edits(item))
        if not isinstance(item, lucene.Term):
            fail("bad_value", f'"{field}" is matched as a whole', "take ~ away", item.pos)
        # As it was typed: 住建局（房管） is stored with its full-width brackets.
        value = self._as_typed(item).strip()
        if field in _CLOSED_VALUES:
            value = value.lower()
            if value not in _CLOSED_VALUES[field]:
                known = _CLOSED_VALUES[field]
                fix = f"one of {', '.join(known)}{nearest(value, known)}"
                fail("bad_value", f'"{value[:20]}" is no {field}', fix, item.pos)
        if not value:
            fail("bad_value", f'"{field}:" has no value', f"try _exists_:{field}", item.pos)
        return Value(field=field, value=value)

    def _count_pattern(self, item: Any, count: int = 1) -> None:
        # Each goes through the words of the whole index.
        self._patterns += count
        if self._patterns > MAX_PATTERNS:
            fix = f"at most {MAX_PATTERNS}, one with ~ counting {FUZZY_COUNTS}"
            fail("too_many_patterns", "too many words with *, ? or ~", fix, item.pos)

    def _count_clause(self, item: Any) -> None:
        self._clauses += 1
        self._check_clauses(item)

    def _check_clauses(self, item: Any) -> None:
        if self._clauses > MAX_CLAUSES:
            fail("too_many_clauses", "too many words", f"at most {MAX_CLAUSES}", item.pos)


def _known_field(name: str, position: int) -> str:
    if name not in FIELDS:
        fix = f"fields: {', '.join(FIELDS)}; to look for a colon put the words in quotes"
        fail("unknown_field", f'unknown field "{name[:30]}"{nearest(name, FIELDS)}', fix, position)
    return name


def _joined(parts: Iterable[Node], *, either: bool = False) -> Node | None:
    # What is said twice is looked for once.
    different = tuple(dict.fromkeys(parts))
    if len(different) < 2:
        return different[0] if different else None
    return Or(parts=different) if either else And(parts=different)


def _near(found: tuple[str, ...], field: str | None, slop: int) -> Node | None:
    words = tuple(dict.fromkeys(found))
    if len(words) < 2:
        return Term(field=field, word=words[0]) if words else None
    return Phrase(field=field, words=words, slop=slop)


def _literal(item: Any) -> str:
    if isinstance(item, lucene.Prohibit):
        return "-" + _literal(item.children[0])
    if not isinstance(item, lucene.Term):
        fail("syntax", "only a word or a phrase can stand here", "take brackets and signs away", item.pos)
    return unescaped(item.value[1:-1] if isinstance(item, lucene.Phrase) else item.value)


def _pattern_parts(value: str, *, fold: bool) -> tuple[str, ...]:
    parts: list[str] = []
    for part in re.findall(r"\\.|[*?]|[^\\*?]+", value, re.DOTALL):
        wild = part in ("*", "?")
        if part == "*" and parts and parts[-1] == "*":
            continue
        literal = part if wild else unescaped(part)
        parts.append(unicodedata.normalize("NFKC", literal).lower() if fold and not wild else literal)
    return tuple(parts)


def _bounds(item: Any) -> tuple[Any | None, Any | None, bool, bool]:
    """Return low, high, include_low, include_high of a range; a bound of `*` is None."""
    if isinstance(item, lucene.Range):
        low, high = (None if getattr(end, "value", "") == "*" else end for end in item.children)
        return low, high, item.include_low, item.include_high
    if not isinstance(item, lucene.OpenRange):
        fail("syntax", "a value or a range has to stand here", "try [a TO b], >=a or <b", item.pos)
    is_from = isinstance(item, lucene.From)
    return (item.a, None, item.include, True) if is_from else (None, item.a, True, item.include)


def _number_range(item: Any, field: str) -> Node:
    if isinstance(item, lucene.Term):
        number = _number(item)
        return NumberRange(field=field, low=number, high=number)
    low, high, include_low, include_high = _bounds(item)
    return NumberRange(
        field=field,
        low=None if low is None else _number(low),
        high=None if high is None else _number(high),
        include_low=include_low,
        include_high=include_high,
    )


def _number(item: Any) -> float:
    text = _literal(item)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        fail("bad_number", f'"{text[:20]}" is not a number', "try urgency:>=2", item.pos)
    return number


def _whole(item: Any, degree: Any, *, highest: int) -> int:
    if degree != int(degree) or not 0 <= degree <= highest:
        fail("bad_number", f"~{degree} is not possible", f"a whole number up to {highest}", item.pos)
    return int(degree)


def _edits(item: Any) -> int:
    # ~ alone is 0.5, as it was before words were compared by edits.
    return _whole(item, 1 if item.degree < 1 else item.degree, highest=2)


def _boost(item: Any) -> float:
    factor = float(item.force)
    if not 0 < factor <= MAX_BOOST:
        fail("bad_number", f"^{factor:g} is not possible", f"above 0, up to {MAX_BOOST:g}", item.pos)
    return factor
