"""Pages per second of the board spider, without delay, beside a bare Scrapy spider on the same local site.

Both send one request at a time and read the same selectors; ours also decodes, cleans, masks, validates
and counts. The figures are for whole crawls, start included, in processes forked from a server that has
imported the parts of Scrapy and ours, as those of `huiying crawl` are.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import scrapy
from scrapy.crawler import AsyncCrawlerProcess

from crawler.catalogue import load_catalogue
from crawler.crawl_settings import part_modules
from crawler.run import crawl
from records.known import KnownPost
from records.page import PageState
from records.post import Post
from records.run import SaveOutcome
from tests.crawler.boards import catalogue, listing, message
from tests.crawler.site import Site

MESSAGES = 600
PER_LIST = 50
ROUNDS = 5
TEXT = "南门路与北环路交叉口的路灯已经坏了一个多星期，晚上接孩子放学看不清路，希望有关部门尽快派人维修。" * 4


class BareSpider(scrapy.Spider):
    name = "bare"

    def parse(self, response: Any) -> Any:
        for link in response.css("ul.list li a::attr(href)").getall():
            yield response.follow(link, self.parse_message)
        for link in response.css("a.next::attr(href)").getall():
            yield response.follow(link, self.parse)

    def parse_message(self, response: Any) -> Any:
        yield {
            "url": response.url,
            "title": response.css("h1::text").get(),
            "text": "".join(response.css("div.content ::text").getall()),
            "asked_at": response.css("span.date::text").get(),
            "status": response.css("span.status::text").get(),
            "replies": [
                ["".join(block.css(f"{part} ::text").getall()) for part in ("div.text", "b", "i")]
                for block in response.css("div.reply")
            ],
        }


class CountingSink:
    """Keeps nothing: what the store costs is not what is measured."""

    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        return [(post.id, SaveOutcome.STORED) for post in posts]

    def page_state(self, url: str) -> PageState | None:
        return None

    def put_page_states(self, states: Sequence[PageState]) -> None:
        """Forget them."""

    def known(self) -> Mapping[str, KnownPost]:
        return {}

    def mark_seen(self, native_ids: Sequence[str], *, now: datetime) -> None:
        """Forget them: nothing is known."""


def serve(connection: Connection) -> None:
    """Be the site until the other end closes."""
    with Site() as site:
        for start in range(0, MESSAGES, PER_LIST):
            following = f"/list?page={start + PER_LIST}" if start + PER_LIST < MESSAGES else ""
            page = listing(range(start, start + PER_LIST), next_page=following)
            site.pages[f"/list?page={start}"] = page
        for number in range(MESSAGES):
            reply = [("城管局", "2026-11-03 10:00", TEXT)]
            site.pages[f"/detail?id={number}"] = message(number, text=TEXT, replies=reply)
        connection.send(site.url)
        try:
            connection.recv()
        except EOFError:
            return


def crawl_ours(url: str, connection: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sources.yaml"
        path.write_text(catalogue(url, extra="max_pages: 100"), "utf-8")
        (source,) = load_catalogue(path)
    started = time.perf_counter()
    agent = "huiying/0.1 (+mailto:bench@example.org)"
    result = crawl(source, CountingSink(), user_agent=agent, now=datetime.now(UTC))
    connection.send((result.counts.stored, time.perf_counter() - started, time.process_time()))


def crawl_bare(url: str, connection: Connection) -> None:
    settings = {
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "CONCURRENT_REQUESTS": 2,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
    }
    started = time.perf_counter()
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(BareSpider)
    process.crawl(crawler, start_urls=[url])
    process.start()
    count = crawler.stats.get_value("item_scraped_count")
    connection.send((count, time.perf_counter() - started, time.process_time()))


def timed(target: Any, url: str) -> tuple[float, float]:
    """Return the messages per second of one crawl, by the clock and by the processor time of its process."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=target, args=(url, theirs))
    process.start()
    with closing(ours):
        count, elapsed_s, cpu_s = ours.recv()
        process.join()
    assert count == MESSAGES, f"{target.__name__} took {count} of {MESSAGES} messages"
    return MESSAGES / elapsed_s, MESSAGES / cpu_s


PROCESSES = multiprocessing.get_context("forkserver")


def main() -> None:
    PROCESSES.set_forkserver_preload(["benchmarks.crawl", *part_modules()])
    ours, theirs = PROCESSES.Pipe()
    server = PROCESSES.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    theirs.close()
    url = f"{ours.recv()}/list?page=0"
    pairs = [(timed(crawl_ours, url), timed(crawl_bare, url)) for _ in range(ROUNDS)]
    ours.close()
    server.join(10)
    print(f"median of {ROUNDS} pairs; {MESSAGES} messages")
    for number, clock in enumerate(("by the clock", "by processor time")):
        huiying, bare = ([one[number] for one in crawls] for crawls in zip(*pairs, strict=True))
        ratio = statistics.median(one / other for one, other in zip(huiying, bare, strict=True))
        rates = f"{statistics.median(huiying):4.0f} messages/s; bare Scrapy {statistics.median(bare):4.0f}"
        print(f"{clock:17} {rates}; ratio {ratio:.2f}")
