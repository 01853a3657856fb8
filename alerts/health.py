"""Quiet or blind: what each source's silence means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median_high

from alerts.rhythm import Rhythm, rhythm_of
from crawler.catalogue import Catalogue
from crawler.faults import find_fault, has_seen
from crawler.polling import is_resting
from crawler.source import Source
from records.post import Channel
from records.run import RunKind, RunRecord, RunState
from records.times import DEFAULT_ZONE, Period
from storage.database import Database

# Crawls of the newest months; an hourly crawl has 1,344 in eight weeks.
MOST_RUNS = 5000
# A source that has been crawled once or never has no rhythm yet: the catalogue's default is daily.
DEFAULT_RHYTHM = timedelta(days=1)
SHORTEST_RHYTHM = timedelta(minutes=10)
# One missed crawl happens; two are late; four, or a day without any, and we no longer see the source.
LATE_AFTER = 2
BLIND_AFTER = 4
# A gap this many times the longest gap of the quarter before is no longer the source's own rhythm.
SILENT_FACTOR = 2
RHYTHM_LOOKBACK = timedelta(days=90)
RHYTHM_POSTS = 500


class HealthState(StrEnum):
    """blind: we cannot see it. dead: we see it well, and it has fallen silent.

    changed: its pages load and are no longer what they were. refused: it does not want to be crawled.
    """

    OK = "ok"
    LATE = "late"
    BLIND = "blind"
    DEAD = "dead"
    NEVER = "never"
    CHANGED = "changed"
    REFUSED = "refused"


# What refuses us is not seen. What has changed may be seen in part, and what cannot be read is blind in time.
UNSEEN = frozenset({HealthState.BLIND, HealthState.REFUSED})
_State = tuple[HealthState, datetime | None, str]
# What the site shows and we have not (crawler.completeness); of the newest crawl.
_GAPS = {
    "messages": "；网站显示的比我们多 {} 条",
    "ids": "；编号中缺 {} 个",
    "unread_pages": "；列表还有页没有读到（max_pages）",
    "cut_short": "；时段或额度用完，下次接着抓",
    "full_window": "；有 {} 个时段一次给不完",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is known of one source: its crawls, newest first, and when they succeeded, oldest first."""

    crawls: Sequence[RunRecord]
    successes: Sequence[datetime]
    newest: datetime | None
    rhythm: Rhythm


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How one enabled source is.

    `since`: when this state began. `last_new_post`: when its newest post was asked. `reason` is one Chinese
    sentence.
    """

    name: str
    title: str
    channel: Channel
    state: HealthState
    since: datetime | None
    last_success: datetime | None
    last_new_post: datetime | None
    reason: str


def source_health(
    catalogue: Catalogue,
    database: Database,
    *,
    now: datetime,
    crawls: Mapping[str, Sequence[RunRecord]] | None = None,
) -> list[SourceHealth]:
    """Return the health of every enabled source, in the catalogue's order; `crawls` if they are at hand."""
    crawls = crawls_by_source(database) if crawls is None else crawls
    enabled = [source for source in catalogue.sources if source.enabled]
    newest = database.posts.newest_asked([source.name for source in enabled], before=now)
    rhythms = _rhythms(database, newest)
    return [
        _health(
            source,
            _Seen(
                crawls=crawls.get(source.name, []),
                successes=success_times(crawls.get(source.name, [])),
                newest=newest.get(source.name),
                rhythm=rhythms.get(source.name, Rhythm()),
            ),
            now,
        )
        for source in enabled
    ]


def crawl_rhythm(successes: Sequence[datetime]) -> timedelta:
    """Return the usual time between two successful crawls; of two that may be, the longer one.

    A crawl by hand soon after another one makes no source late.
    """
    gaps = [after - before for before, after in pairwise(successes)]
    return max(median_high(gaps), SHORTEST_RHYTHM) if gaps else DEFAULT_RHYTHM


def blind_after(successes: Sequence[datetime]) -> timedelta:
    """Return how long a source may go without a successful crawl before we no longer see it."""
    return max(BLIND_AFTER * crawl_rhythm(successes), DEFAULT_RHYTHM)


