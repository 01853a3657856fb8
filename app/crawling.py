"""One crawl in a process of its own: a reactor cannot start twice, and a crawl that hangs can be ended.

The child writes posts and its run record straight to the truth, and says through a pipe how far it is.
Children are forked from a server that has imported everything: one starts in 0.1 s instead of 1.3.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

from app.settings import Settings
from crawler.completeness import watermark
from crawler.crawl_settings import part_modules
from crawler.polling import allowance, is_resting
from crawler.proposal.look import Looked, look
from crawler.run import CrawlResult, crawl
from crawler.source import Source
from records.errors import ConfigurationError, HuiyingError, Retryable
from records.known import KnownPost
from records.page import PageState
from records.post import Post
from records.run import RunCounts, RunKind, RunRecord, RunState, SaveOutcome
from records.times import utc_now
from storage.database import Database

log = logging.getLogger(__name__)

# A run still marked running after this long belongs to a process that died.
STALE_AFTER = timedelta(hours=6)
# Looked through for the newest complete crawl and what today has cost; every half hour makes 48 a day.
EARLIER_RUNS = 200
SAMPLE_ITEMS = 5
# Between two looks whether to stop, while the child says nothing.
STOP_CHECK_S = 0.5
# Sources of one host wait for each other; a crawl of 10,000 pages at two seconds each takes six hours.
TURN_WAIT_S = 6 * 3600.0


class DatabaseSink:
    """What the crawler keeps: posts, and what conditional requests need of each page."""

    def __init__(self, database: Database, source: Source) -> None:
        self._database = database
        self._source = source

    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        return self._database.posts.save(posts)

    def known(self) -> dict[str, KnownPost]:
        return self._database.posts.known(self._source.name)

    def mark_seen(self, native_ids: Sequence[str], *, now: datetime) -> None:
        self._database.posts.mark_seen(self._source.name, native_ids, now=now)

    def page_state(self, url: str) -> PageState | None:
        return self._database.pages.get(url)

    def put_page_states(self, states: Sequence[PageState]) -> None:
        self._database.pages.put(states)


def host_turn(source: Source) -> str:
    """Return the name of the lock for which the sources of one host wait in turn."""
    return f"crawl of {urlsplit(source.start_urls[0]).netloc}"


class SampleSink:
    """Hands on what would be kept, and knows nothing of earlier crawls."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        for post in posts:
            self._pipe.send(post)
        return [(post.id, SaveOutcome.STORED) for post in posts]

    def known(self) -> dict[str, KnownPost]:
        return {}

    def mark_seen(self, native_ids: Sequence[str], *, now: datetime) -> None:
        """Forget them: nothing is known."""

    def page_state(self, url: str) -> PageState | None:
        return None

    def put_page_states(self, states: Sequence[PageState]) -> None:
        """Forget them."""


def user_agent(settings: Settings, source: Source) -> str:
    """Return the name this crawler gives itself.

    Raises ConfigurationError where the host of a stranger would get no contact.
    """
    if not settings.contact and not source.local:
        raise ConfigurationError(
            f'{settings.settings_file}: setting "contact" is empty: crawling {min(source.hosts)} '
            "needs an e-mail address or page that its operator can turn to"
        )
    return f"huiying/{version('huiying')} (+{settings.contact or settings.console_url})"


def run_crawls(
    settings: Settings,
    sources: Sequence[Source],
    *,
    now: datetime | None = None,
    progress: Callable[[str, RunCounts], None] | None = None,
) -> list[RunRecord]:
    """Crawl the sources, as many at once as there are cores, and return their run records in the same order.

    `progress` is called with a source's name and its counts so far. One host's sources wait for each other.
    Raises ConfigurationError before anything is fetched.
    """
    for source in sources:
        user_agent(settings, source)

    def crawl_one(source: Source) -> RunRecord:
        show = partial(progress, source.name) if progress is not None else None
        return run_crawl(settings, source, now=now, progress=show)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(crawl_one, sources))


