"""The index on Elasticsearch beside the bare client's own bulk and queries, on one node in the same run.

    python -m benchmarks elasticsearch [--posts 10000 100000 1000000]

The real messages drawn again (benchmarks.redrawn). The bare client is handed documents and queries that are
ready made: what we take beyond it is for making them, and for a result per item. Client and server share the
machine, so beside wall time stands the processor time of each.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from benchmarks.redrawn import YEAR, Redrawn
from benchmarks.scale import FACETS, p50_p95, queries_of, times_of
from nlp.segment import words
from records.query import IndexDocument, Interval
from records.times import DEFAULT_ZONE
from storage.bounds import micros
from storage.database import Database
from storage.documents import build_documents
from storage.elasticsearch_query import compile_query
from storage.elasticsearch_schema import build_fields, build_mapping, build_settings
from storage.indexer import drain
from storage.query import parse_query
from storage.search import SearchIndex
from storage.search_engines import open_index
from tests.servers import ElasticsearchNode, elasticsearch_cluster

SIZES = (10_000, 100_000)
HEAP = "1g"
# Posts a crawl hands over at once, and posts between two refreshes, which is what the indexer does.
SAVED, REFRESHED = 1_000, 5_000
# What it takes for the server's just-in-time compiler to settle, which is not what is measured.
WARM_UP = 10_000
BARE = "bare"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Timing:
    """Seconds of wall, and of processor of client and server."""

    server: ElasticsearchNode
    wall_s: float = 0.0
    client_s: float = 0.0
    server_s: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, client, server = time.perf_counter(), time.process_time(), _processor_s(self.server.pid)
        yield
        self.wall_s += time.perf_counter() - wall
        self.client_s += time.process_time() - client
        self.server_s += _processor_s(self.server.pid) - server

    def show(self, name: str, done: int) -> None:
        each = f"{self.client_s / done * 1000:9.3f} {self.server_s / done * 1000:9.3f}"
        print(f"  {name:<38} {done / self.wall_s:8,.0f} {each}")


def main(sizes: Sequence[int] = SIZES) -> None:
    if Redrawn.of(1) is None:
        print("skipped: the real messages are not on this machine")
        return
    with tempfile.TemporaryDirectory(prefix="huiying-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "server").mkdir()
        with elasticsearch_cluster(folder / "server", nodes=1, heap=HEAP) as cluster:
            _fill_beside(cluster.nodes[0], _corpus(WARM_UP), "warm-up", show=False)
            for size in sizes:
                print(f"{size:,} posts, {HEAP} of heap{'':19}  posts/s    client    server ms of CPU a post")
                measure(cluster.nodes[0], _corpus(size), folder / f"truth-{size}.sqlite")


def _corpus(size: int) -> Redrawn:
    found = Redrawn.of(size)
    assert found is not None
    return found


def measure(server: ElasticsearchNode, corpus: Redrawn, truth: Path) -> None:
    name = f"posts-{corpus.total}"
    _fill_beside(server, corpus, name, show=True)
    with Elasticsearch(server.url) as bare:
        index = open_index(f"{server.url}/{name}", segment=words, zone=DEFAULT_ZONE)
        search(corpus, index, bare)
        (shards,) = bare.indices.stats(index=f"{name}-v1", metric="store")["indices"].values()
        size = shards["primaries"]["store"]["size_in_bytes"]
        print(f"  on disk {size / 1e6:,.0f} MB, {size / corpus.total / 1000:.2f} kB a post")
        index.close()
        bare.indices.delete(index=[f"{name}-v1", BARE])
    post_to_index(server, corpus, truth)


def _fill_beside(server: ElasticsearchNode, corpus: Redrawn, name: str, *, show: bool) -> None:
    """Put the posts into an index of ours and into a bare one, a batch at a time; check both counts."""
    ours, theirs = Timing(server), Timing(server)
    index = open_index(f"{server.url}/{name}", segment=words, zone=DEFAULT_ZONE)
    with Elasticsearch(server.url, request_timeout=120) as bare, index.writing():
        bare.options(ignore_status=404).indices.delete(index=BARE)
        bare.indices.create(index=BARE, mappings=build_mapping({}), settings=build_settings(1))
        for start in range(0, corpus.total, REFRESHED):
            batch = list(_documents(corpus, start))
            fields = [build_fields(document) for document in batch]
            with theirs.running():
                _bulk_bare(bare, fields)
            with ours.running():
                assert index.add(batch, version=start) == len(batch)
                index.refresh(watermark=start)
        assert index.count() == bare.count(index=BARE)["count"] == corpus.total
    index.close()
    if show:
        theirs.show("bare client, documents ready made", corpus.total)
        ours.show("the index, documents of words", corpus.total)


def _documents(corpus: Redrawn, start: int) -> Iterator[IndexDocument]:
    return build_documents(corpus.posts(start, start + REFRESHED), {}, {}, flagged=(), segment=words)


def _bulk_bare(bare: Elasticsearch, documents: Iterable[dict[str, Any]]) -> None:
    actions = ({"_id": fields["id"], "_source": fields} for fields in documents)
    for succeeded, result in streaming_bulk(bare, actions, index=BARE):
        assert succeeded, result
    bare.indices.refresh(index=BARE)


def post_to_index(server: ElasticsearchNode, corpus: Redrawn, truth: Path) -> None:
    """From stored posts through the outbox: what the indexer takes, which cuts the words as well."""
    timing = Timing(server)
    index = open_index(f"{server.url}/outbox-{corpus.total}", segment=words, zone=DEFAULT_ZONE)
    with Database.open(f"sqlite:///{truth}") as database:
        for start in range(0, corpus.total, SAVED):
            database.posts.save(corpus.posts(start, start + SAVED))
        with timing.running():
            assert drain(database, index, segment=words) == corpus.total
        assert index.count() == corpus.total
    timing.show("the indexer, from stored posts", corpus.total)
    index.close()


def search(corpus: Redrawn, index: SearchIndex, bare: Elasticsearch) -> None:
    asked = list(queries_of(corpus))
    ready = {
        query: compile_query(parse_query(query, now=YEAR.end, zone=DEFAULT_ZONE, segment=words))
        for query in asked
    }
    found = [index.count(query) for query in asked]
    for query, n_found in zip(asked[:20], found, strict=False):
        assert bare.count(index=BARE, query=ready[query])["count"] == n_found, query
    orders: list[dict[str, Any]] = [{"_score": "desc"}, {"tie": "asc"}]
    terms = {field: {"terms": {"field": field, "size": 20}} for field in FACETS}
    days = {
        "bins": {"histogram": {"field": "asked", "interval": 86_400_000_000, "offset": micros(YEAR.start)}}
    }
    within = {"range": {"asked": {"gte": micros(YEAR.start), "lt": micros(YEAR.end)}}}
    work: tuple[tuple[str, Callable[[str], object], Callable[[str], object]], ...] = (
        (
            "20 hits and their number",
            lambda query: index.search(query, limit=20),
            lambda query: bare.search(
                index=BARE, query=ready[query], size=20, sort=orders, source=False, track_total_hits=True,
                docvalue_fields=[{"field": "id"}],
            ),
        ),
        (
            "6 facets",
            lambda query: index.facets(query, FACETS),
            lambda query: bare.search(index=BARE, query=ready[query], size=0, aggs=terms),
        ),
        (
            "histogram, 365 days",
            lambda query: index.histogram(query, Interval.DAY, period=YEAR, zone=DEFAULT_ZONE),
            lambda query: bare.search(
                index=BARE, size=0, aggs=days, query={"bool": {"must": ready[query], "filter": within}}
            ),
        ),
    )  # fmt: skip
    print(f"  {len(asked)} queries, {sum(found) / len(found):,.0f} hits on average")
    print(f"  {'':<26} ours p50 ms    p95 ms   bare p50 ms    p95 ms   ratio of p50")
    for name, ours, theirs in work:
        (p50, p95), (q50, q95) = p50_p95(times_of(ours, asked)), p50_p95(times_of(theirs, asked))
        print(f"  {name:<26} {p50:11.2f} {p95:9.2f} {q50:13.2f} {q95:9.2f} {p50 / q50:9.2f}x")


def _processor_s(pid: int) -> float:
    # After the name in brackets, which may hold blanks: the 12th and 13th are user and system time.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


if __name__ == "__main__":
    main()
