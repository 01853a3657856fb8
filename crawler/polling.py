"""When a source may be crawled, and how much: its hours, its budget, what it asked for, how often it changes.

Pure. `runs` are the source's crawls, newest first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from crawler.source import Source
from records.errors import Retryable
from records.run import RunRecord, RunState

# Half the usual time between two changes is the longest rest that still sees most of them apart: of a source
# that changes every ten hours, every second look, five hours apart, finds something.
REST_SHARE = 1 / 2
# Crawls that tell how often a source changes; with fewer than the first number it is looked at every time.
LEAST_RUNS = 5
MOST_RUNS = 40
# A schedule of every day must not skip a day because yesterday's crawl began a minute late.
LEEWAY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a crawl may still cost: requests, and seconds until the source's hours end (None for no end)."""

    requests: int
    seconds: float | None = None


def allowance(source: Source, runs: Sequence[RunRecord], *, now: datetime) -> Allowance:
    """Return what a crawl at `now` may cost. Raises Retryable, saying until when, where it may not begin."""
    who = f'source "{source.name}"'
    until = _asked_to_wait_until(runs)
    if until is not None and now < until:
        raise Retryable(
            f"{who}: the site asked to be left alone until {_local(until, source)} (try again then)"
        )
    local = now.astimezone(source.zone_info)
    seconds = None
    if source.hours is not None:
        seconds = _seconds_left(source.hours, local)
        if seconds is None:
            raise Retryable(f"{who}: hours {source.hours}: it is {local:%H:%M} (try again then)")
    today = [
        run.counts.requests
        for run in runs
        if run.started_at.astimezone(source.zone_info).date() == local.date()
    ]
    left = source.daily_requests - sum(today)
    if left <= 0:
        raise Retryable(f"{who}: daily_requests {source.daily_requests}: used up (try again tomorrow)")
    return Allowance(requests=left, seconds=seconds)


def is_resting(source: Source, runs: Sequence[RunRecord], *, now: datetime) -> bool:
    """Return whether a scheduled crawl is left out, because the source changes more seldom than that.

    What failed is tried again at the next time of the schedule.
    """
    done = [run for run in runs[:MOST_RUNS] if run.state is RunState.DONE]
    if len(done) < LEAST_RUNS or not runs or runs[0].state is not RunState.DONE:
        return False
    changes = sum(1 for run in done if run.counts.stored + run.counts.updated)
    longest = timedelta(hours=source.rest_at_most_hours)
    span = now - done[-1].started_at
    rest = min(span / changes * REST_SHARE, longest) if changes else longest
    return now - done[0].started_at < rest * LEEWAY


def _asked_to_wait_until(runs: Sequence[RunRecord]) -> datetime | None:
    if not runs or not runs[0].counts.retry_after_s:
        return None
    last = runs[0]
    return (last.finished_at or last.started_at) + timedelta(seconds=last.counts.retry_after_s)


def _seconds_left(hours: str, local: datetime) -> float | None:
    """Return the seconds until the hours end, which may pass midnight; None where `local` is not in them."""
    start, end = (time.fromisoformat(part) for part in hours.split("-"))
    moment = local.timetz().replace(tzinfo=None)
    within = start <= moment < end if start < end else moment >= start or moment < end
    if not within:
        return None
    close = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return ((close if close > local else close + timedelta(days=1)) - local).total_seconds()


def _local(moment: datetime, source: Source) -> str:
    return f"{moment.astimezone(source.zone_info):%Y-%m-%d %H:%M}"
