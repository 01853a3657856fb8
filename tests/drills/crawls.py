"""Crawls killed -9 while a board grows; and thousands of mutated pages, each counted once."""

from __future__ import annotations

import os
import random
import signal
import tempfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from records.post import Post
from tests.crawler import mutations
from tests.crawler.boards import catalogue, listing, message
from tests.crawler.crawling import crawl_into
from tests.crawler.site import Handler, Page
from tests.crawler.site import Site as Board
from tests.drills.results import Result
from tests.drills.site import Ended, Running, Site, embedded, wait_until

# What a board gains before each kill; two list pages, and three transactions of the store.
NEW, PER_LIST = 60, 30
SOURCE = "lake"
MUTATED = 10_000
BEGINNING = datetime.min.replace(tzinfo=UTC)


def crawler(site: Site, dice: random.Random, rounds: int) -> Result:
    """Kill `huiying crawl` and all its processes; in the end the store is that of an undisturbed crawl."""
    result = Result(drill="kill -9 of a crawl", way=site.way)
    met: set[str] = set()
    killed = 0
    with Board() as board:
        _install(site, board)
        for number in range(1, rounds + 1):
            _grow(board, number * NEW)
            board.forget_requests()
            process = site.start("crawl", SOURCE, before=("setsid",))
            _wait_for_requests(process, board, dice.randint(1, NEW))
            ended = _kill_all(process)
            killed += ended.code == -signal.SIGKILL
            result.expect(ended.code in (0, -signal.SIGKILL), ended.err)
            result.rounds += 1
            stored = _stored(site)
            result.lost += len(met - stored.keys())
            met |= stored.keys()
        ended = site.run("crawl", SOURCE)
        result.expect(ended.code == 0, ended.err)
        after = _stored(site)
        with embedded() as undisturbed:
            _install(undisturbed, board)
            undisturbed.run("crawl", SOURCE)
            wanted = _stored(undisturbed)
    result.acknowledged = len(met)
    result.lost += len(met - after.keys())
    result.double = sum(post.revision > 1 for post in after.values())
    result.differing = int(after != wanted or len(wanted) != rounds * NEW)
    result.notes.append(
        f"killed before its end {killed} times; {len(after)} messages, {len(wanted)} of an undisturbed crawl"
    )
    return result


def mutated(dice: random.Random, pages: int) -> Result:
    """Crawl so many mutated pages of messages, articles and JSON; each must be counted once."""
    result = Result(drill="mutated pages", way="board, pages, JSON board")
    for place, kind in enumerate(mutations.KINDS):
        share = len(range(place, pages, len(mutations.KINDS)))
        with tempfile.TemporaryDirectory(prefix="huiying-drill-") as folder, Board() as board:
            text = mutations.serve(board, kind, share, seed=dice.randrange(1 << 30))
            crawled = crawl_into(Path(folder), text, patience_s=3600)
        counts = crawled.counts
        result.rounds += 1
        result.acknowledged += share
        result.lost += share - counts.fetched
        result.expect(crawled.error is None, str(crawled.error))
        result.notes.append(
            f"{kind}: {counts.stored} stored, rejected {dict(counts.rejected)}, "
            f"quarantined {dict(counts.quarantined)}"
        )
    return result


def _install(site: Site, board: Board) -> None:
    site.data.mkdir(parents=True)
    text = catalogue(f"{board.url}/list?page=1", extra="max_pages: 1000\nmax_items: 100000")
    (site.data / "sources.yaml").write_text(text, "utf-8")


def _grow(board: Board, total: int) -> None:
    """Let the board have messages 1 to `total`, the newest first."""
    numbers = list(range(total, 0, -1))
    pages = [numbers[start : start + PER_LIST] for start in range(0, total, PER_LIST)]
    for place, page in enumerate(pages, start=1):
        following = f"/list?page={place + 1}" if place < len(pages) else ""
        board.pages[f"/list?page={place}"] = listing(page, next_page=following)
    board.pages["/detail"] = _message


def _message(handler: Handler) -> Page:
    number = int(handler.path.rpartition("=")[2])
    return message(
        number,
        text=f"第{number}盏路灯坏了，请派人看看。",
        replies=[("城管局", "2026-11-03 10:00", "已修复。")],
    )


def _wait_for_requests(process: Running, board: Board, number: int) -> None:
    wait_until(lambda: process.is_over or len(board.paths) >= number, every_s=0.01)


def _kill_all(process: Running) -> Ended:
    """Kill the process with its children; one that was quicker has ended by itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.process.pid, signal.SIGKILL)
    return process.end()


def _stored(site: Site) -> dict[str, Post]:
    """Return what is stored, without the times of its fetching, which differ."""
    with site.open() as parts:
        return {post.id: replace(post, fetched_at=BEGINNING) for post in parts.database.posts.stream()}
