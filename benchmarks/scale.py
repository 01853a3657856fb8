"""What grows with the number of posts: storing, indexing, rebuilding, searching, rules, disk and memory.

    python -m benchmarks scale [--posts 10000 100000 1000000]

The real messages drawn again (benchmarks.redrawn). The peer is SQLite FTS5 with the words alone, in the same
run and on the same disk. Wall time is what a person waits for; processor time is what a busy machine hides.
Answers are kept until the next commit: what is asked again stands apart from what is asked first.
"""

from __future__ import annotations

import random
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles

from alerts.coverage import Coverage
from alerts.deadlines import DEFAULT_DEADLINES, load_deadlines
from alerts.engine import run_rules
from alerts.rule_types import AnyRule, FrequencyRule, Rule
from alerts.rules import RuleSet
from benchmarks.console import most_memory
from benchmarks.redrawn import DEPARTMENTS, START, YEAR, Redrawn
from nlp.analyser import Analyser
from nlp.segment import words
from records.analysis import Analysis
from records.post import Post
from records.query import Interval
from records.times import DEFAULT_ZONE
from storage.database import Database
from storage.indexer import drain, reindex
from storage.search import SearchIndex
from storage.tantivy_index import TantivyIndex
from tests.storage.test_hostile_queries import answer, hostile

SIZES = (10_000,)
# Places are many: each post names five, one of a hundred thousand.
FACETS = ("place", "topic", "department", "status", "channel", "urgency")
# Posts a crawl hands over at once, and posts between two drains.
SAVED, DRAINED = 1_000, 20_000
# Above so many the index is only built once, from the truth: to index what is stored takes as long again.
INDEXED_TWICE = 300_000
QUERIES, PEER_QUERIES = 200, 20
WARM = "路灯"
RULES = 100


