"""The CPU of looking again at 500 sources of which none has changed, and how fast pages are read.

    python -m benchmarks repoll

Half of the sources are feeds, half boards whose messages are known and not due; each is a host of its own,
and each crawl a process of its own, as `huiying crawl` does it. Reading is timed on pages in memory: messages
of a board with their replies, and articles whose body has to be found; beside it what parsing alone takes.
"""

from __future__ import annotations

import multiprocessing.forkserver
import os
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from parsel import Selector
from scrapy.http import HtmlResponse

from app.crawling import run_crawls
from app.settings import Settings, load_settings
from crawler.board_messages import read_message
from crawler.catalogue import load_catalogue
from crawler.source import BoardSource
from crawler.spiders.pages import article_text
from records.run import RunRecord, RunState
from storage.database import Database
from tests.crawler.boards import catalogue, listing, message
from tests.crawler.site import Page, Site

SOURCES = 500
PAGES = 600
TEXT = "南门路与北环路交叉口的路灯已经坏了一个多星期，晚上接孩子放学看不清路，希望有关部门尽快派人维修。" * 6
MENU = "".join(f'<li><a href="/c/{n}">栏目{n}</a></li>' for n in range(40))


def main() -> None:
    ours, theirs = multiprocessing.Pipe()
    # The site's own CPU is not what is measured: it is another process.
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        repoll(Path(folder), port=ours.recv())
    server.terminate()
    read_pages()


def repoll(folder: Path, *, port: str) -> None:
    """Print the CPU seconds of the second crawl of all sources."""
    (folder / "sources.yaml").write_text(entries(port), "utf-8")
    settings = load_settings(folder)
    first = crawl_all(settings)
    assert sum(run.counts.stored for run in first) == SOURCES // 2 * 20 + SOURCES // 2 * 5
    before = cpu_s()
    again = crawl_all(settings)
    spent = cpu_s() - before
    assert not any(run.counts.stored + run.counts.updated for run in again)
    requests = sum(run.counts.requests for run in again)
    print(f"re-poll of {SOURCES} unchanged sources  {spent:5.1f} s of CPU, {requests} requests")


def serve(connection: Connection) -> None:
    """Be all the sites until the process is ended; tell the port first."""
    with Site("0.0.0.0") as site:
        site.pages["/rss"] = Page(body=feed().encode(), content_type="application/rss+xml", etag='"1"')
        site.pages["/list"] = listing(range(1, 21))
        site.pages["/detail"] = lambda handler: message(int(handler.path.rpartition("=")[2]), date=today())
        connection.send(site.url.rpartition(":")[2])
        threading.Event().wait()


def feed() -> str:
    items = "".join(
        f"<item><guid>{n}</guid><title>停水通知{n}</title><pubDate>2026-11-01</pubDate>"
        f"<description>{TEXT}</description></item>"
        for n in range(5)
    )
    return f'<rss version="2.0"><channel><title>湖区</title>{items}</channel></rss>'


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def entries(port: str) -> str:
    """Return a catalogue of so many sources, each on an address of its own of this machine."""
    text = "sources:\n"
    for number in range(SOURCES):
        host = f"http://127.0.{number // 200 + 1}.{number % 200 + 1}:{port}"
        kind, path = ("feed", "/rss") if number % 2 else ("board", "/list")
        entry = catalogue(f"{host}{path}", spider=kind, **({"selectors": ""} if number % 2 else {}))
        text += entry.removeprefix("sources:\n").replace("name: lake", f"name: s{number}")
    return text


def crawl_all(settings: Settings) -> list[RunRecord]:
    with Database.open(settings.truth_url):
        pass
    runs = run_crawls(settings, list(load_catalogue(settings.catalogue_file)))
    assert all(run.state is RunState.DONE for run in runs), next(run.error for run in runs if run.error)
    return runs


def cpu_s() -> float:
    """Return the CPU seconds of this process and of the server of crawls, with all that it has forked."""
    pid = multiprocessing.forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = sum(map(int, stat[11:15]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def read_pages() -> None:
    """Print the pages per second of reading messages and articles, beside parsing alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sources.yaml"
        path.write_text(catalogue("http://127.0.0.1/list"), "utf-8")
        (source,) = load_catalogue(path)
    assert isinstance(source, BoardSource)
    reply = [("城管局", "2026-11-03 10:00", TEXT)]
    letters = [message(n, text=TEXT, replies=reply).body for n in range(PAGES)]
    now = datetime.now(UTC)

    def read_letter(body: bytes) -> bool:
        page = HtmlResponse("http://127.0.0.1/d", body=body, encoding="utf-8").selector
        return bool(read_message(page, source=source, native_id="1", url=None, now=now).replies)

    def read_article(body: bytes) -> bool:
        page = HtmlResponse("http://127.0.0.1/d", body=body, encoding="utf-8").selector
        return "路灯" in article_text(page, "http://127.0.0.1/d")

    def parse(body: bytes) -> bool:
        return bool(Selector(text=body.decode()).xpath("//h1"))

    articles = [article(n) for n in range(PAGES)]
    for name, read, pages in (
        ("parsing alone, messages", parse, letters),
        ("messages of a board", read_letter, letters),
        ("parsing alone, articles", parse, articles),
        ("articles, body found", read_article, articles),
    ):
        print(f"{name:24} {rate(read, pages):7.0f} pages/s on one core")


def article(number: int) -> bytes:
    paragraphs = "".join(f"<p>{TEXT}</p>" for _ in range(5))
    return (
        f"<html><head><title>通知{number}_湖区政府网</title></head><body><ul class=menu>{MENU}</ul><article>"
        f"<h1>第{number}号通知</h1>{paragraphs}</article><ul class=hot>{MENU}</ul></body></html>"
    ).encode()


def rate(read: Callable[[bytes], bool], pages: list[bytes]) -> float:
    read(pages[0])  # which loads what all of them need
    started = time.process_time()
    assert all(map(read, pages))
    return len(pages) / (time.process_time() - started)
