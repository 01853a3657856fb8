"""Runs crawls as the app does, each in a process of its own, into a sink that is a file."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crawler.catalogue import load_catalogue
from crawler.polling import Allowance
from crawler.run import crawl
from records.known import KnownPost
from records.page import PageState
from records.plain import plain, plain_post, post_from_plain
from records.post import Post
from records.run import RunCounts, SaveOutcome
from records.times import parse_time

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=ZONE)
USER_AGENT = "huiying/0.1 (+mailto:test@example.org)"
# Warm imports, also of what Scrapy loads by name: a child starts in a tenth of a second instead of two.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        "crawler.run",
        "crawler.middlewares",
        "crawler.pace",
        "crawler.pipelines",
        "scrapy.core.downloader.handlers.http11",
        "scrapy.downloadermiddlewares.cookies",
        "scrapy.downloadermiddlewares.httpcompression",
        "tests.crawler.crawling",
        "tests.crawler.looking",
    ]
)


class FileSink:
    """A PostSink that keeps everything in one JSON file, as durably as a test needs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = (
            json.loads(path.read_text("utf-8")) if path.exists() else {"posts": {}, "pages": {}, "stored": {}}
        )
        self.posts: dict[str, Post] = {key: post_from_plain(post) for key, post in kept["posts"].items()}
        self.stored_at = {key: parse_time(moment) for key, moment in kept["stored"].items()}
        self.pages = {url: PageState(**state) for url, state in kept["pages"].items()}

    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        outcomes = [(post.id, self._outcome(post)) for post in posts]
        self.posts.update({post.id: post for post in posts})
        for post in posts:
            self.stored_at.setdefault(post.id, post.fetched_at)
        self._write()
        return outcomes

    def page_state(self, url: str) -> PageState | None:
        return self.pages.get(url)

    def put_page_states(self, states: Sequence[PageState]) -> None:
        self.pages.update({state.url: state for state in states})
        self._write()

    def known(self) -> Mapping[str, KnownPost]:
        return {
            post.native_id: KnownPost(
                url=post.url,
                status=post.status,
                asked_at=post.asked_at,
                stored_at=self.stored_at[post.id],
                seen_at=post.fetched_at,
                answered=bool(post.replies),
            )
            for post in self.posts.values()
        }

    def mark_seen(self, native_ids: Sequence[str], *, now: datetime) -> None:
        seen = {post.id for post in self.posts.values() if post.native_id in native_ids}
        self.posts.update({key: replace(self.posts[key], fetched_at=now) for key in seen})
        self._write()

    def _outcome(self, post: Post) -> SaveOutcome:
        old = self.posts.get(post.id)
        if old is None:
            return SaveOutcome.STORED
        return SaveOutcome.UNCHANGED if old.digest() == post.digest() else SaveOutcome.UPDATED

    def _write(self) -> None:
        posts = {key: plain_post(post) for key, post in self.posts.items()}
        pages = {url: plain(state) for url, state in self.pages.items()}
        kept = {"posts": posts, "pages": pages, "stored": plain(self.stored_at)}
        # Renamed into place: a crawl is killed at any moment, and the next one reads this.
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
        new.rename(self._path)


@dataclass(frozen=True)
class Crawled:
    """What a crawl left: its counts, its error, the posts by native id, its whole log at DEBUG."""

    counts: RunCounts
    error: str | None
    posts: Mapping[str, Post]
    log: str


def start_crawl(
    folder: Path,
    catalogue: str,
    *,
    now: datetime = NOW,
    watermark: datetime | None = None,
    requests: int = 100_000,
    timeout_s: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> ForkServerProcess:
    """Start a crawl of the one source of `catalogue` (YAML text) into `folder`, in a process of its own."""
    (folder / "sources.yaml").write_text(catalogue, "utf-8")
    process = PROCESSES.Process(
        target=_crawl, args=(folder, now, watermark, requests, timeout_s, environment or {})
    )
    process.start()
    return process


def crawl_into(folder: Path, catalogue: str, *, patience_s: float = 60, **options: Any) -> Crawled:
    """Crawl the one source of `catalogue` into `folder` to its end; options as of start_crawl."""
    process = start_crawl(folder, catalogue, **options)
    process.join(patience_s)
    process.kill()
    assert process.exitcode == 0, (folder / "crawl.log").read_text("utf-8")
    result: dict[str, Any] = json.loads((folder / "result.json").read_text("utf-8"))
    sink = FileSink(folder / "sink.json")
    return Crawled(
        counts=RunCounts(**result["counts"]),
        error=result["error"],
        posts={post.native_id: post for post in sink.posts.values()},
        log=(folder / "crawl.log").read_text("utf-8"),
    )


def _crawl(
    folder: Path,
    now: datetime,
    watermark: datetime | None,
    requests: int,
    timeout_s: float | None,
    environment: Mapping[str, str],
) -> None:
    os.environ.update(environment)
    handler = logging.FileHandler(folder / "crawl.log", encoding="utf-8")
    # Everything a log record carries, so that text hidden in an extra is found as well.
    handler.setFormatter(_Everything())
    logging.basicConfig(level=logging.DEBUG, handlers=[handler], force=True)
    if timeout_s is not None:
        import crawler.crawl_settings  # only this child waits so short a time

        crawler.crawl_settings.PAGE_TIMEOUT_S = timeout_s  # type: ignore[assignment]
    (source,) = load_catalogue(folder / "sources.yaml").sources
    sink = FileSink(folder / "sink.json")
    allowed = Allowance(requests=requests)
    result = crawl(source, sink, user_agent=USER_AGENT, now=now, watermark=watermark, allowed=allowed)
    (folder / "result.json").write_text(json.dumps(plain(result), ensure_ascii=False), "utf-8")


class _Everything(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{super().format(record)} {record.__dict__!r}"
