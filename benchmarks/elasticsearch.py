"""The index on Elasticsearch beside the bare client's own bulk and queries, and all the way from a post.

    python -m benchmarks elasticsearch [--posts 10000 100000 1000000]

The real messages drawn again (benchmarks.redrawn), one node, one run. The bare client is handed documents and
queries that are ready made: what we take beyond it is for making them, and for a result per item. Client,
PostgreSQL and Elasticsearch share the machine, so beside wall time stands the processor time of each: with
machines of their own each does as many posts a second and core as its milliseconds go into one.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from benchmarks.redrawn import YEAR, Redrawn
from benchmarks.scale import FACETS, p50_p95, queries_of
from nlp.segment import words
from records.query import IndexDocument, Interval
from records.times import DEFAULT_ZONE
from storage.bounds import micros
from storage.database import Database
from storage.document_fields import document_fields
from storage.documents import build_documents
from storage.elasticsearch_query import compile_query
from storage.elasticsearch_schema import build_mapping, build_settings
from storage.indexer import drain
from storage.query import parse_query
from storage.search import SearchIndex
from storage.search_engines import open_index
from tests.servers import ElasticsearchNode, elasticsearch_cluster, postgresql
from tests.storage.databases import scratch_database

SIZES = (10_000, 100_000)
HEAP = "1g"
# Posts a crawl hands over at once, between two refreshes, which is what the indexer does, and two drains.
SAVED, REFRESHED, DRAINED = 1_000, 5_000, 20_000
# What it takes for the server's just-in-time compiler to settle, which is not what is measured.
WARM_UP = 10_000
BARE = "bare"
Processor = Callable[[], float]  # seconds of processor used so far
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Timing:
    """Seconds of wall, and of processor of this process and of each server."""

    servers: Sequence[Processor]
    wall_s: float = 0.0
    cpu_s: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        wall, before = time.perf_counter(), self._cpu_s()
        yield
        self.wall_s += time.perf_counter() - wall
        used = [after - start for after, start in zip(self._cpu_s(), before, strict=True)]
        self.cpu_s = [sum(both) for both in zip(self.cpu_s or [0.0] * len(used), used, strict=True)]

    def _cpu_s(self) -> list[float]:
        return [time.process_time(), *(server() for server in self.servers)]

    def show(self, name: str, done: int) -> None:
        each = "".join(f"{seconds / done * 1000:15.3f}" for seconds in self.cpu_s)
        print(f"  {name:<38} {done / self.wall_s:8,.0f}{each}")


def main(sizes: Sequence[int] = SIZES) -> None:
    if Redrawn.of(1) is None:
        print("skipped: the real messages are not on this machine")
        return
    with tempfile.TemporaryDirectory(prefix="huiying-bench-") as name, ExitStack() as servers:
        folder = Path(name)
        folder.chmod(0o755)
        for each in ("truth", "index"):
            (folder / each).mkdir()
        truth = servers.enter_context(postgresql(folder / "truth"))
        cluster = servers.enter_context(elasticsearch_cluster(folder / "index", nodes=1, heap=HEAP))
        [node] = cluster.nodes
        _fill_beside(node, _corpus(WARM_UP), "warm-up", show=False)
        for size in sizes:
            print(f"{size:,} posts, {HEAP} of heap; milliseconds of processor a post")
            print(f"{'':42} posts/s         client  Elasticsearch     PostgreSQL")
            measure(node, _corpus(size), truth)


def _corpus(size: int) -> Redrawn:
    found = Redrawn.of(size)
    assert found is not None
    return found


def measure(server: ElasticsearchNode, corpus: Redrawn, truth: str) -> None:
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
    processor = partial(_processor_s, server.pid)
    ours, theirs = Timing([processor]), Timing([processor])
    index = open_index(f"{server.url}/{name}", segment=words, zone=DEFAULT_ZONE)
    with Elasticsearch(server.url, request_timeout=120) as bare, index.writing():
        bare.options(ignore_status=404).indices.delete(index=BARE)
        bare.indices.create(index=BARE, mappings=build_mapping({}), settings=build_settings(1))
        for start in range(0, corpus.total, REFRESHED):
            batch = list(_documents(corpus, start))
            fields = [document_fields(document) for document in batch]
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


def post_to_index(server: ElasticsearchNode, corpus: Redrawn, truth: str) -> None:
    """From posts as a crawl hands them over to the index: PostgreSQL with its outbox, then the indexer."""
    index = open_index(f"{server.url}/outbox-{corpus.total}", segment=words, zone=DEFAULT_ZONE)
    with scratch_database(truth) as url, Database.open(url) as database:
        servers = (partial(_processor_s, server.pid), _postgresql_s(url))
        stored, indexed, both = (Timing(servers) for _ in range(3))
        for start in range(0, corpus.total, DRAINED):
            posts = corpus.posts(start, start + DRAINED)
            with both.running():
                with stored.running():
                    for first in range(0, len(posts), SAVED):
                        database.posts.save(posts[first : first + SAVED])
                with indexed.running():
                    assert drain(database, index, segment=words) == len(posts)
        assert index.count() == database.posts.count() == corpus.total
    stored.show("posts stored", corpus.total)
    indexed.show("the indexer, from stored posts", corpus.total)
    both.show("post to stored and indexed", corpus.total)
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
        mine, other = times_in_turn(ours, theirs, asked)
        (p50, p95), (q50, q95) = p50_p95(mine), p50_p95(other)
        print(f"  {name:<26} {p50:11.2f} {p95:9.2f} {q50:13.2f} {q95:9.2f} {p50 / q50:9.2f}x")


def times_in_turn(
    ours: Callable[[str], object], theirs: Callable[[str], object], queries: Sequence[str]
) -> tuple[list[float], list[float]]:
    """Return what each took for each query, in milliseconds; who asks first warms the disk for the other."""
    times: tuple[list[float], list[float]] = ([], [])
    for number, query in enumerate(queries):
        turns = [(ours, times[0]), (theirs, times[1])]
        for work, taken in turns if number % 2 else reversed(turns):
            began = time.perf_counter()
            work(query)
            taken.append((time.perf_counter() - began) * 1000)
    return times


def _postgresql_s(url: str) -> Processor:
    """Return what tells the processor time of the server and of all its processes, those that ended too."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        pid = connection.info.backend_pid
    main_pid = int(_stat(pid)[1])

    def used() -> float:
        children = Path(f"/proc/{main_pid}/task/{main_pid}/children").read_text().split()
        ended = sum(map(int, _stat(main_pid)[13:15])) / _TICKS_A_SECOND
        return _processor_s(main_pid) + ended + sum(_processor_s(int(child)) for child in children)

    return used


def _processor_s(pid: int) -> float:
    return sum(map(int, _stat(pid)[11:13])) / _TICKS_A_SECOND


def _stat(pid: int) -> list[str]:
    # After the name in brackets, which may hold blanks: state, parent …; 11 to 14 are times, of children too.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


if __name__ == "__main__":
    main()
