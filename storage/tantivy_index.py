"""The embedded search index. Only the modules storage.tantivy_* know tantivy.

Layout of the folder: `index/` is tantivy's, `state.json` holds schema version and watermark, `writing.lock`
lets one process write at a time. Readers of other processes see a commit at their next call.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import tantivy
from filelock import FileLock, Timeout

from records.errors import ConfigurationError, Retryable
from records.query import (
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
from storage.paging import Asked, search_page, within
from storage.query import Segment, parse_query
from storage.query_tree import Node
from storage.search import NotIndexedError
from storage.similar import find_similar
from storage.tantivy_query import compile_query
from storage.tantivy_schema import SCHEMA_VERSION, build_fields, build_schema, register_tokenizers
from storage.tantivy_search import TantivySlices, total_of

# The least that tantivy takes for one thread is 15 MB; 256 MB took 14 % less CPU (25,488 real messages).
WRITER_BYTES = 64_000_000
# The longest holder is a rebuild; a drain that waits longer is tried again by the schedule.
LOCK_TIMEOUT_S = 60
# Values asked of one terms aggregation. All of them must come back for counts and ties to be exact.
ALL_VALUES = 60_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    schema: int
    watermark: int


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
        self._holders = 0
        self._index = self._open_or_rebuild()
        self._seen_commit = self._last_commit()

    # -- writing ---------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the index for writing (storage.search.SearchIndex.writing)."""
        self._acquire()
        self._holders += 1
        try:
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
                self._close_writer()
            # After the commit: killed in between, the rows come again and replace themselves.
            if watermark is not None:
                self._write_state(watermark)
        self._searcher()

    def watermark(self) -> int:
        """Return the outbox row last committed, 0 for a new index."""
        state = self._read_state()
        return state.watermark if state else 0

    def clear(self) -> None:
        """Throw everything away, the watermark included."""
        with self.writing():
            self._write_state(0)
            self._open_writer().delete_all_documents()
            self.refresh()

    def begin_rebuild(self) -> None:
        """Empty the index: the embedded one is rebuilt in place."""
        self.clear()

    def publish(self) -> None:
        """Do nothing: each commit is read at once."""

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
        offset: int = 0,
    ) -> SearchPage:
        """Return one page of hits (storage.search.SearchIndex.search)."""
        asked = Asked(query=query, period=period, sort=sort, limit=limit, after=after, offset=offset)
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
        compiled = self._compile(query, period)
        wanted = {field: {"terms": {"field": field, "size": ALL_VALUES}} for field in fields}
        answer = self._searcher().aggregate(compiled, wanted) if wanted else {}
        return {field: commonest(answer[field]["buckets"], limit) for field in fields}

    def histogram(
        self, query: str, interval: Interval, *, period: Period, zone: tzinfo
    ) -> list[HistogramBin]:
        """Return counts by `asked`, bins aligned to local time, empty bins included."""
        series = self.group_counts(query, (), period=period, interval=interval, zone=zone)
        return list(series[0].bins)

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
        return compile_query(self._index.schema, within(self._parse(query, self._clock()), period))

    def _parse(self, query: str, now: datetime) -> Node:
        return parse_query(query, now=now, zone=self._zone, segment=self._segment)

    def _searcher(self) -> tantivy.Searcher:
        # A commit, whoever made it, replaces meta.json: looking at it costs 2 µs, reloading 200.
        try:
            commit = self._last_commit()
            if commit != self._seen_commit:
                self._index.reload()
                self._seen_commit = commit
            return self._index.searcher()
        except (OSError, ValueError):
            self._index = self._open_or_rebuild()
            self._seen_commit = self._last_commit()
            return self._index.searcher()

    # -- files -----------------------------------------------------------------------------------

    def _open_or_rebuild(self) -> tantivy.Index:
        state = self._read_state()
        if state is not None and state.schema == SCHEMA_VERSION:
            index = _open(self._folder / "index")
            if index is not None:
                return index
        with self.writing():
            # Another process may have built it while this one waited.
            again = self._read_state()
            index = _open(self._folder / "index") if again and again.schema == SCHEMA_VERSION else None
            return index or self._build()

    def _build(self) -> tantivy.Index:
        path = self._folder / "index"
        if path.exists():
            _log.warning("the search index in %s is damaged or of an older version: built anew", path)
            shutil.rmtree(path)
        path.mkdir()
        self._write_state(0)
        return register_tokenizers(tantivy.Index(build_schema(), str(path)))

    def _read_state(self) -> _State | None:
        try:
            data = json.loads((self._folder / "state.json").read_bytes())
            state = _State(schema=int(data["schema"]), watermark=int(data["watermark"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        if state.schema > SCHEMA_VERSION:
            raise ConfigurationError(
                f"search index {self._folder}: its schema {state.schema} is newer than this version knows "
                f"(upgrade huiying, or delete the folder to have it built anew)"
            )
        return state

    def _write_state(self, watermark: int) -> None:
        written = self._folder / "state.json.new"
        with written.open("w") as file:
            json.dump({"schema": SCHEMA_VERSION, "watermark": watermark}, file)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._folder / "state.json")

    def _last_commit(self) -> tuple[int, int]:
        found = (self._folder / "index" / "meta.json").stat()
        return found.st_mtime_ns, found.st_ino

    def _acquire(self) -> None:
        try:
            self._lock.acquire()
        except Timeout as err:
            raise Retryable(f"search index {self._folder}: another process is writing it") from err

    def _open_writer(self) -> tantivy.IndexWriter:
        if self._writer is None:
            self._acquire()
            self._writer = self._index.writer(WRITER_BYTES, 1)
        return self._writer

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.wait_merging_threads()
            self._writer = None
            self._lock.release()

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.rollback()
            self._close_writer()


def _open(path: Path) -> tantivy.Index | None:
    """Return the index, or None where there is none that can be read with this schema."""
    try:
        index = tantivy.Index.open(str(path))
        index.searcher()
    except ValueError:
        return None
    return register_tokenizers(index)


def _nested(by: Sequence[str], starts: Sequence[int]) -> dict[str, Any]:
    """Return the aggregation that counts by each field in turn and by the bins below the last."""
    inner: dict[str, Any] = {"bins": ask_bins(starts)} if starts else {}
    for field in reversed(by):
        group: dict[str, Any] = {"terms": {"field": field, "size": ALL_VALUES}}
        if inner:
            group["aggs"] = inner
        inner = {"group": group}
    return inner
