"""How long a page takes over a real socket, beside what the bare index and database need for the same hits.

    python -m benchmarks console

4,326 posts: the real messages where they are at hand, else the same number of invented ones.
"""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import quote

import uvicorn

from alerts.backtest import Past
from alerts.notifications import Notifications
from alerts.rule_book import RuleBook
from alerts.rules import DEFAULT_RULES
from console.services import Services
from console.web import create_app
from crawler.catalogue import Catalogue
from nlp.segment import tokens, words
from records.post import Channel, Post
from records.query import FACET_FIELDS
from records.times import DEFAULT_ZONE, Period, parse_time, utc_now
from storage.database import Database
from storage.indexer import drain
from storage.tantivy_index import TantivyIndex
from tests.shared_data import SHARED_DATA

POSTS = 4326
ROUNDS = 40
EXPORT_S = 60
QUERIES = ("小区", "停水 OR 停电", '"拖欠工资"', "学校 AND NOT 幼儿园", "")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, _open(Path(folder)) as services:
        services.database.posts.save(list(_posts()))
        drain(services.database, services.index, segment=words)
        began = time.perf_counter()
        with _serve(services) as connection:
            get = partial(_get, connection)
            get("/healthz")
            print(f"create the application and answer once: {_ms(began):.0f} ms")
            for name, path in (("first page, cold", "/"), ("first page, again", "/")):
                began = time.perf_counter()
                get(path)
                print(f"{name}: {_ms(began):.0f} ms")
            print(f"search page, {POSTS:,} posts, median of {ROUNDS}")
            for query in QUERIES:
                path = f"/search?q={quote(query)}"
                total = services.index.count(query)
                assert total
                assert f"{total:,}" in get(path)
                page = _median(lambda path=path: get(path))
                bare = _median(lambda query=query: _bare(services, query))
                began = time.process_time()
                get(path)
                cpu = (time.process_time() - began) * 1000
                ratio = f"{page:5.1f} ms ({cpu:.0f} ms of CPU); bare: {bare:5.1f} ms; ratio {page / bare:.1f}"
                print(f"  {query or '(all)':<20} {total:>6,} hits: {ratio}")
            began = time.perf_counter()
            lines = get("/search/export.jsonl").count("\n")
            assert lines == POSTS
            print(f"export of {lines:,} posts as JSONL: {_ms(began):.0f} ms")


def most_memory(folder: Path) -> tuple[int, float]:
    """Return how many posts the console exported of the installation in `folder`, and its most memory in MB.

    For a process of its own. Asks the search pages first; the export ends after EXPORT_S seconds.
    """
    with _open(folder) as services, _serve(services) as connection:
        for query in QUERIES:
            _get(connection, f"/search?q={quote(query)}")
        connection.request("GET", "/search/export.jsonl")
        answer, lines, ends = connection.getresponse(), 0, time.monotonic() + EXPORT_S
        while time.monotonic() < ends and (piece := answer.read(1 << 16)):
            lines += piece.count(b"\n")
        connection.close()
    # Not getrusage: its maximum is that of the process before, which this one was started from.
    status = Path("/proc/self/status").read_text()
    return lines, int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _get(connection: HTTPConnection, path: str) -> str:
    connection.request("GET", path, headers={"Accept-Language": "zh"})
    answer = connection.getresponse()
    assert answer.status == 200, path
    return answer.read().decode()


def _bare(services: Services, query: str) -> None:
    """Do what any page with these hits has to: search, count the facets, fetch the posts."""
    hits = services.index.search(query, limit=20).hits
    services.index.facets(query, FACET_FIELDS)
    services.database.posts.get_many(hit.post_id for hit in hits)


@contextmanager
def _open(folder: Path) -> Iterator[Services]:
    database = Database.open(f"sqlite:///{folder / 'truth.sqlite'}")
    index = TantivyIndex(folder / "index", segment=words, zone=DEFAULT_ZONE)
    try:
        yield Services(
            database=database,
            index=index,
            catalogue=Catalogue(),
            segment=words,
            tokens=tokens,
            why=lambda _post_id: [],
            telling=lambda _alert: [],
            due_at=lambda post, _: post.asked_at + timedelta(days=15),
            rules=RuleBook(folder=DEFAULT_RULES, database=database, every=timedelta(minutes=5)),
            past=_no_past,
            policy=Notifications,
        )
    finally:
        index.close()
        database.close()


def _no_past(period: Period) -> AbstractContextManager[Past]:
    raise NotImplementedError("no page that is measured tries a rule out")


def _posts() -> Iterator[Post]:
    now = utc_now()
    path = SHARED_DATA / "messages" / "messages_2017_2020.jsonl"
    if path.exists():
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    else:
        text = "小区停水三天，学校和工地拖欠工资，请尽快处理。" * 5
        asked = [(now - timedelta(hours=6 * number)).isoformat() for number in range(POSTS)]
        rows = [{"id": n, "title": "停水", "text": text, "asked_at": at} for n, at in enumerate(asked)]
    for row in rows[:POSTS]:
        yield Post(
            source="real",
            channel=Channel.INBOX,
            native_id=str(row["id"]),
            title=row["title"],
            text=row["text"],
            asked_at=parse_time(row["asked_at"]),
            fetched_at=now,
        )


@contextmanager
def _serve(services: Services) -> Iterator[HTTPConnection]:
    # asyncio sends at once (TCP_NODELAY) only where the protocol is named: else a page waits for 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(create_app(services), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        connection = HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=30)
        try:
            yield connection
        finally:
            connection.close()
            server.should_exit = True
            thread.join()


def _median(run: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        times.append(_ms(began))
    return median(times)


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000
