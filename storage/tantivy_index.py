"""The embedded search index. Only the modules storage.tantivy_* know tantivy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from functools import lru_cache
from pathlib import Path

import tantivy

from records.errors import HuiyingError
from records.query import (
    FACET_FIELDS,
    FacetValue,
    GroupSeries,
    HistogramBin,
    IndexDocument,
    Interval,
    SearchHit,
    SearchPage,
    SortOrder,
)
from records.times import Period, utc_now
from storage.bins import Bins, bins_of
from storage.paging import Asked, search_page
from storage.query import Segment, parse_query
from storage.query_tree import Everything, Node, as_filter, is_broad
from storage.search import NotIndexedError, SearchIndex
from storage.similar import find_similar
from storage.tantivy_counts import count_bins, count_groups, count_values
from storage.tantivy_files import IndexFiles, Version
from storage.tantivy_query import compile_query, restrict
from storage.tantivy_schema import build_fields, build_schema
from storage.tantivy_search import TantivySlices, total_of

# Room for a commit of the indexer: what does not fit is parted into segments, which must be merged again.
WRITER_BYTES = 256_000_000
# Each thread makes a segment of its own at every commit. Of 20,000 posts in commits of 5,000 two took 0.72 ms
# of processor time a post with the merging, one 0.51.
WRITER_THREADS = 1
# Filters of rules and saved searches, compiled: 0.1 ms each.
QUERIES_KEPT = 512
# Facets and histograms of the newest commit: pages of one search, and its reloads, ask for the same ones.
ANSWERS_KEPT = 64


class TantivyIndex(SearchIndex):
    """In a folder, which is made if it is not there.

    `clock` says what relative dates in queries count back from.
    """

    # 25,000 documents, 2 kB of memory each: a segment of every commit has to be merged with others later.
    batches_a_commit = 5

    def __init__(
        self, folder: Path, *, segment: Segment, zone: tzinfo, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._segment = segment
        self._zone = zone
        self._clock = clock
        self._files = IndexFiles(folder)
        self._schema = build_schema()
        self._writer: tantivy.IndexWriter | None = None
        self._is_committed = True
        self._holders = 0
        self._compiled = lru_cache(maxsize=QUERIES_KEPT)(self._compile)
        self._facets = lru_cache(maxsize=ANSWERS_KEPT)(self._count_facets)
        self._histogram = lru_cache(maxsize=ANSWERS_KEPT)(self._count_bins)

    # -- writing ---------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._files.acquire()
        self._holders += 1
        with self._files.telling_full_disk():
            try:
                if self._holders == 1:
                    self._files.written()
                yield
            finally:
                self._holders -= 1
                if self._holders == 0:
                    self._drop_writer()
                self._files.release()

    def add(self, documents: Iterable[IndexDocument], *, version: int = 0) -> int:
        writer = self._open_writer()
        added = 0
        refused: dict[str, str] = {}
        for document in documents:
            try:
                fields = build_fields(document, self._schema)
            except ValueError as err:
                refused[document.id] = str(err)
                continue
            writer.delete_documents_by_term("id", document.id)
            writer.add_document(fields)
            added += 1
        if refused:
            raise NotIndexedError(self._files.shown, reasons=refused)
        return added

    def delete(self, post_ids: Iterable[str], *, version: int = 0) -> None:
        writer = self._open_writer()
        for post_id in post_ids:
            writer.delete_documents_by_term("id", post_id)

    def refresh(self, *, watermark: int | None = None) -> None:
        with self.writing():
            if self._writer is not None:
                self._writer.commit()
                self._is_committed = True
            # After the commit: killed in between, the rows come again and replace themselves.
            if watermark is not None:
                self._files.set_watermark(watermark)
        self._files.searcher()

    def watermark(self) -> int:
        return self._files.watermark()

    def clear(self) -> None:
        with self.writing():
            self.begin_rebuild()
            self.publish()

    def begin_rebuild(self) -> None:
        with self.writing():
            self._drop_writer()
            self._files.start_beside()

    def publish(self) -> None:
        with self.writing():
            self._files.publish()

    def faults(self) -> list[str]:
        try:
            self._count_facets(self._files.version(), Everything(), None, FACET_FIELDS, 1)
        except HuiyingError as err:
            return [str(err)]
        except (OSError, ValueError) as err:
            return [f"{self._files.shown}: cannot be read: {err} (run huiying reindex)"]
        return []

    def close(self) -> None:
        if self._files.is_held:
            self._drop_writer()

    def _open_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._files.acquire()
            try:
                self._writer = self._files.written().writer(WRITER_BYTES, WRITER_THREADS)
            except BaseException:
                self._files.release()
                raise
        self._is_committed = False
        return self._writer

    def _drop_writer(self) -> None:
        """Give up what is not committed, wait for the merging of what is."""
        if self._writer is not None:
            if not self._is_committed:
                self._writer.rollback()  # which gives up merging too
            self._writer.wait_merging_threads()
            self._writer = None
            self._files.release()

    # -- reading ---------------------------------------------------------------------------------

    def count(self, query: str = "", *, period: Period | None = None) -> int:
        return total_of(self._files.searcher(), self._filter(self._parse(query), period))

    def search(
        self,
        query: str = "",
        *,
        period: Period | None = None,
        sort: SortOrder = SortOrder.RELEVANCE,
        limit: int = 20,
        after: str | None = None,
    ) -> SearchPage:
        asked = Asked(query=query, period=period, sort=sort, limit=limit, after=after)
        return search_page(asked, self._slices(), parse=self._parse_at, clock=self._clock)

    def more_like_this(self, text: str, *, without: str | None = None, limit: int = 10) -> list[SearchHit]:
        slices = self._slices()
        return find_similar(
            text, slices, slices.frequencies, segment=self._segment, without=without, limit=limit
        )

    def facets(
        self, query: str, fields: Sequence[str], *, period: Period | None = None, limit: int = 20
    ) -> dict[str, list[FacetValue]]:
        found = self._facets(self._files.version(), self._parse(query), period, tuple(fields), limit)
        return {field: list(values) for field, values in found.items()}

    def histogram(
        self, query: str, interval: Interval, *, period: Period, zone: tzinfo
    ) -> list[HistogramBin]:
        bins = bins_of(period, interval, zone)
        return list(self._histogram(self._files.version(), self._parse(query), period, bins))

    def group_counts(
        self,
        query: str,
        by: Sequence[str],
        *,
        period: Period,
        interval: Interval | None = None,
        zone: tzinfo | None = None,
        limit: int = 10_000,
    ) -> list[GroupSeries]:
        bins = bins_of(period, interval, zone)
        searcher, compiled = self._files.searcher(), self._filter(self._parse(query), period)
        if by:
            return count_groups(searcher, compiled, by, bins, limit=limit)
        counted = count_bins(searcher, compiled, bins)
        return [GroupSeries(key={}, total=total_of(searcher, compiled), counts=counted)]

    def _count_facets(
        self, _: Version, node: Node, period: Period | None, fields: tuple[str, ...], limit: int
    ) -> dict[str, list[FacetValue]]:
        return count_values(self._files.searcher(), self._filter(node, period), fields, limit=limit)

    def _count_bins(self, _: Version, node: Node, period: Period, bins: Bins) -> list[HistogramBin]:
        # The bins leave out what is outside of them: for few hits that is twice as quick as a range.
        is_needless = bins.are_all_of(period) and not is_broad(node)
        wanted = self._filter(node, None if is_needless else period)
        return bins.histogram(count_bins(self._files.searcher(), wanted, bins))

    def _filter(self, node: Node, period: Period | None) -> tantivy.Query:
        compiled = self._compiled(node)
        return compiled if period is None else restrict(self._schema, compiled, period)

    def _compile(self, node: Node) -> tantivy.Query:
        return compile_query(self._schema, as_filter(node))

    def _parse(self, query: str) -> Node:
        return self._parse_at(query, self._clock())

    def _parse_at(self, query: str, now: datetime) -> Node:
        return parse_query(query, now=now, zone=self._zone, segment=self._segment)

    def _slices(self) -> TantivySlices:
        return TantivySlices(self._files.searcher(), self._schema)
