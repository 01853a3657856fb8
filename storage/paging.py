"""A search, page by page: each page says where the next one begins, and means what the first one meant.

A cursor holds which search it belongs to, the moment of the first page (what relative dates and waiting count
back from), the total of that moment, and the place of the last hit.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import isfinite
from typing import Any, NamedTuple, Protocol

from records.errors import Rejected
from records.query import SearchHit, SearchPage, SortOrder
from records.times import Period
from storage.bounds import micros
from storage.ordering import KEY_ORDERS, KeyOrder, Place, Slice, slice_by_waiting
from storage.query_tree import Node, TimeRange, all_of, as_filter, wanted_words

# Raise it whenever what a cursor holds changes: older ones are then refused.
_VERSION = 1
_LONGEST = 300
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Number = int | float


class Scored(NamedTuple):
    """Some of the hits by relevance; `ends` is the place of each, as its engine tells places."""

    total: int | None
    hits: Sequence[SearchHit]
    ends: Sequence[tuple[Number, ...]]


class Slices(Protocol):
    """What an engine gives of the hits of a query, at one moment."""

    def by_key(self, node: Node, order: KeyOrder, *, after: Place | None, limit: int) -> Slice:
        """Return the first `limit` hits after `after`; the total only from the beginning (`after` None)."""

    def by_score(self, node: Node, *, after: tuple[Number, ...] | None, limit: int) -> Scored:
        """Return the same of the best hits. Raises ValueError where `after` is no place of this engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One search as it was called."""

    query: str
    period: Period | None
    sort: SortOrder
    limit: int
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    now: datetime
    total: int
    place: tuple[Number, ...]


def search_page(
    asked: Asked, slices: Slices, *, parse: Callable[[str, datetime], Node], clock: Callable[[], datetime]
) -> SearchPage:
    """Return the page. Raises QueryError, and Rejected for a cursor that is not one of this search."""
    cursor = None if asked.after is None else _read(asked.after, asked)
    now = clock() if cursor is None else cursor.now
    parsed = parse(asked.query, now)
    sort = asked.sort
    # One more than wanted tells whether there is a next page.
    wanted = asked.limit + 1 if asked.limit > 0 else 0
    if sort is SortOrder.RELEVANCE and not (wanted and any(wanted_words(parsed))):
        sort = SortOrder.NEWEST
    place = None if cursor is None else cursor.place
    try:
        total, hits, ends = _slice(slices, within(parsed, asked.period), sort, now, place, wanted)
    except (TypeError, ValueError, OverflowError) as err:
        if cursor is None:
            raise
        raise _unknown(asked.after) from err
    known = cursor.total if cursor is not None else total or 0
    more = 0 < wanted == len(hits)
    following = _write(asked, _Cursor(now=now, total=known, place=ends[-2])) if more else None
    return SearchPage(total=known, hits=hits[: max(asked.limit, 0)], next_cursor=following)


def filter_of(node: Node, period: Period | None) -> Node:
    """Return what finds the hits of `node` asked in `period`, in no order."""
    return as_filter(within(node, period))


def within(node: Node, period: Period | None) -> Node:
    """Return `node`, restricted to posts asked in `period`."""
    if period is None:
        return node
    return all_of(node, TimeRange(field="asked", start=period.start, end=period.end))


def _slice(
    slices: Slices,
    node: Node,
    sort: SortOrder,
    now: datetime,
    place: tuple[Any, ...] | None,
    limit: int,
) -> tuple[int | None, Sequence[SearchHit], Sequence[tuple[Number, ...]]]:
    if sort is SortOrder.RELEVANCE:
        return slices.by_score(node, after=place, limit=limit)
    node = as_filter(node)
    if sort is SortOrder.SEVERITY_AGE:
        after = None if place is None else _waiting_place(*place)
        total, placed = slice_by_waiting(slices.by_key, node, now=now, after=after, limit=limit)
        rows, ends = [row for _, row in placed], [(int(answered), *row.place) for answered, row in placed]
        return total, [SearchHit(post_id=row.post_id, score=0.0) for row in rows], ends
    key_place = None if place is None else Place.of(*place)
    total, found = slices.by_key(node, KEY_ORDERS[sort], after=key_place, limit=limit)
    return total, [SearchHit(post_id=row.post_id, score=0.0) for row in found], [row.place for row in found]


def _waiting_place(answered: Number, key: Number, tie: Number) -> tuple[bool, Place]:
    if abs(key) >= 2**61:
        raise ValueError("nobody waits that long")
    return bool(answered), Place.of(key, tie)


def _fingerprint(asked: Asked) -> str:
    period = asked.period
    days = None if period is None else [micros(period.start), micros(period.end)]
    written = json.dumps([asked.query, days, asked.sort.value]).encode()
    return blake2b(written, digest_size=6).hexdigest()


def _write(asked: Asked, cursor: _Cursor) -> str:
    held = [_VERSION, _fingerprint(asked), micros(cursor.now), cursor.total, *cursor.place]
    return base64.urlsafe_b64encode(json.dumps(held, separators=(",", ":")).encode()).decode().rstrip("=")


def _read(text: str, asked: Asked) -> _Cursor:
    try:
        held = json.loads(base64.urlsafe_b64decode(text[:_LONGEST] + "=" * (-len(text) % 4)))
        version, search, now, total, *place = held
        are_numbers = all(type(number) in (int, float) and isfinite(number) for number in held[2:])
        of_this = version == _VERSION and search == _fingerprint(asked)
        cursor = _Cursor(now=_EPOCH + timedelta(microseconds=now), total=int(total), place=tuple(place))
    except (ValueError, TypeError, OverflowError, RecursionError) as err:
        raise _unknown(text) from err
    if not (of_this and are_numbers):
        raise _unknown(text)
    return cursor


def _unknown(text: str | None) -> Rejected:
    return Rejected(
        "bad_cursor",
        f'search: the cursor "{ascii(text)[1:21]}" is not one of this query, period and order '
        "(ask again for the first page)",
    )
