"""What a query means: a small tree that every engine compiles. Knows no parser and no engine.

Node
├── Everything
├── Term, Phrase             words in a text field (field None: in any of them)
├── Fuzzy, Pattern           near spellings and words with * or ?, in a text or keyword field
├── Value                    exactly this, in a keyword field
├── NumberRange, TimeRange
├── Exists
├── And, Or, Not
└── Boost
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from records.query import TEXT_FIELDS
from storage.characters import are_only_cjk


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """All posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """The word, and its characters wherever they were cut otherwise."""

    field: str | None
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """With a slop, each word at most `slop` moves from the next in one field; the other order is two moves.

    Without, `words` are pieces of storage.characters that stand one right after the other.
    """

    field: str | None
    words: tuple[str, ...]
    slop: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuzzy:
    """Words of a text field, or values of a keyword field, within `distance` edits of characters."""

    field: str | None
    word: str
    distance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """`parts` are literal strings, with "*" and "?" standing alone for any characters and for one."""

    field: str | None
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRange:
    """A bound of None is open."""

    field: str
    low: float | None
    high: float | None
    include_low: bool = True
    include_high: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """`start <= t < end`, both aware; a bound of None is open."""

    field: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exists:
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Boost:
    part: Node
    factor: float


Words = Term | Phrase | Fuzzy | Pattern
Node = Everything | Words | Value | NumberRange | TimeRange | Exists | And | Or | Not | Boost


def all_of(*nodes: Node) -> Node:
    """Return what matches where each of `nodes` does, no deeper than they are."""
    parts = tuple(part for node in nodes for part in (node.parts if isinstance(node, And) else (node,)))
    return And(parts=parts)


def as_filter(node: Node) -> Node:
    """Return what has the same hits as `node` where nobody asks for their order: quicker to count by.

    A word of CJK characters is found wherever they stand one after the other, as a word too.
    """
    match node:
        case Term(field=field, word=word) if are_only_cjk(word):
            return Phrase(field=field, words=tuple(word))
        case And(parts=parts):
            return And(parts=tuple(map(as_filter, parts)))
        case Or(parts=parts):
            return Or(parts=tuple(map(as_filter, parts)))
        case Not(part=part):
            return Not(part=as_filter(part))
        case Boost(part=part):
            return as_filter(part)
    return node


def is_broad(node: Node) -> bool:
    """Return whether nothing in `node` says what a post must have, so that it may find most of them."""
    match node:
        case And(parts=parts):
            return all(map(is_broad, parts))
        case Or(parts=parts):
            return any(map(is_broad, parts))
        case Boost(part=part):
            return is_broad(part)
    return isinstance(node, Everything | Not | Exists | NumberRange | TimeRange)


def wanted_words(node: Node) -> Iterator[Words]:
    """Yield what the query looks for in texts, in its order; what it excludes is left out."""
    match node:
        case Term() | Phrase() | Fuzzy() | Pattern():
            if node.field is None or node.field in TEXT_FIELDS:
                yield node
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from wanted_words(part)
        case Boost(part=part):
            yield from wanted_words(part)
        case _:
            return
