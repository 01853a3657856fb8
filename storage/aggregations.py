"""Counts by value and by time: what an engine is asked, and its answer read. Both engines speak this JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from records.query import FacetValue, HistogramBin


def ask_bins(starts: Sequence[int], *, bounded: bool = False) -> dict[str, Any]:
    """Return the aggregation that counts by `asked` between each of `starts` (microseconds) and the next.

    `bounded` leaves out what comes before the first and after the last (tantivy only).
    """
    widths = {after - before for before, after in pairwise(starts)}
    if len(widths) == 1:
        width = widths.pop()
        offset = starts[0] % width
        bins = {"field": "asked", "interval": width, "offset": offset, "min_doc_count": 1}
        # Elasticsearch counts these from the offset: there the query has to keep within the bins.
        bounds = {"hard_bounds": {"min": starts[0], "max": starts[-1] - 1}} if bounded else {}
        return {"histogram": bins | bounds}
    # The zone changes its clock within: the bins are not of one width.
    ranges = [{"from": before, "to": after} for before, after in pairwise(starts)]
    return {"range": {"field": "asked", "ranges": ranges}}


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


class BinReader:
    """Makes the bins of many series over the same starts. The empty ones are made once and shared."""

    def __init__(self, local: Sequence[datetime], starts: Sequence[int]) -> None:
        self._empty = [HistogramBin(start=start, count=0) for start in local]
        self._places = dict(zip(starts, range(len(local)), strict=False))

    def read(self, answer: Mapping[str, Any]) -> list[HistogramBin]:
        """Return the bins of the aggregation named "bins" in `answer`, empty ones included."""
        bins = self._empty.copy()
        for bucket in answer["bins"]["buckets"] if bins else ():
            # A histogram's bucket is known by its key, a range's by `from`; what lies outside has neither.
            start = bucket.get("from", bucket["key"])
            place = None if isinstance(start, str) else self._places.get(int(start))
            if place is not None:
                bins[place] = HistogramBin(start=bins[place].start, count=bucket["doc_count"])
        return bins
