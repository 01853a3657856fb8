"""Which filters a rule may have: readable, about services, and a condition at all."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.masking import find
from nlp.divisions import division_kind
from nlp.segment import words
from records.post import Channel
from records.query import TEXT_FIELDS
from records.times import DEFAULT_ZONE
from storage.query import QueryError, normalised, parse_query
from storage.query_syntax import literals
from storage.query_tree import And, Boost, Everything, Exists, Node, Not, NumberRange, Or, TimeRange, Value

# Filters are read when the rule is loaded, to find mistakes; relative dates may start anywhere for that.
_CHECKED_AT = datetime(2026, 1, 1, tzinfo=UTC)
# Always there, and so no condition.
_ALWAYS_THERE = ("channel", "source", "asked", "text", "urgency", "dissatisfaction")
# The values that these fields can have, both ends included.
_REACH = {"urgency": (0, 3), "dissatisfaction": (0, 1)}
# Places, topics and sources are called after people; what is looked for in texts and offices is not.
_MAY_NAME_PERSONS = (None, *TEXT_FIELDS, "department")
_ALL_REPORTS = frozenset(Value(field="channel", value=one) for one in Channel if one.carries_reports)


def check_filter(text: str) -> str:
    """Return the filter. Raises ValueError: unreadable, about a person, true of every report or of none."""
    if _names_a_person(text):
        raise ValueError(
            "holds a personal detail (number, name or address); alerts are never about a person (look for "
            "the matter, the place or the office)"
        )
    try:
        holds = constant(parse_query(text, now=_CHECKED_AT, zone=DEFAULT_ZONE, segment=words))
    except QueryError as err:
        raise ValueError(f"{text!r}: {err}") from err
    if holds is not None:
        what = "matches everything" if holds else "can match nothing"
        raise ValueError(f'"{" ".join(text.split())}" {what} (state another one, or leave it out)')
    return text


def _names_a_person(text: str) -> bool:
    try:
        asked = literals(normalised(text))
    except QueryError:
        asked = []  # said by who reads it
    looked_for = [text, *(word for field, word in asked if field in _MAY_NAME_PERSONS)]
    return any(find(one) and not _is_division(one) for one in looked_for)


def _is_division(word: str) -> bool:
    # 石家庄 stands for 石家庄市, and is shaped like a name.
    return any(division_kind(word.strip() + kind) for kind in ("", "市", "区", "县", "省"))


def constant(node: Node) -> bool | None:
    """Return whether the query is true of every report, or of none; None where that depends on the report."""
    match node:
        case Everything():
            return True
        case Boost(part=part):
            return constant(part)
        case Not(part=part):
            inner = constant(part)
            return None if inner is None else not inner
        case And(parts=parts) | Or(parts=parts):
            return _of_parts(parts, either=isinstance(node, Or))
        case NumberRange():
            return _of_range(node)
        case TimeRange(field=field, start=None, end=None) | Exists(field=field):
            return True if field in _ALWAYS_THERE else None
    return None


def _of_parts(parts: tuple[Node, ...], *, either: bool) -> bool | None:
    values = [constant(part) for part in parts]
    if either in values or any(Not(part=part) in parts for part in parts):
        return either
    if either and _ALL_REPORTS.issubset(parts):
        return True
    return None if None in values else not either


def _of_range(node: NumberRange) -> bool | None:
    least, most = _REACH[node.field]
    above = node.low is None or node.low < least or (node.low == least and node.include_low)
    below = node.high is None or node.high > most or (node.high == most and node.include_high)
    if above and below:
        return True
    over = node.low is not None and (node.low > most or (node.low == most and not node.include_low))
    under = node.high is not None and (node.high < least or (node.high == least and not node.include_high))
    return False if over or under else None