@dataclass(slots=True)
class Clock:
    """Seconds of wall and of processor, summed over the blocks that were timed by name."""

    wall_s: dict[str, float] = field(default_factory=dict)
    cpu_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def time(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall_s[name] = self.wall_s.get(name, 0) + time.perf_counter() - wall
        self.cpu_s[name] = self.cpu_s.get(name, 0) + time.process_time() - cpu

    def add_up(self, name: str, parts: Sequence[str]) -> None:
        self.wall_s[name] = sum(self.wall_s[part] for part in parts)
        self.cpu_s[name] = sum(self.cpu_s[part] for part in parts)

    def show(self, name: str, done: int) -> None:
        wall, cpu = self.wall_s[name], self.cpu_s[name]
        rate = f"{done / wall:9,.0f} posts/s {wall:8.1f} s"
        print(f"  {name:<34} {rate} {cpu / done * 1000:7.3f} ms of CPU a post")


def main(sizes: Sequence[int] = SIZES) -> None:
    for size in sizes:
        corpus = Redrawn.of(size)
        if corpus is None:
            print("skipped: the real messages are not on this machine")
            return
        folder = Path(tempfile.mkdtemp(prefix="huiying-scale-"))
        try:
            measure(corpus, folder)
        finally:
            shutil.rmtree(folder)


def measure(corpus: Redrawn, folder: Path) -> None:
    clock = Clock()
    database = Database.open(f"sqlite:///{folder / 'truth.sqlite'}")
    index = TantivyIndex(folder / "index", segment=words, zone=DEFAULT_ZONE)
    peer = Peer(folder / "fts5.sqlite")
    print(f"{corpus.total:,} posts")
    load(corpus, database, index, clock)
    enrich(corpus, database, clock)
    with clock.time("rebuild of the index"):
        assert reindex(database, index, segment=words) == corpus.total
    assert index.count() == corpus.total
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for start in range(0, corpus.total, DRAINED):
        posts = corpus.posts(start, start + DRAINED)
        with clock.time("FTS5 alone"):
            peer.add(start, posts)
    with clock.time("FTS5 alone"):
        peer.finish()
    clock.add_up("save + index", ("save", "index" if "index" in clock.wall_s else "rebuild of the index"))
    for name in clock.wall_s:
        clock.show(name, corpus.total)
    print(f"  most memory while storing and indexing {most:,.0f} MB")
    for name, path in (("truth", "truth.sqlite*"), ("index", "index/**/*"), ("FTS5", "fts5.sqlite*")):
        size = sum(one.stat().st_size for one in folder.glob(path) if one.is_file())
        print(f"  {name} on disk {size / 1e6:,.0f} MB, {size / corpus.total / 1000:.2f} kB a post")
    search(corpus, index, peer)
    hostile_queries(index)
    rules(database, index)
    index.close()
    database.close()
    peer.close()
    with get_context("spawn").Pool(1) as pool:
        exported, megabytes = pool.apply(most_memory, (folder,))
    assert exported
    print(f"  console, all found and {exported:,} of them exported: at most {megabytes:,.0f} MB of memory")


def load(corpus: Redrawn, database: Database, index: SearchIndex, clock: Clock) -> None:
    for start in range(0, corpus.total, DRAINED):
        posts = corpus.posts(start, start + DRAINED)
        with clock.time("save"):
            for first in range(0, len(posts), SAVED):
                database.posts.save(posts[first : first + SAVED])
        if corpus.total <= INDEXED_TWICE:
            with clock.time("index"):
                assert drain(database, index, segment=words) == len(posts)


def enrich(corpus: Redrawn, database: Database, clock: Clock) -> None:
    """Store what analysis and merging find: facets, rules and disk are then those of a real installation."""
    analyser, known = Analyser.load(), dict[int, Analysis]()
    for start in range(0, corpus.total, SAVED):
        posts = corpus.posts(start, start + SAVED)
        analyses = corpus.analyses(posts, analyser, known)
        memberships, problems = corpus.problems(posts)
        with clock.time("analyses and problems"):
            database.analyses.save(analyses)
            database.problems.commit(memberships, problems)


class Peer:
    """SQLite FTS5 over the same words, with columns and indexes for the facets, filled without a journal."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path)
        self.connection.execute("PRAGMA journal_mode=OFF")
        self.connection.execute("PRAGMA synchronous=OFF")
        self.connection.execute("PRAGMA cache_size=-200000")
        self.connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, text, reply)")
        self.connection.execute(
            "CREATE TABLE posts (id INTEGER PRIMARY KEY, place, department, status, channel, day)"
        )

    def add(self, first: int, posts: Sequence[Post]) -> None:
        self.connection.executemany(
            "INSERT INTO words(rowid, title, text, reply) VALUES (?, ?, ?, ?)",
            (
                (number, *(" ".join(words(part)) for part in (post.title, post.text, _reply(post))))
                for number, post in enumerate(posts, first)
            ),
        )
        self.connection.executemany(
            "INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?)",
            (
                (n, p.place, p.addressed_to, p.status, p.channel.value, (p.asked_at - START).days)
                for n, p in enumerate(posts, first)
            ),
        )
        self.connection.commit()

    def finish(self) -> None:
        for column in ("place", "department", "status", "channel", "day"):
            self.connection.execute(f"CREATE INDEX posts_{column} ON posts({column})")
        self.connection.commit()

    def page(self, query: str) -> list[int]:
        hits = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank LIMIT 20"
        return [row for (row,) in self.connection.execute(hits, (_match(query),))]

    def facets(self, query: str) -> dict[str, dict[str, int]]:
        return {name: self._grouped(name, query) for name in ("place", "department", "status", "channel")}

    def days(self, query: str) -> dict[str, int]:
        return self._grouped("day", query)

    def _grouped(self, column: str, query: str) -> dict[str, int]:
        statement = (
            f"SELECT {column}, count(*) FROM posts WHERE id IN "
            f"(SELECT rowid FROM words WHERE words MATCH ?) GROUP BY {column}"
        )
        return dict(self.connection.execute(statement, (_match(query),)).fetchall())

    def close(self) -> None:
        self.connection.close()


def _reply(post: Post) -> str:
    return "\n".join(reply.text for reply in post.replies)


def _match(query: str) -> str:
    return " ".join(f'"{word}"' for word in query.split())


def search(corpus: Redrawn, index: SearchIndex, peer: Peer) -> None:
    asked = list(queries_of(corpus))
    work: tuple[tuple[str, Callable[[str], object], Callable[[str], object]], ...] = (
        ("20 hits", lambda query: index.search(query, limit=20), peer.page),
        ("5 facets", lambda query: index.facets(query, FACETS[1:]), peer.facets),
        ("6 facets, with places", lambda query: index.facets(query, FACETS), peer.facets),
        (
            "histogram, 365 days",
            lambda query: index.histogram(query, Interval.DAY, period=YEAR, zone=DEFAULT_ZONE),
            peer.days,
        ),
    )
    found = [index.count(query) for query in asked]
    assert sum(map(bool, found)) >= 0.9 * len(asked), "words of the posts are found"
    print(f"  {QUERIES} queries of one and two words, {sum(found) / len(found):,.0f} hits on average")
    print(f"  {'ms':<22}    p50       p95       max  CPU p95  again p95   FTS5 p50       p95   ratio of p95")
    for name, ours, theirs in work:
        first, cpu, again = times_of(ours, asked)
        peers, _, _ = times_of(theirs, asked[:PEER_QUERIES], is_repeated=False)
        (p50, p95), (q50, q95) = p50_p95(first), p50_p95(peers)
        mine = f"{p50:8.2f} {p95:9.2f} {max(first):9.2f} {p50_p95(cpu)[1]:8.2f} {p50_p95(again)[1]:10.2f}"
        print(f"  {name:<22} {mine} {q50:10.2f} {q95:9.2f} {q95 / p95:9.0f}x")


def hostile_queries(index: SearchIndex) -> None:
    """Time what the tests throw at a query box; each gets an answer or a QueryError."""
    times = []
    for query in hostile():
        began = time.perf_counter()
        answer(index, query)
        times.append(((time.perf_counter() - began) * 1000, query[:40]))
    slowest, query = max(times)
    print(f"  {len(times):,} hostile queries: the slowest {slowest:.0f} ms ({query!a})")


def queries_of(corpus: Redrawn) -> Iterator[str]:
    """Yield words as people's messages have them, rare and frequent: every third query is of two."""
    dice = random.Random(20260101)
    for number in range(QUERIES):
        post = corpus.posts(chosen := dice.randrange(corpus.total), chosen + 1)[0]
        known = sorted({word for word in words(post.text) if len(word) > 1 and word.isalpha()}) or ["小区"]
        yield " ".join(dice.sample(known, min(len(known), 2 if number % 3 == 2 else 1)))


def times_of(
    work: Callable[[str], object], queries: Sequence[str], *, is_repeated: bool = True
) -> tuple[list[float], list[float], list[float]]:
    """Return for each query the milliseconds of wall and of processor, and of wall when asked again."""
    work(WARM)
    wall, cpu, again = [], [], []
    for query in queries:
        began, cpu_began = time.perf_counter(), time.process_time()
        work(query)
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - cpu_began) * 1000)
        if is_repeated:
            began = time.perf_counter()
            work(query)
            again.append((time.perf_counter() - began) * 1000)
    return wall, cpu, again


