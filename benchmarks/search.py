"""A page of search results on the tantivy index, beside SQLite FTS5 on the same documents and in one process.

A page is what the console asks: hits with their total, facets of six fields, a histogram by day. FTS5 gets
the same segmented words, ordinary columns for the facets, and indexes on them.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from records.query import IndexDocument, Interval
from records.times import Period
from storage.pairing import character_terms
from storage.tantivy_index import TantivyIndex

POSTS = 50_000
REPEATS = 15
DAYS = 365
ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2025, 1, 1, tzinfo=ZONE)
YEAR = Period(start=START, end=START + timedelta(days=DAYS))
FACETS = ("topic", "place", "department", "status", "channel", "urgency")
# (name, our query, FTS5's match, FTS5's condition)
QUERIES = (
    ("everything", "", "", "1"),
    ("a frequent word", "词3", "词3", "1"),
    ("two words", "词3 词40", "词3 词40", "1"),
    ("a rare word", "词4900", "词4900", "1"),
    ("a phrase", '"词3 词7"', '"词3 词7"', "1"),
    ("word and filter", "词3 topic:类1 urgency:>=2", "词3", "topic = '类1' AND urgency >= 2"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    query: str
    hits: int
    tantivy_ms: float
    fts5_ms: float


def documents() -> Iterator[IndexDocument]:
    """Yield invented posts whose words follow Zipf's law, about 60 words each."""
    dice = random.Random(20260101)
    vocabulary = [f"词{number}" for number in range(5_000)]
    weights = [1 / (rank + 3) for rank in range(len(vocabulary))]
    for number in range(POSTS):
        words = dice.choices(vocabulary, weights, k=60)
        asked = START + timedelta(seconds=dice.randrange(DAYS * 86_400))
        title, text = character_terms([" ".join(words[:6]), " ".join(words[6:])])
        yield IndexDocument(
            id=f"town/{number}",
            title=" ".join(words[:6]),
            text=" ".join(words[6:]),
            reply="",
            title_pairs=title.pairs,
            title_pieces=title.pieces,
            text_pairs=text.pairs,
            text_pieces=text.pieces,
            reply_pairs="",
            reply_pieces="",
            topic=f"类{dice.randrange(7)}",
            subtopic=f"细类{number % 60}",
            own_topics=(),
            places=(f"区{dice.randrange(40)}",),
            department=f"局{dice.randrange(30)}",
            channel=dice.choice(("inbox", "hotline")),
            source="town",
            status=dice.choice(("待回复", "已办理")),
            intent="投诉",
            urgency=dice.randrange(4),
            dissatisfaction=dice.random(),
            asked_at=asked,
            replied_at=None,
            problem=None,
            flagged=False,
            votes=0,
            version="1 m1 text",
        )


def fill_tantivy(folder: Path) -> TantivyIndex:
    index = TantivyIndex(folder, segment=str.split, zone=ZONE)
    index.add(documents())
    index.refresh()
    return index


def fill_fts5(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, text, tokenize = 'unicode61')")
    connection.execute(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, topic, place, department, status, channel, urgency, day)"
    )
    for number, one in enumerate(documents()):
        day = one.asked_at.astimezone(UTC).timestamp() + 8 * 3600
        connection.execute(
            "INSERT INTO words(rowid, title, text) VALUES (?, ?, ?)", (number, one.title, one.text)
        )
        connection.execute(
            "INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                one.topic,
                one.places[0],
                one.department,
                one.status,
                one.channel,
                one.urgency,
                day // 86_400,
            ),
        )
    for column in (*FACETS, "day"):
        connection.execute(f"CREATE INDEX posts_{column} ON posts({column})")
    connection.execute("INSERT INTO words(words) VALUES ('optimize')")
    connection.commit()
    connection.execute("ANALYZE")
    return connection


def page_of_tantivy(
    index: TantivyIndex, query: str, later_us: int = 0
) -> tuple[int, dict[str, int], list[int]]:
    """Return the page; each `later_us` is another question, to which no answer is kept."""
    period = Period(start=YEAR.start + timedelta(microseconds=later_us), end=YEAR.end)
    total = index.search(query, period=period, limit=20).total
    facets = index.facets(query, FACETS, period=period)
    bins = index.histogram(query, Interval.DAY, period=period, zone=ZONE)
    return (
        total,
        {item.value: item.count for item in facets["topic"]},
        [one.count for one in bins if one.count],
    )


def page_of_fts5(
    connection: sqlite3.Connection, match: str, condition: str, _: int = 0
) -> tuple[int, dict[str, int], list[int]]:
    chosen = f"SELECT rowid FROM words WHERE words MATCH '{match}'" if match else "SELECT id FROM posts"
    where = f"FROM posts WHERE id IN ({chosen}) AND {condition}"
    ranked = "words.rank" if match else "posts.id DESC"
    joined = "FROM words JOIN posts ON posts.id = words.rowid" if match else "FROM posts"
    matched = f"words MATCH '{match}' AND {condition}" if match else condition
    connection.execute(f"SELECT posts.id {joined} WHERE {matched} ORDER BY {ranked} LIMIT 20").fetchall()
    (total,) = connection.execute(f"SELECT count(*) {where}").fetchone()
    facets = {name: dict(_grouped(connection, name, where)) for name in FACETS}
    days = [count for _, count in sorted(_grouped(connection, "day", where))]
    return total, facets["topic"], days


def _grouped(connection: sqlite3.Connection, column: str, where: str) -> list[tuple[Any, int]]:
    return connection.execute(f"SELECT {column}, count(*) {where} GROUP BY {column}").fetchall()


def timed(work: Callable[[int], object]) -> float:
    """Return the median time of `work`, which is told how often it was done, in milliseconds."""
    times = []
    for number in range(1, REPEATS + 1):
        began = time.perf_counter()
        work(number)
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


def run() -> list[Timing]:
    """Return one timing a query, after checking that both engines gave the same page."""
    timings = []
    with tempfile.TemporaryDirectory() as folder:
        index, connection = fill_tantivy(Path(folder) / "tantivy"), fill_fts5(Path(folder) / "fts5.sqlite")
        for name, query, match, condition in QUERIES:
            ours = page_of_tantivy(index, query)
            theirs = page_of_fts5(connection, match, condition)
            assert ours == theirs, f"{name}: {ours[:2]} against {theirs[:2]}"
            assert ours[0] > 0, name
            timings.append(
                Timing(
                    query=name,
                    hits=ours[0],
                    tantivy_ms=timed(partial(page_of_tantivy, index, query)),
                    fts5_ms=timed(partial(page_of_fts5, connection, match, condition)),
                )
            )
        index.close()
        connection.close()
    return timings


def main() -> None:
    print(f"A search page (20 hits, 6 facets, 365 bins) over {POSTS:,} posts, median of {REPEATS}")
    print(f"{'query':<18}{'hits':>8}{'tantivy ms':>12}{'FTS5 ms':>10}{'ratio':>8}")
    for one in run():
        ratio = one.fts5_ms / one.tantivy_ms
        print(f"{one.query:<18}{one.hits:>8,}{one.tantivy_ms:>12.1f}{one.fts5_ms:>10.1f}{ratio:>7.1f}x")
