"""The search index in an Elasticsearch cluster. Only the modules storage.elasticsearch_* know Elasticsearch.

Which indices there are is said in storage.elasticsearch_generations.

Several processes may write: a document carries the version of the truth it was read at (the newest outbox
row), and the server keeps the newer of two. A server that is away is Retryable at each use, not at opening.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from elasticsearch import BadRequestError, NotFoundError

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
from storage.aggregations import commonest
from storage.bins import bins_of
from storage.elasticsearch_bulk import Action, put, send, take_out
from storage.elasticsearch_client import (
    ANSWER_TIMEOUT_S,
    Address,
    check_server,
    connect,
    read_address,
    telling,
)
from storage.elasticsearch_faults import find_faults
from storage.elasticsearch_generations import Generations, IndexGoneError
from storage.elasticsearch_query import compile_query
from storage.elasticsearch_search import ElasticsearchSlices
from storage.elasticsearch_silence import Silence
from storage.paging import Asked, filter_of, search_page
from storage.query import QueryError, Segment, parse_query
from storage.query_tree import Node
from storage.search import NotIndexedError, SearchIndex
from storage.similar import find_similar

# The server's own limit is 65,536 buckets an answer, those within others included.
_MAX_BUCKETS = 60_000
_MAX_KEYS = 10_000
# Values each shard counts for a facet: more than any field of a province has, so that sums are exact.
_SHARD_VALUES = 10_000


class ElasticsearchIndex(SearchIndex):
    """At `url` (elasticsearch_client.read_address), made at the first use.

    `clock` says what relative dates in queries count back from. `shards` are those of what is
    built from now on.
    """

    batches_a_commit = 1

    def __init__(
        self,
        url: str,
        *,
        segment: Segment,
        zone: tzinfo,
        clock: Callable[[], datetime] = utc_now,
        api_key: str | None = None,
        ca_file: Path | None = None,
        shards: int = 1,
    ) -> None:
        self._address: Address = read_address(url)
        self._client = connect(self._address, api_key=api_key, ca_file=ca_file)
        self._prompt = self._client.options(request_timeout=ANSWER_TIMEOUT_S)
        self._silence = Silence()
        self._segment = segment
        self._zone = zone
        self._clock = clock
        self._generations = Generations(self._client, self._address, shards=shards)
        self._is_ready = False
        # The physical index that this process writes, from its first write to its last commit.
        self._target: str | None = None
        self._holders = 0

    # -- writing ---------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._holders += 1
        try:
            with self._asking():
                self._begin_writing()
            yield
        finally:
            self._holders -= 1
            if self._holders == 0:
                self._target = None

    def add(self, documents: Iterable[IndexDocument], *, version: int = 0) -> int:
        return self._send(put(document, version) for document in documents)

    def delete(self, post_ids: Iterable[str], *, version: int = 0) -> None:
        self._send(take_out(post_id, version) for post_id in post_ids)

    def refresh(self, *, watermark: int | None = None) -> None:
        with self._asking():
            target = self._begin_writing()
            now = self._generations.now()
            if now.name != target:
                self._target = None
                raise Retryable(f"{self._address.shown}: another process began to rebuild it")
            # What nobody reads yet `publish` makes visible, once: larger segments take a tenth less work.
            if now.read == target:
                self._client.indices.refresh(index=target)
            # After the commit: killed in between, the rows come again and replace themselves.
            if watermark is not None:
                self._generations.keep_watermark(target, watermark)
            if self._holders == 0:
                self._target = None

    def watermark(self) -> int:
        with self._asking():
            return self._generations.now().watermark

    def clear(self) -> None:
        self.begin_rebuild()
        self.publish()

    def begin_rebuild(self) -> None:
        with self._asking():
            beside = self._generations.start_beside(self._generations.now())
            if self._target is not None:
                self._target = beside

    def publish(self) -> None:
        with self._asking():
            now = self._generations.now()
            if now.read != now.name and self._target in (None, now.name):
                self._client.indices.refresh(index=now.name)
                self._generations.publish(now)

    def faults(self) -> list[str]:
        return find_faults(self._client, self._address, self._generations)

    def close(self) -> None:
        self._client.close()

    # -- reading ---------------------------------------------------------------------------------

    def count(self, query: str = "", *, period: Period | None = None) -> int:
        return self.search(query, period=period, limit=0).total

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
        return search_page(asked, ElasticsearchSlices(self._ask), parse=self._parse, clock=self._clock)

    def more_like_this(self, text: str, *, without: str | None = None, limit: int = 10) -> list[SearchHit]:
        slices = ElasticsearchSlices(self._ask)
        return find_similar(
            text, slices, slices.frequencies, segment=self._segment, without=without, limit=limit
        )

    def facets(
        self, query: str, fields: Sequence[str], *, period: Period | None = None, limit: int = 20
    ) -> dict[str, list[FacetValue]]:
        compiled = self._compile(query, period)
        order = [{"_count": "desc"}, {"_key": "asc"}]
        wanted = {
            field: {"terms": {"field": field, "size": limit, "shard_size": _SHARD_VALUES, "order": order}}
            for field in fields
        }
        answer = self._ask(compiled, size=0, aggs=wanted)["aggregations"] if wanted else {}
        return {field: commonest(answer[field]["buckets"], limit) for field in fields}

    def histogram(
        self, query: str, interval: Interval, *, period: Period, zone: tzinfo
    ) -> list[HistogramBin]:
        (series,) = self.group_counts(query, (), period=period, interval=interval, zone=zone)
        return bins_of(period, interval, zone).histogram(series.counts)

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
        compiled = self._compile(query, period)
        inner = bins.ask()
        if not by:
            answer = self._ask(compiled, size=0, aggs=inner)
            total = answer["hits"]["total"]["value"]
            return [GroupSeries(key={}, total=total, counts=bins.counts(answer.get("aggregations", {})))]
        series = [
            GroupSeries(
                key={field: str(bucket["key"][field]) for field in by},
                total=bucket["doc_count"],
                counts=bins.counts(bucket),
            )
            for bucket in self._groups(compiled, by, inner, bins_each=len(bins) + 1)
        ]
        series.sort(key=lambda one: (-one.total, tuple(one.key.values())))
        return series[:limit]

    def _groups(
        self, query: dict[str, Any], by: Sequence[str], inner: dict[str, Any], *, bins_each: int
    ) -> Iterator[Mapping[str, Any]]:
        """Yield a bucket for each combination of values, in as many answers as the server's limit needs."""
        size = max(min(_MAX_BUCKETS // bins_each, _MAX_KEYS), 1)
        composite: dict[str, Any] = {
            "size": size,
            "sources": [{field: {"terms": {"field": field}}} for field in by],
        }
        while True:
            group = {"composite": composite, "aggs": inner} if inner else {"composite": composite}
            answer = self._ask(query, size=0, aggs={"group": group})["aggregations"]["group"]
            yield from answer["buckets"]
            if "after_key" not in answer:
                return
            composite["after"] = answer["after_key"]

    def _compile(self, query: str, period: Period | None) -> dict[str, Any]:
        return compile_query(filter_of(self._parse(query, self._clock()), period))

    def _parse(self, query: str, now: datetime) -> Node:
        return parse_query(query, now=now, zone=self._zone, segment=self._segment)

    def _ask(self, query: dict[str, Any], **options: Any) -> Mapping[str, Any]:
        with self._asking():
            try:
                found = self._prompt.search(
                    index=self._generations.read_alias,
                    query=query,
                    source=False,
                    **{"track_total_hits": True, **options},
                )
            except BadRequestError as err:
                # It was read, so what the server does not take is only its size.
                fix = "take some words or brackets away"
                raise QueryError(
                    "too_complex", f"query: too much for the search server ({fix})", position=0
                ) from err
        answer: Mapping[str, Any] = found.body
        return answer

    # -- the connection ----------------------------------------------------------------------------

    @contextmanager
    def _asking(self) -> Iterator[None]:
        with telling(self._address), self._silence.heeded():
            if not self._is_ready:
                check_server(self._prompt, self._address)
                self._generations.make_or_check()
                self._is_ready = True
            try:
                yield
            except ConfigurationError:
                self._is_ready = False
                raise
            except (NotFoundError, IndexGoneError) as err:
                self._is_ready = False
                self._target = None
                raise Retryable(
                    f"{self._address.shown}: the index is gone (try again: it is built anew)"
                ) from err

    def _begin_writing(self) -> str:
        if self._target is None:
            self._target = self._generations.now().name
        return self._target

    def _send(self, actions: Iterable[Action]) -> int:
        """Return how many were taken, or passed over for a newer version. Raises Rejected at the end."""
        with self._asking():
            self._begin_writing()
            taken, refused = send(
                self._client, self._generations.write_alias, actions, shown=self._address.shown
            )
        if refused:
            raise NotIndexedError(self._address.shown, reasons=refused)
        return taken
