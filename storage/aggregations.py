"""Counts by value, read from the answers of either engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from records.query import FacetValue


def commonest(buckets: Iterable[Mapping[str, Any]], limit: int) -> list[FacetValue]:
    """Return the values of a terms aggregation, most first, ties by value."""
    values = [FacetValue(value=str(bucket["key"]), count=bucket["doc_count"]) for bucket in buckets]
    return sorted(values, key=lambda item: (-item.count, item.value))[:limit]


def leaves(
    answer: Mapping[str, Any], depth: int, values: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], int, Mapping[str, Any]]]:
    """Yield (values, count, bucket) of each innermost bucket of terms aggregations named "group"."""
    for bucket in answer["group"]["buckets"]:
        here = (*values, str(bucket["key"]))
        if depth == 1:
            yield here, bucket["doc_count"], bucket
        else:
            yield from leaves(bucket, depth - 1, here)
