"""Counts by value and by time of the embedded index, at one commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tantivy

from records.query import FacetValue, GroupSeries
from storage.aggregations import commonest, leaves
from storage.bins import Bins

# Buckets that an answer may have; tantivy's own limit is 65,000.
ALL_VALUES = 60_000
# Values that each segment hands on: all of them, for sums to be exact.
EVERY_VALUE = 2**31
# Values asked for beyond those wanted, among which ties mostly end.
MORE_VALUES = 30


def count_values(
    searcher: tantivy.Searcher, query: tantivy.Query, fields: Sequence[str], *, limit: int
) -> dict[str, list[FacetValue]]:
    """Return for each field its commonest values, most first (ties by value)."""
    found: dict[str, list[FacetValue]] = {}
    # Handing over thousands of places costs more than counting them: all only where ties ask for it.
    for size in (limit + MORE_VALUES, ALL_VALUES):
        counted = {"size": size, "segment_size": EVERY_VALUE}
        wanted = {field: {"terms": {"field": field, **counted}} for field in fields if field not in found}
        answer = searcher.aggregate(query, wanted) if wanted else {}
        for field in wanted:
            buckets = answer[field]["buckets"]
            if size == ALL_VALUES or len(buckets) < size or not _is_tied(buckets, limit):
                found[field] = commonest(buckets, limit)
    return {field: found[field] for field in fields}


def count_bins(searcher: tantivy.Searcher, query: tantivy.Query, bins: Bins) -> list[int]:
    """Return counts by `asked`, one for each bin."""
    wanted = bins.ask(bounded=True)
    return bins.counts(searcher.aggregate(query, wanted) if wanted else {})


def count_groups(
    searcher: tantivy.Searcher, query: tantivy.Query, by: Sequence[str], bins: Bins, *, limit: int
) -> list[GroupSeries]:
    """Return one series per combination of values of the fields `by`, of which there is one or more."""
    answer = searcher.aggregate(query, _nested(by, bins))
    series = [
        GroupSeries(key=dict(zip(by, values, strict=True)), total=total, counts=bins.counts(leaf))
        for values, total, leaf in leaves(answer, len(by))
    ]
    series.sort(key=lambda one: (-one.total, tuple(one.key.values())))
    return series[:limit]


def _is_tied(buckets: Sequence[dict[str, Any]], limit: int) -> bool:
    """Return whether values beyond the last bucket may be as common as the last one wanted."""
    return bool(buckets[-1]["doc_count"] == buckets[max(limit, 1) - 1]["doc_count"])


def _nested(by: Sequence[str], bins: Bins) -> dict[str, Any]:
    """Return the aggregation that counts by each field in turn and by the bins below the last."""
    inner = bins.ask()
    for field in reversed(by):
        group: dict[str, Any] = {"terms": {"field": field, "size": ALL_VALUES, "segment_size": EVERY_VALUE}}
        if inner:
            group["aggs"] = inner
        inner = {"group": group}
    return inner
