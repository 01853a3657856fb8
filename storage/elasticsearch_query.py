"""From the tree of a query to Elasticsearch's query objects; the same hits as storage.tantivy_query gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from records.query import TEXT_FIELDS
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

Query = dict[str, Any]

_NOTHING: Query = {"match_none": {}}
_EVERYTHING: Query = {"match_all": {}}


def compile_query(node: Node, boost: float = 1.0) -> Query:
    """Return the query for `node`. Its boost goes down to the words: depth of nesting is limited."""
    match node:
        case And(parts=parts):
            return _all_of(parts, boost)
        case Or(parts=parts):
            should = [compile_query(part, boost) for part in parts]
            return {"bool": {"should": should, "minimum_should_match": 1}}
        case Not():
            return _all_of([node], boost)
        case Boost(part=part, factor=factor):
            return compile_query(part, boost * factor)
        case Term() | Phrase() | Fuzzy() | Pattern():
            return _in_text(node, boost)
    # Filters choose, they do not rank.
    return {"constant_score": {"filter": _filter(node), "boost": 0.0}}


def _all_of(parts: Sequence[Node], boost: float) -> Query:
    clauses: dict[str, list[Query]] = {}
    for part in parts:
        match part:
            case Not(part=unwanted):
                clauses.setdefault("must_not", []).append(compile_query(unwanted, boost))
            case Value() | NumberRange() | TimeRange() | Exists():
                clauses.setdefault("filter", []).append(_filter(part))
            case _:
                clauses.setdefault("must", []).append(compile_query(part, boost))
    if clauses.keys() == {"must_not"}:
        clauses["filter"] = [_EVERYTHING]
    return {"bool": clauses}


def _in_text(node: Term | Phrase | Fuzzy | Pattern, boost: float) -> Query:
    build = _BUILDERS[type(node)]
    if node.field is not None:
        return build(node, node.field, boost)
    return {"dis_max": {"queries": [build(node, name, boost * FIELD_BOOSTS[name]) for name in TEXT_FIELDS]}}


def _term(node: Term, field: str, boost: float) -> Query:
    exact = {"term": {field: {"value": node.word, "boost": boost}}}
    wanted = pieces(node.word)
    if not wanted:
        return exact
    cut_otherwise = _sequence(field, wanted, boost * CHARACTERS_BOOST)
    return {"bool": {"should": [exact, cut_otherwise], "minimum_should_match": 1}}


def _phrase(node: Phrase, field: str, boost: float) -> Query:
    if node.slop == 0:
        return _sequence(field, node.words, boost)
    # Engines differ over the slop of more than two words.
    near = [{"query": " ".join(two), "slop": node.slop, "boost": boost} for two in pairwise(node.words)]
    return {"bool": {"must": [{"match_phrase": {field: one}} for one in near]}}


def _sequence(field: str, wanted: Sequence[str], boost: float) -> Query:
    """Return the query for pieces of storage.characters, one right after the other."""
    if len(wanted) == 1:
        return {"term": {f"{field}_pieces": {"value": wanted[0], "boost": boost}}}
    return {"match_phrase": {f"{field}_pairs": {"query": " ".join(pairs(wanted)), "boost": boost}}}


def _fuzzy(node: Fuzzy, field: str, boost: float) -> Query:
    # By constant score all near words are taken, not only the fifty nearest.
    options = {"value": node.word, "fuzziness": node.distance, "rewrite": "constant_score", "boost": boost}
    return {"fuzzy": {field: options}}


def _pattern(node: Pattern, field: str, boost: float) -> Query:
    value = "".join(part if part in ("*", "?") else re.sub(r"([*?\\])", r"\\\1", part) for part in node.parts)
    return {"wildcard": {field: {"value": value, "boost": boost}}}


_BUILDERS: dict[type, Callable[[Any, str, float], Query]] = {
    Term: _term,
    Phrase: _phrase,
    Fuzzy: _fuzzy,
    Pattern: _pattern,
}


def _filter(node: Everything | Value | NumberRange | TimeRange | Exists) -> Query:
    match node:
        case Everything():
            return _EVERYTHING
        case Value(field=field, value=value):
            return {"term": {field: value}}
        case Exists(field=field):
            return {"term": {"has": field}}
        case TimeRange(field=field):
            return _range(field, *time_bounds(node))
        case NumberRange(low=None, high=None, field=field):
            return {"term": {"has": field}}
        case NumberRange(field="dissatisfaction"):
            return _float_range(node)
        case NumberRange(field=field):
            return _range(field, *whole_bounds(node))


def _range(field: str, first: int | None, last: int | None) -> Query:
    if first is None and last is None:
        return {"term": {"has": field}}
    if first is not None and last is not None and first > last:
        return _NOTHING
    return {"range": {field: _without_none({"gte": first, "lte": last})}}


def _float_range(node: NumberRange) -> Query:
    low, high = "gte" if node.include_low else "gt", "lte" if node.include_high else "lt"
    return {"range": {node.field: _without_none({low: node.low, high: node.high})}}


def _without_none(bounds: dict[str, Any]) -> dict[str, Any]:
    return {name: bound for name, bound in bounds.items() if bound is not None}
