"""What runs when: a crawl per source, the pipeline, the rules, deliveries, the daily briefing.

Jobs are rebuilt from the settings at every start. Missed runs are coalesced into one; no job runs
twice at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app.jobs import Start, start_crawl
from app.settings import Settings
from app.wiring import Parts
from crawler.source import Source
from records.errors import HuiyingError
from records.job import JobKind
from records.run import RunKind
from records.times import utc_now

log = logging.getLogger(__name__)

DELIVERY_EVERY = timedelta(seconds=60)
# And at each start: a machine that is off at night forgets in time as well.
PURGE_EVERY = timedelta(days=1)
# Looks into the watched folder.
WATCH_EVERY = timedelta(seconds=30)
# Looks for jobs of workers that died.
TAKE_OVER_EVERY = timedelta(seconds=10)


def build_scheduler(parts: Parts, start: Start) -> BackgroundScheduler:
    """Return a scheduler, not yet started, that calls `start` for every job of this installation."""
    settings = parts.settings
    scheduler = BackgroundScheduler(
        timezone=settings.zone,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    scheduler.add_listener(_log_failure, EVENT_JOB_ERROR)

    def every(seconds: float, name: str, job: Callable[[], object]) -> None:
        scheduler.add_job(job, IntervalTrigger(seconds=int(seconds)), id=name, next_run_time=utc_now())

    every(settings.pipeline_every_s, "pipeline", lambda: start(JobKind.CATCH_UP))
    every(settings.rules_every_s, "rules", lambda: start(JobKind.RULES))
    every(DELIVERY_EVERY.total_seconds(), "delivery", lambda: start(JobKind.DELIVER))
    if settings.watched_dir:
        every(WATCH_EVERY.total_seconds(), "watch", lambda: start(JobKind.IMPORT))
    if settings.retention_days:
        every(PURGE_EVERY.total_seconds(), "purge", lambda: start(JobKind.PURGE))
    if parts.database.jobs.queued:
        every(TAKE_OVER_EVERY.total_seconds(), "take over", parts.database.jobs.take_over)
    hour, minute = settings.briefing_at.split(":")
    scheduler.add_job(
        lambda: start(JobKind.BRIEF),
        CronTrigger(hour=int(hour), minute=int(minute), timezone=settings.zone),
        id="briefing",
    )
    last_runs = parts.database.runs.latest(RunKind.CRAWL)
    for source in parts.catalogue.sources:
        if source.enabled:
            last = last_runs.get(source.name)
            _add_crawl(scheduler, settings, start, source, last.started_at if last else None)
    return scheduler


def missed(trigger: CronTrigger, last_run: datetime | None, now: datetime) -> bool:
    """Return whether a run was due between `last_run` and `now` and did not happen."""
    if last_run is None:
        return True
    due = trigger.get_next_fire_time(last_run, last_run + timedelta(seconds=1))
    return due is not None and due <= now


def _add_crawl(
    scheduler: BackgroundScheduler,
    settings: Settings,
    start: Start,
    source: Source,
    last_run: datetime | None,
) -> None:
    trigger = CronTrigger.from_crontab(source.schedule, timezone=settings.zone)
    options = {"next_run_time": utc_now()} if missed(trigger, last_run, utc_now()) else {}
    scheduler.add_job(lambda: start_crawl(start, source), trigger, id=f"crawl {source.name}", **options)


def _log_failure(event: JobExecutionEvent) -> None:
    if isinstance(event.exception, HuiyingError):
        log.warning("job %s: %s", event.job_id, event.exception)
    else:
        log.error("job %s failed", event.job_id, exc_info=event.exception)
