"""The orders of hits, in whole numbers: the same in every engine, and the same after every commit.

A document holds one number for each order and a tie-break made of its id. Hits of one number come by their
tie-break, so that each hit has one place, from which a later page goes on.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple, Protocol

from records.query import IndexDocument, SortOrder
from storage.bounds import micros
from storage.query_tree import Exists, Node, Not, NumberRange, Or, all_of

TIE = "tie"
# The fields that are there only to order by.
ORDER_FIELDS = ("urgency_then_asked", "votes_then_asked", TIE)
# Microseconds and seconds since 1970 stay below these until the year 2286.
_MICROS_STEP = 10**16
_SECONDS_STEP = 10**10
# A key has 64 bits, with its sign.
_MOST_VOTES = 2**63 // _SECONDS_STEP - 1
_LEVELS = (3, 2, 1, 0)
_ANSWERED = Or(parts=(Exists(field="replied"), Exists(field="reply")))


class Place(NamedTuple):
    """Where a hit stands in an order. Two of a million hits share one with a chance of 1 in 10 million."""

    key: int
    tie: int

    @classmethod
    def of(cls, key: float, tie: float) -> Place:
        """Return the place. Raises ValueError for what is no whole number of 64 bits."""
        if not isinstance(key, int) or not isinstance(tie, int) or max(abs(key), abs(tie)) >= 2**63:
            raise ValueError("no place in an order of whole numbers")
        return cls(key, tie)


class Row(NamedTuple):
    place: Place
    post_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOrder:
    """By the number in `field`; hits with the same number by their tie-break, the lowest first."""

    field: str
    is_descending: bool

    def sorts_as(self, place: Place) -> tuple[int, int]:
        """Return what ascends where hits come in this order."""
        return (-place.key if self.is_descending else place.key, place.tie)


NEWEST = KeyOrder(field="asked", is_descending=True)
OLDEST = KeyOrder(field="asked", is_descending=False)
KEY_ORDERS = {
    SortOrder.NEWEST: NEWEST,
    SortOrder.OLDEST: OLDEST,
    SortOrder.URGENCY: KeyOrder(field="urgency_then_asked", is_descending=True),
    SortOrder.VOTES: KeyOrder(field="votes_then_asked", is_descending=True),
}


class Slice(NamedTuple):
    """Some of the hits of a query, in an order; `total` counts all of them, None where nobody asked."""

    total: int | None
    rows: list[Row]


class SliceByKey(Protocol):
    def __call__(self, node: Node, order: KeyOrder, *, after: Place | None, limit: int) -> Slice:
        """Return the first `limit` hits after `after`; the total only from the beginning (`after` None)."""


def order_keys(document: IndexDocument) -> dict[str, int]:
    """Return the numbers of ORDER_FIELDS; the newest and the oldest stand by `asked`."""
    asked = micros(document.asked_at)
    votes = min(max(document.votes, 0), _MOST_VOTES)
    return {
        "urgency_then_asked": document.urgency * _MICROS_STEP + asked,
        "votes_then_asked": votes * _SECONDS_STEP + asked // 1_000_000,
        TIE: int.from_bytes(blake2b(document.id.encode(), digest_size=8).digest()) >> 1,
    }


def slice_by_waiting(
    slices: SliceByKey, node: Node, *, now: datetime, after: tuple[bool, Place] | None, limit: int
) -> tuple[int | None, list[tuple[bool, Row]]]:
    """Return the total and the hits by (urgency + 1) × the time they have waited until `now`, most first.

    Answered posts do not wait: they follow, the newest first. A place is whether the post is answered, and
    where it stands among those. Each level of urgency is asked for its oldest posts: within it, that is the
    order.
    """
    unanswered = all_of(node, Not(part=_ANSWERED))
    was_answered, place = after or (False, None)
    total, levels = 0, []
    if not was_answered:
        for urgency in _LEVELS:
            found = slices(
                all_of(unanswered, NumberRange(field="urgency", low=urgency, high=urgency)),
                OLDEST,
                after=None if place is None else _place_in_level(place, urgency, now),
                limit=limit,
            )
            total += found.total or 0
            levels.append(_weighed(found.rows, urgency, now))
    merged = heapq.merge(*levels, key=lambda row: (-row.place.key, row.place.tie))
    waiting = [(False, row) for row in islice(merged, limit)]
    after_answered = place if was_answered else None
    if after is not None and len(waiting) == limit:
        return None, waiting
    answered = slices(
        all_of(node, _ANSWERED), NEWEST, after=after_answered, limit=max(limit - len(waiting), 0)
    )
    rows = [*waiting, *((True, row) for row in answered.rows)]
    return (total + (answered.total or 0) if after is None else None), rows


def _weighed(rows: list[Row], urgency: int, now: datetime) -> Iterator[Row]:
    until = micros(now)
    for row in rows:
        waited = until - row.place.key
        yield Row(Place((urgency + 1) * waited, row.place.tie), row.post_id)


def _place_in_level(place: Place, urgency: int, now: datetime) -> Place:
    """Return the place by `asked` within a level after which the hits stand that stand after `place`."""
    waited, between = divmod(place.key, urgency + 1)
    # Between two microseconds nothing stands: every hit of the next whole one comes after.
    return Place(micros(now) - waited, -1 if between else place.tie)
