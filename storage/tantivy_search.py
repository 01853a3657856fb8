"""Hits of the embedded index, at one commit: by a key of storage.ordering, or by relevance."""

from __future__ import annotations

from collections.abc import Sequence

import tantivy
from tantivy import FieldType, Occur, Query

from records.query import SearchHit
from storage.ordering import TIE, KeyOrder, Place, Row, Slice
from storage.paging import Number, Scored
from storage.query_tree import Node
from storage.tantivy_query import compile_query

_ORDERS = {False: tantivy.Order.Asc, True: tantivy.Order.Desc}


class TantivySlices:
    """storage.paging.Slices of one searcher."""

    def __init__(self, searcher: tantivy.Searcher, schema: tantivy.Schema) -> None:
        self._searcher = searcher
        self._schema = schema

    def by_key(self, node: Node, order: KeyOrder, *, after: Place | None, limit: int) -> Slice:
        """Return the hits in `order`, and their number where it is from the beginning."""
        query = compile_query(self._schema, node)
        total = None
        if after is None and limit < 1:
            return Slice(total_of(self._searcher, query), [])
        if limit < 1:
            return Slice(None, [])
        left = query if after is None else _both(query, self._later(order, after))
        # One more than wanted tells whether hits of the last key are left out.
        found = self._searcher.search(
            left,
            limit + 1,
            count=after is None,
            order_by_field=order.field,
            order=_ORDERS[order.is_descending],
        )
        if after is None:
            total = number_of(found)
        keys = [key for key, _ in found.hits]
        if len(keys) <= limit or keys[limit] != keys[limit - 1]:
            return Slice(total, self._rows(found.hits[:limit], order))
        # Which of the last key came is chance: they are asked for once more, by their tie-break.
        last = keys[limit]
        rows = self._rows([hit for hit in found.hits if hit[0] != last], order)
        same = _both(left, self._range(order.field, last, last))
        ties = self._searcher.search(
            same, limit - len(rows), count=False, order_by_field=TIE, order=tantivy.Order.Asc
        )
        rows += [Row(Place(last, tie), self._post_id(address)) for tie, address in ties.hits]
        return Slice(total, rows)

    def by_score(self, node: Node, *, after: tuple[Number, ...] | None, limit: int) -> Scored:
        """Return the best hits. A place is how many come before: scores cannot be asked for."""
        query = compile_query(self._schema, node)
        if limit < 1:
            return Scored(total_of(self._searcher, query), [], [])
        passed = 0 if after is None else _passed(*after)
        found = self._searcher.search(query, limit, count=after is None, offset=passed)
        hits = [SearchHit(post_id=self._post_id(address), score=score) for score, address in found.hits]
        ends = [(passed + number,) for number in range(1, len(hits) + 1)]
        return Scored(number_of(found) if after is None else None, hits, ends)

    def frequencies(self, words: Sequence[str]) -> tuple[int, list[int]]:
        """Return how many posts there are, and in how many texts each word stands."""
        return self._searcher.num_docs, [self._searcher.doc_freq("text", word) for word in words]

    def _rows(self, hits: list[tuple[int, tantivy.DocAddress]], order: KeyOrder) -> list[Row]:
        ties = self._searcher.fast_field_values(TIE, [address for _, address in hits])
        rows = [
            Row(Place(key, int(tie or 0)), self._post_id(address))
            for (key, address), tie in zip(hits, ties, strict=True)
        ]
        return sorted(rows, key=lambda row: order.sorts_as(row.place))

    def _later(self, order: KeyOrder, place: Place) -> Query:
        """Return the query for what stands after `place`."""
        key, tie = place
        low, high = (None, key) if order.is_descending else (key, None)
        beyond = self._range(order.field, low, high, is_open=True)
        tied = _both(self._range(order.field, key, key), self._range(TIE, tie, None, is_open=True))
        return Query.boolean_query([(Occur.Should, beyond), (Occur.Should, tied)])

    def _range(self, field: str, low: int | None, high: int | None, *, is_open: bool = False) -> Query:
        return Query.range_query(
            self._schema,
            field,
            FieldType.Integer,
            low,
            high,
            include_lower=not is_open or low is None,
            include_upper=not is_open or high is None,
        )

    def _post_id(self, address: tantivy.DocAddress) -> str:
        return str(self._searcher.doc(address)["id"][0])


def total_of(searcher: tantivy.Searcher, query: Query) -> int:
    """Return how many documents match."""
    return number_of(searcher.search(query, 1))


def number_of(found: tantivy.SearchResult) -> int:
    """Return how many documents matched, those beyond the limit included."""
    return int(found.count)  # type: ignore[attr-defined]  # missing in tantivy.pyi


def _both(one: Query, other: Query) -> Query:
    return Query.boolean_query([(Occur.Must, one), (Occur.Must, other)])


def _passed(count: Number) -> int:
    if not isinstance(count, int) or not 0 <= count < 2**31:
        raise ValueError("no number of hits")
    return count
