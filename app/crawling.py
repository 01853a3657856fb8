"""One crawl in a process of its own: a reactor cannot start twice, and a crawl that hangs can be ended.

The child (`python -m app.crawling SOURCE`) writes posts and its run record straight to the truth; on
standard output it says how far it is, one JSON line at a time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from app.installation import ensure_installation
from app.settings import Settings, load_settings
from crawler.catalogue import Source, load_catalogue
from crawler.run import CrawlResult, crawl
from records.errors import ConfigurationError, HuiyingError, Retryable
from records.page import PageState
from records.plain import plain
from records.post import Post
from records.run import RunCounts, RunKind, RunRecord, RunState, SaveOutcome
from records.times import parse_time, utc_now
from storage.database import Database

# A run still marked running after this long belongs to a process that died.
STALE_AFTER = timedelta(hours=6)


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


def run_crawl(
    settings: Settings,
    source: Source,
    *,
    as_of: str | None = None,
    progress: Callable[[RunCounts], None] | None = None,
) -> RunRecord:
    """Crawl `source` in a child process and return its run record.

    Waits for another crawl of the same host to end. Raises ConfigurationError before anything is fetched.
    """
    user_agent(settings, source)
    host = urlsplit(source.start_urls[0]).netloc.replace(":", "_")
    with FileLock(settings.locks_dir / f"host-{host}.lock"):
        command = [sys.executable, "-m", "app.crawling", str(settings.data_dir), source.name, as_of or ""]
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


def crawl_here(settings: Settings, name: str, *, as_of: str = "") -> CrawlResult:
    """Crawl in this process and write the run record. For a process that does nothing else."""
    source = load_catalogue(settings.catalogue_file).get(name)
    now = parse_time(as_of) if as_of else utc_now()
    with Database.open(settings.truth_url) as database:
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


def _print_counts(counts: RunCounts) -> None:
    print(json.dumps(plain(counts)), flush=True)  # noqa: T201  # the parent reads it


def _main(data_dir: str, name: str, as_of: str) -> int:
    settings = load_settings(Path(data_dir))
    ensure_installation(settings)
    try:
        crawl_here(settings, name, as_of=as_of)
    except HuiyingError:
        return 1  # the run record says why
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
