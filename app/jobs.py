"""What each job does, here at once or on whichever worker takes it from the queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from app.crawling import host_turn, is_due, run_crawl
from app.keeping import purge_due
from app.tasks import brief, deliver_pending, evaluate_rules
from app.watching import import_watched
from app.wiring import Parts
from crawler.source import Source
from records.errors import HuiyingError
from records.job import JobKind
from records.run import RunState
from records.times import utc_now
from storage.indexer import BATCH, begin_reindex
from storage.jobs import Handler, JobStopped, Stopped

# Posts merged by one job: a few seconds of work, after which analysis has its turn again.
MERGED_BY_A_JOB = 10_000

Start = Callable[..., object]  # (kind, arguments, subject=…, lock=…): do it, or see to it that it is done


def start_here(parts: Parts) -> Start:
    """Return what does jobs at once, in this process: the way of an installation without a queue."""
    handlers: dict[JobKind, Handler] = {
        **_handlers_anywhere(parts),
        JobKind.CATCH_UP: lambda _, __: parts.pipeline.run(),
    }

    def start(
        kind: JobKind,
        arguments: Mapping[str, Any] | None = None,
        *,
        subject: str = "",
        lock: str | None = None,
    ) -> None:
        handlers[kind](arguments or {}, lambda: False)

    return start


def start_crawl(start: Start, source: Source) -> None:
    """Start the crawl of the source, in turn with the others of its host."""
    start(JobKind.CRAWL, {"source": source.name}, subject=source.name, lock=host_turn(source))


def handlers(parts: Parts) -> dict[JobKind, Handler]:
    """Return what a worker does for each kind of job."""
    return {
        **_handlers_anywhere(parts),
        JobKind.CATCH_UP: partial(_catch_up, parts),
        JobKind.ANALYSE: partial(_analyse, parts),
        JobKind.MERGE: partial(_merge, parts),
        JobKind.INDEX: partial(_index, parts),
        JobKind.REINDEX: partial(_reindex, parts),
    }


def _handlers_anywhere(parts: Parts) -> dict[JobKind, Handler]:
    return {
        JobKind.CRAWL: partial(_crawl, parts),
        JobKind.IMPORT: lambda _, __: import_watched(parts, now=utc_now()),
        JobKind.RULES: lambda _, __: evaluate_rules(parts, now=utc_now()),
        JobKind.DELIVER: lambda _, __: deliver_pending(parts, now=utc_now()),
        JobKind.BRIEF: lambda _, __: brief_yesterday(parts),
        JobKind.PURGE: lambda _, __: purge_due(parts, now=utc_now()),
    }


def brief_yesterday(parts: Parts) -> None:
    """Make yesterday's daily briefing."""
    today = utc_now().astimezone(parts.settings.zone).date()
    brief(parts, day=today - timedelta(days=1), now=utc_now())


def _catch_up(parts: Parts, _: Mapping[str, Any], __: Stopped) -> None:
    jobs = parts.database.jobs
    jobs.queue_unread(parts.pipeline.model_version, now=utc_now())
    jobs.defer(JobKind.MERGE)


def _analyse(parts: Parts, arguments: Mapping[str, Any], __: Stopped) -> None:
    post_ids = arguments["post_ids"]
    try:
        parts.pipeline.analyse(post_ids)
    except HuiyingError:
        raise
    except Exception:
        # A text that the models stumble over must not keep the others from being read: alone, it fails alone.
        if len(post_ids) == 1:
            raise
        parts.database.jobs.split(post_ids)


def _merge(parts: Parts, _: Mapping[str, Any], stopped: Stopped) -> None:
    merged = parts.pipeline.merge(progress=_breaking_off(stopped), limit=MERGED_BY_A_JOB)
    if merged >= MERGED_BY_A_JOB:
        parts.database.jobs.defer(JobKind.MERGE)
    parts.database.jobs.defer(JobKind.INDEX)


def _index(parts: Parts, _: Mapping[str, Any], stopped: Stopped) -> None:
    check = _breaking_off(stopped)

    def go_on(step: str, done: int) -> None:
        # Not before a batch is in: with the search server away there is nothing to help with.
        if parts.database.outbox.lag() > BATCH:
            parts.database.jobs.defer(JobKind.INDEX)  # for another worker to help
        check(step, done)

    parts.pipeline.feed_index(progress=go_on)


def _reindex(parts: Parts, _: Mapping[str, Any], __: Stopped) -> None:
    total = begin_reindex(parts.database, parts.index)
    parts.database.jobs.begin_long_work(JobKind.REINDEX, total, now=utc_now())
    parts.database.jobs.defer(JobKind.INDEX)


def _crawl(parts: Parts, arguments: Mapping[str, Any], stopped: Stopped) -> None:
    source = parts.catalogue.get(arguments["source"])
    if not is_due(parts.database, source, now=utc_now()):
        return
    record = run_crawl(parts.settings, source, stopped=stopped)
    if record.state is RunState.INTERRUPTED:
        raise JobStopped(f'source "{source.name}": {record.error}')


def _breaking_off(stopped: Stopped) -> Callable[[str, int], None]:
    def check(_: str, __: int) -> None:
        if stopped():
            raise JobStopped("stopped between two batches")

    return check
