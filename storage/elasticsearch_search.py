"""Hits of the Elasticsearch index: by a key of storage.ordering, or by relevance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from records.query import SearchHit
from storage.elasticsearch_query import compile_query
from storage.ordering import TIE, KeyOrder, Place, Row, Slice
from storage.paging import Number, Scored
from storage.query_tree import Everything, Node

Ask = Callable[..., Mapping[str, Any]]


class ElasticsearchSlices:
    """storage.paging.Slices of what `ask` finds: it takes a query and the search's options."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def by_key(self, node: Node, order: KeyOrder, *, after: Place | None, limit: int) -> Slice:
        """Return the hits in `order`, and their number where it is from the beginning."""
        sort = {order.field: "desc" if order.is_descending else "asc"}
        total, found = self._hits(node, sort, None if after is None else [*after], limit)
        return Slice(total, [Row(Place(*hit["sort"]), _post_id(hit)) for hit in found])

    def by_score(self, node: Node, *, after: tuple[Number, ...] | None, limit: int) -> Scored:
        """Return the best hits. A place is the score and the tie-break."""
        if after is not None:
            _, tie = after
            Place.of(0, tie)
        total, found = self._hits(node, {"_score": "desc"}, None if after is None else [*after], limit)
        hits = [SearchHit(post_id=_post_id(hit), score=hit["_score"] or 0.0) for hit in found]
        return Scored(total, hits, [tuple(hit["sort"]) for hit in found])

    def frequencies(self, words: Sequence[str]) -> tuple[int, list[int]]:
        """Return how many posts there are, and in how many texts each word stands."""
        filters = [{"term": {"text": word}} for word in words]
        answer = self._ask(
            compile_query(Everything()), size=0, aggs={"words": {"filters": {"filters": filters}}}
        )
        buckets = answer["aggregations"]["words"]["buckets"]
        return answer["hits"]["total"]["value"], [bucket["doc_count"] for bucket in buckets]

    def _hits(
        self, node: Node, sort: dict[str, str], after: list[Number] | None, limit: int
    ) -> tuple[int | None, list[Mapping[str, Any]]]:
        answer = self._ask(
            compile_query(node),
            size=limit,
            sort=[sort, {TIE: "asc"}],
            docvalue_fields=["id"],
            track_total_hits=after is None,
            **({"search_after": after} if after is not None and limit else {}),
        )["hits"]
        return (answer["total"]["value"] if after is None else None), answer["hits"]


def _post_id(hit: Mapping[str, Any]) -> str:
    return str(hit["fields"]["id"][0])
