"""The embedded search index. Only the modules storage.tantivy_* know tantivy.

`writing.lock` in its folder lets one process write at a time; what else is there storage.tantivy_generations
says. Readers of other processes see a commit, and the end of a rebuild, at their next call.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import tantivy
from filelock import FileLock, Timeout

from records.errors import ConfigurationError, HuiyingError, Retryable
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
from storage.aggregations import BinReader, ask_bins, commonest, leaves
from storage.bins import bin_edges
from storage.bounds import micros
from storage.paging import Asked, filter_of, search_page
from storage.query import Segment, parse_query
from storage.query_tree import Node, is_broad
from storage.search import NotIndexedError
from storage.similar import find_similar
from storage.tantivy_generations import Current, Generations
from storage.tantivy_query import compile_query
from storage.tantivy_schema import build_fields
from storage.tantivy_search import TantivySlices, total_of

# Room for a batch of the indexer: what does not fit is parted into segments, which must be merged again.
WRITER_BYTES = 256_000_000
WRITER_THREADS = 2
# The longest holder is a rebuild; a drain that waits longer is tried again by the schedule.
LOCK_TIMEOUT_S = 60
# Values counted by one terms aggregation in each segment: all of them, for counts to be exact.
ALL_VALUES = 60_000
# Values asked for beyond those wanted, among which ties mostly end.
MORE_VALUES = 30

_log = logging.getLogger(__name__)


class TantivyIndex:
    """A storage.search.SearchIndex in a folder, which is made if it is not there.

    `clock` says what relative dates in queries count back from.
    """

    def __init__(
        self, folder: Path, *, segment: Segment, zone: tzinfo, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._folder = folder
        self._segment = segment
        self._zone = zone
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "writing.lock", timeout=LOCK_TIMEOUT_S)
        self._writer: tantivy.IndexWriter | None = None
        self._is_committed = True
        self._holders = 0
        self._generations = Generations(folder)
        # What is read, and what its files looked like when they were opened.
        self._index: tantivy.Index
        self._reads = ""
        self._seen_pointer = self._seen_commit = (0, 0)
        self._open()

    # -- writing ---------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the index for writing (storage.search.SearchIndex.writing)."""
        self._acquire()
        self._holders += 1
        with _telling_full_disk(self._folder):
            try:
                if self._holders == 1:
                    self._written()
                yield
            finally:
                self._holders -= 1
                if self._holders == 0:
                    self._drop_writer()
                self._lock.release()

    def add(self, documents: Iterable[IndexDocument], *, version: int = 0) -> int:
        """Put the documents in, replacing those of the same id; return how many. Visible after refresh.

        `version` is not needed: one process writes at a time.
        """
        writer = self._open_writer()
        added = 0
        refused: dict[str, str] = {}
        for document in documents:
            try:
                fields = build_fields(document, self._index.schema)
            except ValueError as err:
                refused[document.id] = str(err)
                continue
            writer.delete_documents_by_term("id", document.id)
            writer.add_document(fields)
            added += 1
        if refused:
            first, reason = next(iter(refused.items()))
            raise NotIndexedError(
                f"search index {self._folder}: {len(refused)} documents refused, "
                f'the first is "{first}": {reason}',
                reasons=refused,
            )
        return added

    def delete(self, post_ids: Iterable[str], *, version: int = 0) -> None:
        """Take the documents out; unknown ids are passed over. Visible after refresh."""
        writer = self._open_writer()
        for post_id in post_ids:
            writer.delete_documents_by_term("id", post_id)

    def refresh(self, *, watermark: int | None = None) -> None:
        """Commit durably and make visible; `watermark` is the newest outbox row that is now in."""
        with self.writing():
            if self._writer is not None:
                self._writer.commit()
                self._is_committed = True
            # After the commit: killed in between, the rows come again and replace themselves.
            if watermark is not None:
                self._generations.set_watermark(self._current().write, watermark)
        self._searcher()

    def watermark(self) -> int:
        """Return the outbox row last committed, 0 for a new index."""
        current = self._generations.current()
        return 0 if current is None else self._generations.watermark(current.write)

    def clear(self) -> None:
        """Throw everything away, the watermark included."""
        with self.writing():
            self.begin_rebuild()
            self.publish()

    def begin_rebuild(self) -> None:
        """Write into an empty index from now on; people read the old one until `publish`."""
        with self.writing():
            self._drop_writer()
            self._generations.point(Current(read=self._current().read, write=self._generations.start()))

    def publish(self) -> None:
        """Let people read the index that is written, in one step, and drop the one they read."""
        with self.writing():
            current = self._current()
            if current.read == current.write:
                self._generations.sweep(current)
            else:
                self._generations.point(Current(read=current.write, write=current.write))

    def faults(self) -> list[str]:
        """Return what is wrong with the files, a line each (storage.search.SearchIndex)."""
        try:
            self.facets("", FACET_FIELDS)
        except HuiyingError as err:
            return [str(err)]
        except (OSError, ValueError) as err:
            return [f"search index {self._folder}: cannot be read: {err} (run huiying reindex)"]
        return []

    def close(self) -> None:
        """Let go of files and locks. Uncommitted documents are lost (the outbox has them)."""
        if self._lock.is_locked:
            self._drop_writer()

    # -- reading ---------------------------------------------------------------------------------

    def count(self, query: str = "", *, period: Period | None = None) -> int:
        """Return how many posts match."""
        return total_of(self._searcher(), self._compile(query, period))

    def search(
        self,
        query: str = "",
        *,
        period: Period | None = None,
        sort: SortOrder = SortOrder.RELEVANCE,
        limit: int = 20,
        after: str | None = None,
    ) -> SearchPage:
        """Return one page of hits (storage.search.SearchIndex.search)."""
        asked = Asked(query=query, period=period, sort=sort, limit=limit, after=after)
        slices = TantivySlices(self._searcher(), self._index.schema)
        return search_page(asked, slices, parse=self._parse, clock=self._clock)

    def more_like_this(self, text: str, *, without: str | None = None, limit: int = 10) -> list[SearchHit]:
        """Return the posts that share most of the strongest words of `text` (storage.search.SearchIndex)."""
        searcher = self._searcher()
        slices = TantivySlices(searcher, self._index.schema)
        return find_similar(
            text, slices, slices.frequencies, segment=self._segment, without=without, limit=limit
        )

    def facets(
        self, query: str, fields: Sequence[str], *, period: Period | None = None, limit: int = 20
    ) -> dict[str, list[FacetValue]]:
        """Return for each field its commonest values, most first (ties by value)."""
        compiled, searcher = self._compile(query, period), self._searcher()
        found: dict[str, list[FacetValue]] = {}
        # Handing over thousands of places costs more than counting them: all only where ties ask for it.
        for size in (limit + MORE_VALUES, ALL_VALUES):
            counted = {"size": size, "segment_size": ALL_VALUES}
            wanted = {field: {"terms": {"field": field, **counted}} for field in fields if field not in found}
            answer = searcher.aggregate(compiled, wanted) if wanted else {}
            for field in wanted:
                buckets = answer[field]["buckets"]
                if size == ALL_VALUES or len(buckets) < size or not _is_tied(buckets, limit):
                    found[field] = commonest(buckets, limit)
        return {field: found[field] for field in fields}

    def histogram(
        self, query: str, interval: Interval, *, period: Period, zone: tzinfo
    ) -> list[HistogramBin]:
        """Return counts by `asked`, bins aligned to local time, empty bins included."""
        edges = bin_edges(period, interval, zone)
        starts = [micros(edge) for edge in edges]
        node = self._parse(query, self._clock())
        # The bins leave out what is outside of them: for few hits that is twice as quick as a range.
        is_whole = edges[:1] == [period.start] and edges[-1:] == [period.end]
        wanted = filter_of(node, None if is_whole and not is_broad(node) else period)
        compiled = compile_query(self._index.schema, wanted)
        bins = {"bins": ask_bins(starts, bounded=True)} if starts else {}
        answer = self._searcher().aggregate(compiled, bins) if bins else {}
        return BinReader(edges[:-1], starts).read(answer)

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
        """Return one series per combination of values of the fields `by` (storage.search.SearchIndex)."""
        if interval is not None and zone is None:
            raise ValueError("group_counts by an interval needs a zone")
        edges = bin_edges(period, interval, zone) if interval is not None and zone is not None else []
        compiled = self._compile(query, period)
        searcher = self._searcher()
        starts = [micros(edge) for edge in edges]
        aggregation, bins = _nested(by, starts), BinReader(edges[:-1], starts)
        answer = searcher.aggregate(compiled, aggregation) if aggregation else {}
        if not by:
            return [GroupSeries(key={}, total=total_of(searcher, compiled), bins=bins.read(answer))]
        series = [
            GroupSeries(key=dict(zip(by, values, strict=True)), total=total, bins=bins.read(leaf))
            for values, total, leaf in leaves(answer, len(by))
        ]
        series.sort(key=lambda one: (-one.total, tuple(one.key.values())))
        return series[:limit]

    def _compile(self, query: str, period: Period | None) -> tantivy.Query:
        return compile_query(self._index.schema, filter_of(self._parse(query, self._clock()), period))

    def _parse(self, query: str, now: datetime) -> Node:
        return parse_query(query, now=now, zone=self._zone, segment=self._segment)

    def _searcher(self) -> tantivy.Searcher:
        try:
            if self._generations.pointed() != self._seen_pointer:
                self._open()
            # Reloading takes 200 µs.
            commit = self._generations.committed(self._reads)
            if commit != self._seen_commit:
                self._index.reload()
                self._seen_commit = commit
            return self._index.searcher()
        except (OSError, ValueError):
            self._open()
            return self._index.searcher()

    # -- files -----------------------------------------------------------------------------------

    def _open(self) -> None:
        """Open what is current for reading; where there is nothing that can be read, begin anew."""
        # Twice: the first may be removed at the end of a rebuild, between its name and its files.
        if self._open_current() or self._open_current():
            return
        self._acquire()
        try:
            # Another process may have built it while this one waited.
            if not self._open_current():
                with _telling_full_disk(self._folder):
                    self._begin_anew()
        finally:
            self._lock.release()

    def _begin_anew(self) -> None:
        if self._generations.are_there():
            _log.warning("no sound search index of this version in %s: it is built anew", self._folder)
        begun = self._generations.start()
        self._generations.point(Current(read=begun, write=begun))
        if not self._open_current():
            raise ConfigurationError(
                f"search index {self._folder}: what was written there cannot be read (check the disk)"
            )

    def _open_current(self) -> bool:
        try:
            pointed = self._generations.pointed()
            current = self._generations.current()
            index = None if current is None else self._generations.open(current.read)
            if current is None or index is None:
                return False
            self._seen_commit = self._generations.committed(current.read)
        except FileNotFoundError:
            return False
        # In case a commit came between the two.
        index.reload()
        self._index, self._reads, self._seen_pointer = index, current.read, pointed
        return True

    def _written(self) -> tantivy.Index:
        """Return the index that is written; where it is damaged a rebuild begins. Needs the lock."""
        # What is read may be damaged, or replaced by another process.
        self._searcher()
        current = self._current()
        if current.write == self._reads:
            return self._index
        index = self._generations.open(current.write)
        if index is not None:
            return index
        _log.warning("the search index that is built in %s is damaged: it is begun anew", self._folder)
        begun = self._generations.start()
        self._generations.point(Current(read=current.read, write=begun))
        return self._written()

    def _current(self) -> Current:
        current = self._generations.current()
        if current is None:
            raise Retryable(f"search index {self._folder}: it is gone (try again: it is built anew)")
        return current

    def _acquire(self) -> None:
        try:
            self._lock.acquire()
        except Timeout as err:
            raise Retryable(f"search index {self._folder}: another process is writing it") from err

    def _open_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._acquire()
            try:
                self._writer = self._written().writer(WRITER_BYTES, WRITER_THREADS)
            except BaseException:
                self._lock.release()
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
            self._lock.release()


def _is_tied(buckets: Sequence[dict[str, Any]], limit: int) -> bool:
    """Return whether values beyond the last bucket may be as common as the last one wanted."""
    return bool(buckets[-1]["doc_count"] == buckets[max(limit, 1) - 1]["doc_count"])


def _nested(by: Sequence[str], starts: Sequence[int]) -> dict[str, Any]:
    """Return the aggregation that counts by each field in turn and by the bins below the last."""
    inner: dict[str, Any] = {"bins": ask_bins(starts)} if starts else {}
    for field in reversed(by):
        group: dict[str, Any] = {"terms": {"field": field, "size": ALL_VALUES}}
        if inner:
            group["aggs"] = inner
        inner = {"group": group}
    return inner


@contextmanager
def _telling_full_disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as err:
        # tantivy gives the system's error as a text only.
        if f"os error {errno.ENOSPC}" in str(err) or getattr(err, "errno", None) == errno.ENOSPC:
            raise Retryable(f"search index {folder}: the disk is full (make room, then try again)") from err
        raise