def crawls_by_source(database: Database, *, most: int = MOST_RUNS) -> dict[str, list[RunRecord]]:
    """Return source → its crawls, newest first; of all together the newest `most`, 60 µs each."""
    crawls: dict[str, list[RunRecord]] = {}
    for run in database.runs.list(kind=RunKind.CRAWL, limit=most):
        crawls.setdefault(run.subject, []).append(run)
    return crawls


def success_times(crawls: Sequence[RunRecord]) -> list[datetime]:
    """Return when the crawls that could read the source ended, oldest first."""
    return [
        run.finished_at or run.started_at
        for run in reversed(crawls)
        if run.state is RunState.DONE and has_seen(run)
    ]


def _health(source: Source, seen: _Seen, now: datetime) -> SourceHealth:
    state, since, reason = _faulty(seen) or _unseen(source, seen, now) or _quiet(source, seen, now)
    return SourceHealth(
        name=source.name,
        title=source.title,
        channel=source.channel,
        state=state,
        since=since,
        last_success=seen.successes[-1] if seen.successes else None,
        last_new_post=seen.newest,
        reason=reason,
    )


def _faulty(seen: _Seen) -> _State | None:
    """Return the state of a source whose site refuses us or has changed."""
    fault = find_fault(seen.crawls)
    return None if fault is None else (HealthState(fault.kind.value), fault.since, fault.reason)


def _unseen(source: Source, seen: _Seen, now: datetime) -> _State | None:
    """Return the state of a source that was not crawled in time."""
    latest = seen.crawls[0] if seen.crawls else None
    error = f"，最近一次出错：{latest.error}" if latest and latest.error else ""
    if not seen.successes:
        return HealthState.NEVER, latest.started_at if latest else None, f"从未成功抓取{error}。"
    if is_resting(source, seen.crawls, now=now):
        return None
    last = seen.successes[-1]
    unseen = now - last
    rhythm = crawl_rhythm(seen.successes)
    usual = f"平常约{_span(rhythm)}一次"
    if unseen > blind_after(seen.successes):
        return HealthState.BLIND, last, f"已{_span(unseen)}没有成功抓取，{usual}{error}；数据有缺口。"
    if unseen > max(LATE_AFTER * rhythm, SHORTEST_RHYTHM):
        return HealthState.LATE, last, f"抓取延迟：上次成功在{_span(unseen)}前，{usual}{error}。"
    return None


def _quiet(source: Source, seen: _Seen, now: datetime) -> _State:
    """Return the state of a source that is seen well: whether it speaks."""
    first, last = seen.successes[0], seen.successes[-1]
    if seen.newest is None:
        return HealthState.DEAD, first, "抓取正常，但从未见到内容。"
    longest = seen.rhythm.longest_pause
    quiet = seen.rhythm.quiet(seen.newest, now, zone=DEFAULT_ZONE)
    if quiet > max(timedelta(days=source.expected_every_days), SILENT_FACTOR * longest):
        usual = (
            f"平常最多隔{_span(longest)}" if longest else f"预期每{source.expected_every_days}天内有新内容"
        )
        return HealthState.DEAD, seen.newest, f"抓取正常，但已{_span(quiet)}没有新内容，{usual}。"
    gaps = "".join(_GAPS[code].format(n) for code, n in seen.crawls[0].counts.gaps.items() if code in _GAPS)
    reason = f"正常：{_span(now - last)}前抓取成功，最新内容在{_span(now - seen.newest)}前{gaps}。"
    return HealthState.OK, first, reason


def _rhythms(database: Database, newest: Mapping[str, datetime]) -> dict[str, Rhythm]:
    """Return source → its rhythm in the quarter up to its newest post."""
    periods = {
        name: Period(start=at - RHYTHM_LOOKBACK, end=at + timedelta(microseconds=1))
        for name, at in newest.items()
    }
    asked = database.posts.asked_times(periods, limit=RHYTHM_POSTS)
    return {name: rhythm_of(times, zone=DEFAULT_ZONE) for name, times in asked.items()}


def _span(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    if hours < 1:
        return f"{max(round(hours * 60), 1)}分钟"
    return f"{round(hours)}小时" if hours < 48 else f"{round(hours / 24)}天"