def p50_p95(times: Sequence[float]) -> tuple[float, float]:
    cuts = quantiles(times, n=20)
    return cuts[9], cuts[18]


def rules(database: Database, index: SearchIndex) -> None:
    known = RuleSet(rules=tuple(_rules()), errors=(), deadlines=load_deadlines(DEFAULT_DEADLINES))
    times, cpu = [], []
    for minutes in range(5):
        began, cpu_began = time.perf_counter(), time.process_time()
        report = run_rules(
            known, database, index,
            now=YEAR.end - timedelta(minutes=minutes), zone=DEFAULT_ZONE, coverage=Coverage(),
        )  # fmt: skip
        times.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - cpu_began) * 1000)
        assert len(report.rules) == RULES
        assert not any(one.error for one in report.rules), report
    in_window = index.count(f"asked:[{YEAR.end - timedelta(hours=1):%Y-%m-%dT%H:%M} TO *]")
    matches = sum(one.matches for one in report.rules)
    found = f"{in_window} posts, {matches} findings"
    print(f"  {RULES} rules over the last hour ({found}): {min(times):.1f} ms, {min(cpu):.1f} ms of CPU")


def _rules() -> Iterator[Rule]:
    about = ("停水", "停电", "燃气", "噪音", "路灯", "拖欠工资", "积水", "学校", "电梯", "公交")
    stated = {"title": "测试", "description": "测试用", "timeframe": "1h"}
    for number in range(RULES):
        word = about[number % len(about)]
        place = f"department:第{number % DEPARTMENTS}局"
        if number % 2:
            yield AnyRule.model_validate(
                {**stated, "name": f"any{number}", "type": "any", "filter": f"{word} AND {place}"}
            )
        else:
            yield FrequencyRule.model_validate(
                {
                    **stated,
                    "name": f"frequency{number}",
                    "type": "frequency",
                    "filter": word,
                    "query_key": ["place"],
                    "num_events": 3,
                }
            )


if __name__ == "__main__":
    main()
