"""One crawl in a process of its own: a reactor cannot start twice, and a crawl that hangs can be ended.

The child (`python -m app.crawling FOLDER SOURCE`) writes posts and its run record straight to the truth; on
standard output it says how far it is, one JSON line at a time. With `--sample` it stores nothing and
prints the posts it would have stored.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from app.installation import ensure_installation
from app.settings import Settings, load_settings
from crawler.catalogue import load_catalogue
from crawler.run import CrawlResult, crawl
from crawler.source import Source
from records.errors import ConfigurationError, HuiyingError, Retryable
from records.page import PageState
from records.plain import plain, plain_post, post_from_plain
from records.post import Post
from records.run import RunCounts, RunKind, RunRecord, RunState, SaveOutcome
from records.times import parse_time, utc_now
from storage.database import Database

# A run still marked running after this long belongs to a process that died.
STALE_AFTER = timedelta(hours=6)
SAMPLE_ITEMS = 5


class DatabaseSink:
    """What the crawler keeps: posts, and what conditional requests need of each page."""

    def __init__(self, database: Database, source: Source) -> None:
        self._database = database
        self._source = source

    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        return self._database.posts.save(posts)

    def known(self) -> dict[str, str | None]:
        return self._database.posts.known(self._source.name)

    def page_state(self, url: str) -> PageState | None:
        return self._database.pages.get(url)

    def put_page_states(self, states: Sequence[PageState]) -> None:
        self._database.pages.put(states)


class SampleSink:
    """Prints what would be kept, and knows nothing of earlier crawls."""

    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        for post in posts:
            print(json.dumps(plain_post(post), ensure_ascii=False), flush=True)  # noqa: T201  # the parent reads it
        return [(post.id, SaveOutcome.STORED) for post in posts]

    def known(self) -> dict[str, str | None]:
        return {}

    def page_state(self, url: str) -> PageState | None:
        return None

    def put_page_states(self, states: Sequence[PageState]) -> None:
        """Forget them."""


def user_agent(settings: Settings, source: Source) -> str:
    """Return the name this crawler gives itself.

    Raises ConfigurationError where the host of a stranger would get no contact.
    """
    hosts = {urlsplit(url).hostname for url in source.start_urls}
    if not settings.contact and hosts - {"127.0.0.1", "localhost", "::1"}:
        raise ConfigurationError(
            f'{settings.settings_file}: setting "contact" is empty: crawling {min(filter(None, hosts))} '
            "needs an e-mail address or page that its operator can turn to"
        )
    return f"huiying/{version('huiying')} (+{settings.contact or settings.console_url})"


def host_lock(settings: Settings, source: Source) -> FileLock:
    """Return the lock that keeps two crawls from asking one host at the same time."""
    host = urlsplit(source.start_urls[0]).netloc.replace(":", "_")
    return FileLock(settings.locks_dir / f"host-{host}.lock")


def run_crawls(
    settings: Settings,
    sources: Sequence[Source],
    *,
    as_of: str = "",
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
        return run_crawl(settings, source, as_of=as_of, progress=show)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(crawl_one, sources))


def run_crawl(
    settings: Settings,
    source: Source,
    *,
    as_of: str = "",
    progress: Callable[[RunCounts], None] | None = None,
) -> RunRecord:
    """Crawl `source` in a child process and return its run record."""
    user_agent(settings, source)
    command = [sys.executable, "-m", "app.crawling", str(settings.data_dir), source.name, as_of]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as child:  # noqa: S603
        assert child.stdout is not None  # noqa: S101  # PIPE was asked for
        for line in child.stdout:
            if progress is not None:
                progress(RunCounts(**json.loads(line)))
    with Database.open(settings.truth_url) as database:
        record = database.runs.latest(RunKind.CRAWL).get(source.name)
        if record is None:
            raise Retryable(
                f'source "{source.name}": the crawl ended with code {child.returncode} and no record'
            )
        if record.state is RunState.RUNNING:
            error = f"the crawl process ended with code {child.returncode}"
            database.runs.finish(record.id, RunState.FAILED, record.counts, now=utc_now(), error=error)
            record = database.runs.latest(RunKind.CRAWL)[source.name]
    return record


def sample_source(settings: Settings, source: Source) -> tuple[list[Post], RunCounts, str | None]:
    """Return a few posts of `source`, how the items ended and what went wrong; nothing is stored."""
    user_agent(settings, source)
    command = [sys.executable, "-m", "app.crawling", str(settings.data_dir), source.name, "--sample"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)  # noqa: S603
    if done.returncode:
        raise Retryable(f'source "{source.name}": the crawl process ended with code {done.returncode}')
    *posts, result = [json.loads(line) for line in done.stdout.splitlines()]
    return [post_from_plain(post) for post in posts], RunCounts(**result["counts"]), result["error"]


def crawl_here(settings: Settings, name: str, *, as_of: str = "") -> CrawlResult:
    """Crawl in this process and write the run record. For a process that does nothing else."""
    source = load_catalogue(settings.catalogue_file).get(name)
    with host_lock(settings, source), Database.open(settings.truth_url) as database:
        now = parse_time(as_of) if as_of else utc_now()
        database.runs.interrupt_stale(now=now, older_than=STALE_AFTER)
        run_id = database.runs.start(RunKind.CRAWL, name, now=now)
        try:
            result = crawl(
                source,
                DatabaseSink(database, source),
                user_agent=user_agent(settings, source),
                now=now,
                progress=_print_counts,
            )
        except HuiyingError as err:
            database.runs.finish(run_id, RunState.FAILED, RunCounts(), now=now, error=str(err))
            raise
        state = RunState.FAILED if result.error else RunState.DONE
        finished = now if as_of else utc_now()
        database.runs.finish(run_id, state, result.counts, now=finished, error=result.error)
    return result


def sample_here(settings: Settings, name: str) -> None:
    """Crawl a few items in this process and print them, then how it ended."""
    source = load_catalogue(settings.catalogue_file).get(name)
    few = source.model_copy(update={"max_items": SAMPLE_ITEMS, "max_pages": 1})
    with host_lock(settings, source):
        result = crawl(few, SampleSink(), user_agent=user_agent(settings, source), now=utc_now())
    print(json.dumps(plain(result)), flush=True)  # noqa: T201  # the parent reads it


def _print_counts(counts: RunCounts) -> None:
    print(json.dumps(plain(counts)), flush=True)  # noqa: T201  # the parent reads it


def _main(data_dir: str, name: str, *options: str) -> int:
    settings = load_settings(Path(data_dir))
    ensure_installation(settings)
    try:
        if options == ("--sample",):
            sample_here(settings, name)
        else:
            crawl_here(settings, name, as_of="".join(options))
    except HuiyingError as err:
        sys.stderr.write(f"huiying: {err}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
