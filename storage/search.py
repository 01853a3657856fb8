"""The contract of a search index: what storage.tantivy_index and storage.elasticsearch_index promise.

An index holds a copy of the truth: it is fed only by the outbox and may be thrown away and rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import tzinfo
from typing import Protocol

from records.errors import Rejected
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
from records.times import Period


class NotIndexedError(Rejected):
    """The index `shown` holds the others, but not these: `reasons` tells for each post why."""

    def __init__(self, shown: str, *, reasons: Mapping[str, str]) -> None:
        first, reason = next(iter(reasons.items()))
        message = f'{shown}: {len(reasons)} documents refused, the first is "{first}": {reason}'
        super().__init__("not_indexed", message)
        self.reasons = reasons


class SearchIndex(Protocol):
    """Queries are strings in the query language of storage.query; "" finds everything.

    Every reading method takes `period`, which restricts `asked` (start-inclusive, end-exclusive).
    A query that cannot be read raises storage.query.QueryError, with its position.
    """

    # How many batches of storage.indexer one commit is worth. Few where several share the work by commits.
    batches_a_commit: int

    def writing(self) -> AbstractContextManager[None]:
        """Hold the index for writing: read the truth within, so that no older state overwrites a newer one.

        May be nested. An engine without versions lets one process or thread in at a time, and raises
        Retryable where another stays for long. What is not committed by `refresh` at the end may be dropped.
        """

    def add(self, documents: Iterable[IndexDocument], *, version: int = 0) -> int:
        """Put the documents in, replacing those of the same id; return how many. Visible after refresh.

        `version` is the newest outbox row known before the truth was read: an engine that lets several write
        keeps what it has of a newer version. Each id comes once. Raises NotIndexedError, after the others are
        in, where one is refused.
        """

    def delete(self, post_ids: Iterable[str], *, version: int = 0) -> None:
        """Take the documents out; unknown ids are passed over. Visible after refresh."""

    def refresh(self, *, watermark: int | None = None) -> None:
        """Commit durably and make visible; `watermark` is the newest outbox row that is now in."""

    def watermark(self) -> int:
        """Return the outbox row last committed, 0 for a new index."""

    def clear(self) -> None:
        """Throw everything away, the watermark included."""

    def begin_rebuild(self) -> None:
        """Write into an empty index from now on, its watermark 0. People may go on reading the old one."""

    def publish(self) -> None:
        """Let people read what was rebuilt; changes nothing where nothing was."""

    def count(self, query: str = "", *, period: Period | None = None) -> int:
        """Return how many posts match."""

    def search(
        self,
        query: str = "",
        *,
        period: Period | None = None,
        sort: SortOrder = SortOrder.RELEVANCE,
        limit: int = 20,
        after: str | None = None,
    ) -> SearchPage:
        """Return one page of hits; `after` is the `next_cursor` of the page before, of the same search.

        Every order is total: ties stand by a number made of the id, whatever is committed meanwhile. A cursor
        keeps the moment and the total of its first page. By relevance scores change with each commit, and
        the embedded engine counts hits: when posts come in between, one may be passed over or come twice.
        RELEVANCE is NEWEST where the query looks for no words. Raises Rejected for any other cursor.
        """

    def more_like_this(
        self, text: str, *, without: str | None = None, limit: int = 10
    ) -> Sequence[SearchHit]:
        """Return the posts that share most of the strongest words of `text`, the likest first.

        The index keeps no texts: hand in the post's `whole_text`, and as `without` its id.
        """

    def facets(
        self, query: str, fields: Sequence[str], *, period: Period | None = None, limit: int = 20
    ) -> dict[str, list[FacetValue]]:
        """Return for each field its commonest values, most first (ties by value)."""

    def histogram(
        self, query: str, interval: Interval, *, period: Period, zone: tzinfo
    ) -> list[HistogramBin]:
        """Return counts by `asked`, bins aligned to local time, empty bins included."""

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
        """Return one series per combination of the values of keyword fields `by` (may be empty: one series).

        A post with several places counts in each, one without a value in none. With `interval` (which needs
        `zone`) each series has a count a bin. Largest first, ties by key.
        """

    def faults(self) -> list[str]:
        """Return what is wrong with the index, each in one line with its fix; empty where nothing is.

        Raises nothing of the project's: that the engine is away is a fault like others.
        """

    def close(self) -> None:
        """Let go of files and connections. Uncommitted documents are lost (the outbox has them)."""
