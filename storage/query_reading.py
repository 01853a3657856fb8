"""How a query was read, clause by clause: what `huiying search --explain` shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from storage import query_tree as tree
from storage.query import Segment, normalised, parse_query


class ClauseKind(StrEnum):
    ALL = "all"  # of the clauses below it
    ANY = "any"  # of the clauses below it
    NOT = "not"  # what the clause below it finds
    EVERYTHING = "everything"
    WORD = "word"  # or its characters, cut otherwise
    EXACT = "exact"  # these characters one right after the other
    NEAR = "near"  # these words, each near the next
    SPELLING = "spelling"  # words or values within so many edits
    PATTERN = "pattern"
    VALUE = "value"
    NUMBER = "number"
    TIME = "time"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One part. `field` None is title, text or reply; words in `value` are as the index has them."""

    depth: int
    kind: ClauseKind
    field: str | None = None
    value: str = ""
    boost: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """`normalised` is `typed` in half width, without unseen characters; the outermost clause comes first."""

    typed: str
    normalised: str
    clauses: tuple[Clause, ...]


def explain(text: str, *, now: datetime, zone: tzinfo, segment: Segment) -> Reading:
    """Return how `text` is read. Dates are the moments of `zone` that they mean. Raises QueryError."""
    node = parse_query(text, now=now, zone=zone, segment=segment)
    clauses = tuple(_clauses(node, 0, 1.0, zone))
    return Reading(typed=text, normalised=normalised(text), clauses=clauses)


def _clauses(node: tree.Node, depth: int, boost: float, zone: tzinfo) -> Iterator[Clause]:
    match node:
        case tree.Boost(part=part, factor=factor):
            yield from _clauses(part, depth, boost * factor, zone)
        case tree.And(parts=parts) | tree.Or(parts=parts):
            kind = ClauseKind.ALL if isinstance(node, tree.And) else ClauseKind.ANY
            yield Clause(depth=depth, kind=kind, boost=boost)
            for part in parts:
                yield from _clauses(part, depth + 1, 1.0, zone)
        case tree.Not(part=part):
            yield Clause(depth=depth, kind=ClauseKind.NOT, boost=boost)
            yield from _clauses(part, depth + 1, 1.0, zone)
        case _:
            yield replace(_leaf(node, zone), depth=depth, boost=boost)


def _leaf(
    node: tree.Words | tree.Value | tree.NumberRange | tree.TimeRange | tree.Exists | tree.Everything,
    zone: tzinfo,
) -> Clause:
    match node:
        case tree.Term(field=field, word=word):
            return Clause(depth=0, kind=ClauseKind.WORD, field=field, value=word)
        case tree.Phrase(field=field, words=words, slop=slop):
            kind = ClauseKind.NEAR if slop else ClauseKind.EXACT
            return Clause(
                depth=0, kind=kind, field=field, value=" ".join(words) + (f" ~{slop}" if slop else "")
            )
        case tree.Fuzzy(field=field, word=word, distance=distance):
            return Clause(depth=0, kind=ClauseKind.SPELLING, field=field, value=f"{word} ~{distance}")
        case tree.Pattern(field=field, parts=parts):
            return Clause(depth=0, kind=ClauseKind.PATTERN, field=field, value="".join(parts))
        case tree.Value(field=field, value=value):
            return Clause(depth=0, kind=ClauseKind.VALUE, field=field, value=value)
        case tree.Exists(field=field):
            return Clause(depth=0, kind=ClauseKind.EXISTS, field=field)
        case tree.NumberRange(field=field):
            return Clause(depth=0, kind=ClauseKind.NUMBER, field=field, value=_numbers(node))
        case tree.TimeRange(field=field):
            return Clause(depth=0, kind=ClauseKind.TIME, field=field, value=_times(node, zone))
        case tree.Everything():
            return Clause(depth=0, kind=ClauseKind.EVERYTHING)


def _numbers(of: tree.NumberRange) -> str:
    if of.low == of.high and of.low is not None:
        return f"= {of.low:g}"
    low = None if of.low is None else f"{'>=' if of.include_low else '>'} {of.low:g}"
    high = None if of.high is None else f"{'<=' if of.include_high else '<'} {of.high:g}"
    return " ".join(end for end in (low, high) if end)


def _times(of: tree.TimeRange, zone: tzinfo) -> str:
    ends = ((">=", of.start), ("<", of.end))
    return " ".join(f"{sign} {end.astimezone(zone).isoformat()}" for sign, end in ends if end is not None)