def run_crawl(
    settings: Settings,
    source: Source,
    *,
    now: datetime | None = None,
    progress: Callable[[RunCounts], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> RunRecord:
    """Crawl `source` in a child process and return its run record. `now` takes the place of the clock.

    Once `stopped` says so the child is ended, and the record says that the crawl was interrupted.
    Raises Retryable where the source must not be crawled now (see why_not_now).
    """
    user_agent(settings, source)
    said = _said_by_child(_crawl_child, settings, source, now, stopped=stopped)
    run_id: int | HuiyingError | None = next(said, None)
    if isinstance(run_id, HuiyingError):
        raise run_id
    record: RunRecord | None = None
    for news in said:
        if isinstance(news, RunRecord):
            record = news
        elif progress is not None:
            progress(news)
    if record is not None:
        return record
    if run_id is None:
        raise Retryable(f'source "{source.name}": the crawl process left no record (try again)')
    with Database.open(settings.truth_url) as database:
        record = database.runs.get(run_id)
        if record.state is not RunState.RUNNING:
            return record
        state, error = RunState.FAILED, "the crawl process died"
        if stopped():
            state, error = RunState.INTERRUPTED, "huiying was stopped"
        return database.runs.finish(run_id, state, record.counts, now=utc_now(), error=error)


def why_not_now(database: Database, source: Source, *, now: datetime) -> str | None:
    """Return why the source must not be crawled now (its hours, its budget, its own wish), None if it may."""
    try:
        allowance(source, _earlier_runs(database, source), now=now)
    except Retryable as err:
        return str(err)
    return None


def is_due(database: Database, source: Source, *, now: datetime) -> bool:
    """Return whether a crawl at a time of the source's schedule shall begin."""
    reason = why_not_now(database, source, now=now)
    if reason is None and is_resting(source, _earlier_runs(database, source), now=now):
        reason = f'source "{source.name}": changes seldom, and rests'
    if reason is not None:
        log.info("%s", reason)
    return reason is None


def _earlier_runs(database: Database, source: Source) -> list[RunRecord]:
    return database.runs.list(kind=RunKind.CRAWL, subject=source.name, limit=EARLIER_RUNS)


def sample_source(settings: Settings, source: Source) -> tuple[list[Post], CrawlResult]:
    """Return a few posts of `source` and how the crawl ended; nothing is stored."""
    user_agent(settings, source)
    said = list(_said_by_child(_sample_child, settings, source))
    if not said or not isinstance(said[-1], CrawlResult):
        raise Retryable(f'source "{source.name}": the crawl process died (try again)')
    return said[:-1], said[-1]


def look_at(settings: Settings, source: Source) -> Looked:
    """Return what the page at the source's address suggests as a catalogue entry; nothing is stored."""
    user_agent(settings, source)
    said: Looked | None = next(_said_by_child(_look_child, settings, source), None)
    if said is None:
        raise Retryable(f'"{source.start_urls[0]}": the crawl process died (try again)')
    return said


def _said_by_child(
    target: Callable[..., None], *arguments: object, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Any]:
    """Run `target(*arguments, pipe)` in a child and give what it sends, until it ends or is `stopped`."""
    context = multiprocessing.get_context("forkserver")
    # A child imports the program that it belongs to, which is app.cli for `huiying`.
    context.set_forkserver_preload([__name__, "app.cli", *part_modules()])
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=target, args=(*arguments, sending))
    child.start()
    sending.close()
    with receiving:
        while not stopped():
            if receiving.poll(STOP_CHECK_S):
                try:
                    yield receiving.recv()
                except EOFError:
                    break
        else:
            child.terminate()
    child.join()


def _crawl_child(settings: Settings, source: Source, now: datetime | None, pipe: Connection) -> None:
    """Crawl and store; say the number of the run first, then how far it is, its record last."""
    with Database.open(settings.truth_url) as database, _host_turn(database, source):
        started = now or utc_now()
        database.runs.interrupt_stale(now=started, older_than=STALE_AFTER)
        earlier = _earlier_runs(database, source)
        try:
            allowed = allowance(source, earlier, now=started)
        except Retryable as err:
            pipe.send(err)
            return
        run_id = database.runs.start(RunKind.CRAWL, source.name, now=started)
        pipe.send(run_id)
        try:
            result = crawl(
                source,
                DatabaseSink(database, source),
                user_agent=user_agent(settings, source),
                now=started,
                watermark=watermark(earlier),
                allowed=allowed,
                progress=pipe.send,
            )
        except HuiyingError as err:
            result = CrawlResult(counts=RunCounts(), error=str(err))
        state = RunState.FAILED if result.error else RunState.DONE
        finished = now or utc_now()
        pipe.send(database.runs.finish(run_id, state, result.counts, now=finished, error=result.error))


def _sample_child(settings: Settings, source: Source, pipe: Connection) -> None:
    few = source.model_copy(update={"max_items": SAMPLE_ITEMS, "max_pages": 1})
    with Database.open(settings.truth_url) as database, _host_turn(database, source):
        try:
            result = crawl(few, SampleSink(pipe), user_agent=user_agent(settings, source), now=utc_now())
        except HuiyingError as err:
            result = CrawlResult(counts=RunCounts(), error=str(err))
    pipe.send(result)


def _look_child(settings: Settings, source: Source, pipe: Connection) -> None:
    with Database.open(settings.truth_url) as database, _host_turn(database, source):
        pipe.send(look(source, SampleSink(pipe), user_agent=user_agent(settings, source), now=utc_now()))


def _host_turn(database: Database, source: Source) -> AbstractContextManager[object]:
    """Return the lock that keeps two crawls from asking one host at the same time, on any machine."""
    return database.lock(host_turn(source), wait_s=TURN_WAIT_S)
