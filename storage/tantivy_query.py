"""From the tree of a query to tantivy's query objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

from tantivy import FieldType, Occur, Query, Schema

from records.query import TEXT_FIELDS
from records.times import Period
from storage.bounds import time_bounds, whole_bounds
from storage.characters import pairs, pieces
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
from storage.ranking import CHARACTERS_BOOST, FIELD_BOOSTS

# Up to so long the terms of a time range are looked up one by one; for longer ones every post is looked at.
# Of a million posts of a year an hour takes 0.06 ms against 1.9.
_SHORT_MICROS = 86_400_000_000
_FLOAT_FIELDS = frozenset({"dissatisfaction"})


def compile_query(schema: Schema, node: Node) -> Query:
    """Return the query for `node`."""
    match node:
        case And(parts=parts):
            return _all_of(schema, parts)
        case Or(parts=parts):
            return Query.boolean_query([(Occur.Should, compile_query(schema, part)) for part in parts])
        case Not():
            return _all_of(schema, [node])
        case Boost(part=part, factor=factor):
            return Query.boost_query(compile_query(schema, part), factor)
        case Term() | Phrase() | Fuzzy():
            return _in_text(node.field, lambda field: _words(schema, node, field))
        case Pattern(parts=parts):
            regex = _regex(parts)
            return _in_text(node.field, lambda field: Query.regex_query(schema, field, regex))
    # Filters choose, they do not rank.
    return Query.const_score_query(_filter(schema, node), 0.0)


def restrict(schema: Schema, query: Query, period: Period) -> Query:
    """Return the query for what `query` finds, asked in `period`."""
    asked = compile_query(schema, TimeRange(field="asked", start=period.start, end=period.end))
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, asked)])


def _all_of(schema: Schema, parts: Sequence[Node]) -> Query:
    clauses = [
        (Occur.MustNot, compile_query(schema, part.part))
        if isinstance(part, Not)
        else (Occur.Must, compile_query(schema, part))
        for part in parts
    ]
    if all(occur is Occur.MustNot for occur, _ in clauses):
        clauses.append((Occur.Must, compile_query(schema, Everything())))
    return Query.boolean_query(clauses)


def _in_text(field: str | None, build: Callable[[str], Query]) -> Query:
    if field is not None:
        return build(field)
    boosted = [Query.boost_query(build(name), FIELD_BOOSTS[name]) for name in TEXT_FIELDS]
    return Query.disjunction_max_query(boosted)


def _words(schema: Schema, node: Term | Phrase | Fuzzy, field: str) -> Query:
    match node:
        case Term(word=word):
            exact = Query.term_query(schema, field, word)
            wanted = pieces(word)
            if not wanted:
                return exact
            cut_otherwise = Query.boost_query(_sequence(schema, field, wanted), CHARACTERS_BOOST)
            return Query.boolean_query([(Occur.Should, exact), (Occur.Should, cut_otherwise)])
        case Phrase(words=words, slop=0):
            return _sequence(schema, field, words)
        case Phrase(words=words, slop=slop):
            # Engines differ over the slop of more than two words.
            near = [Query.phrase_query(schema, field, [*two], slop=slop) for two in pairwise(words)]
            return Query.boolean_query([(Occur.Must, query) for query in near])
        case Fuzzy(word=word, distance=distance):
            return Query.fuzzy_term_query(schema, field, word, distance=distance)


def _sequence(schema: Schema, field: str, wanted: Sequence[str]) -> Query:
    """Return the query for pieces of storage.characters, one right after the other."""
    if len(wanted) == 1:
        return Query.term_query(schema, f"{field}_pieces", wanted[0])
    terms: list[str | tuple[int, str]] = [*pairs(wanted)]
    if len(terms) == 1:
        return Query.term_query(schema, f"{field}_pairs", terms[0])
    return Query.phrase_query(schema, f"{field}_pairs", terms)


def _filter(schema: Schema, node: Everything | Value | NumberRange | TimeRange | Exists) -> Query:
    match node:
        case Everything():
            return Query.all_query()
        case Value(field=field, value=value):
            return Query.term_query(schema, field, value)
        case Exists(field=field):
            return Query.term_query(schema, "has", field)
        case TimeRange(field=field):
            low, high = time_bounds(node)
            if low is None and high is None:
                return Query.term_query(schema, "has", field)
            if low is not None and high is not None and low > high:
                return Query.empty_query()
            is_short = low is not None and high is not None and high - low < _SHORT_MICROS
            return Query.range_query(schema, field, FieldType.Integer, low, high, use_inverted_index=is_short)
        case NumberRange():
            return _number_filter(schema, node)


def _number_filter(schema: Schema, node: NumberRange) -> Query:
    if node.low is None and node.high is None:
        return Query.term_query(schema, "has", node.field)
    if node.field not in _FLOAT_FIELDS:
        return _whole_number_filter(schema, node)
    return Query.range_query(
        schema,
        node.field,
        FieldType.Float,
        node.low,
        node.high,
        include_lower=node.include_low or node.low is None,
        include_upper=node.include_high or node.high is None,
    )


def _whole_number_filter(schema: Schema, node: NumberRange) -> Query:
    first, last = whole_bounds(node)
    if first > last:
        return Query.empty_query()
    return Query.range_query(schema, node.field, FieldType.Integer, first, last)


def _regex(parts: Sequence[str]) -> str:
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(part) or re.escape(part) for part in parts)
