"""Quiet or blind: what each source's silence means, and which days its counts say nothing about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median_low
from zoneinfo import ZoneInfo

from crawler.catalogue import Catalogue
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
    """blind: we cannot see it. dead: we see it well, and it has fallen silent."""

    OK = "ok"
    LATE = "late"
    BLIND = "blind"
    DEAD = "dead"
    NEVER = "never"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What can be seen: the health of every source, and which sources missed which local days."""

    health: tuple[SourceHealth, ...] = ()
    blind: Mapping[date, frozenset[str]] | None = None

    @property
    def blind_sources(self) -> tuple[str, ...]:
        """Return the sources of reports that we cannot see at present, by name."""
        blind = (one for one in self.health if one.state is HealthState.BLIND and one.channel.carries_reports)
        return tuple(sorted(one.name for one in blind))

    def seen_until(self, now: datetime) -> datetime:
        """Return the moment up to which silence is quiet: the oldest newest crawl of a source we see."""
        seen = (
            one.last_success
            for one in self.health
            if one.state is not HealthState.BLIND and one.channel.carries_reports and one.last_success
        )
        return min((now, *seen))

    def was_blind(self, day: date) -> bool:
        """Return whether a source that we see at present missed the day."""
        return bool((self.blind or {}).get(day, frozenset()) - set(self.blind_sources))


def coverage_of(
    catalogue: Catalogue, database: Database, *, now: datetime, zone: ZoneInfo = DEFAULT_ZONE, days: int = 64
) -> Coverage:
    """Return the health of the sources and the blind days of the last `days`."""
    period = Period(start=now - timedelta(days=days), end=now)
    return Coverage(
        health=tuple(source_health(catalogue, database, now=now)),
        blind=blind_days(catalogue, database, period=period, zone=zone, now=now),
    )


def source_health(catalogue: Catalogue, database: Database, *, now: datetime) -> list[SourceHealth]:
    """Return the health of every enabled source, in the catalogue's order."""
    successes = _successes(database)
    latest = database.runs.latest(RunKind.CRAWL)
    enabled = [source for source in catalogue.sources if source.enabled]
    newest = database.posts.newest_asked([source.name for source in enabled], before=now)
    gaps = _longest_gaps(database, newest)
    return [
        _health(
            source,
            successes.get(source.name, []),
            latest.get(source.name),
            newest.get(source.name),
            gaps.get(source.name, timedelta(0)),
            now,
        )
        for source in enabled
    ]


def blind_days(
    catalogue: Catalogue, database: Database, *, period: Period, zone: ZoneInfo, now: datetime
) -> dict[date, frozenset[str]]:
    """Return local day → the sources of reports that missed it; days that none missed are absent.

    A day is missed where it lies wholly in a gap between two successful crawls that is longer than
    BLIND_AFTER times the source's rhythm. Days before the first crawl count as seen: a board shows its past.
    """
    missed: dict[date, set[str]] = {}
    successes = _successes(database)
    for source in catalogue.sources:
        times = successes.get(source.name, [])
        if not (source.enabled and source.channel.carries_reports and times):
            continue
        limit = _blind_after(times)
        for before, after in pairwise([*times, now]):
            if after - before > limit:
                for day in _whole_days(max(before, period.start), min(after, period.end), zone):
                    missed.setdefault(day, set()).add(source.name)
    return {day: frozenset(names) for day, names in sorted(missed.items())}


def crawl_rhythm(successes: Sequence[datetime]) -> timedelta:
    """Return the usual time between two successful crawls."""
    gaps = [after - before for before, after in pairwise(successes)]
    return max(median_low(gaps), SHORTEST_RHYTHM) if gaps else DEFAULT_RHYTHM


def _blind_after(successes: Sequence[datetime]) -> timedelta:
    return max(BLIND_AFTER * crawl_rhythm(successes), DEFAULT_RHYTHM)


def _successes(database: Database) -> dict[str, list[datetime]]:
    """Return source → when its successful crawls ended, oldest first."""
    times: dict[str, list[datetime]] = {}
    for run in reversed(database.runs.list(kind=RunKind.CRAWL, limit=MOST_RUNS)):
        if run.state is RunState.DONE:
            times.setdefault(run.subject, []).append(run.finished_at or run.started_at)
    return times


def _whole_days(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[date]:
    day = start.astimezone(zone).date() + timedelta(days=1)
    while day < end.astimezone(zone).date():
        yield day
        day += timedelta(days=1)


def _health(
    source: Source,
    successes: Sequence[datetime],
    latest: RunRecord | None,
    newest: datetime | None,
    longest_gap: timedelta,
    now: datetime,
) -> SourceHealth:
    state, since, reason = _state(source, successes, latest, newest, longest_gap, now)
    return SourceHealth(
        name=source.name,
        title=source.title,
        channel=source.channel,
        state=state,
        since=since,
        last_success=successes[-1] if successes else None,
        last_new_post=newest,
        reason=reason,
    )


def _state(
    source: Source,
    successes: Sequence[datetime],
    latest: RunRecord | None,
    newest: datetime | None,
    longest: timedelta,
    now: datetime,
) -> tuple[HealthState, datetime | None, str]:
    error = f"，最近一次出错：{latest.error}" if latest and latest.error else ""
    if not successes:
        return HealthState.NEVER, latest.started_at if latest else None, f"从未成功抓取{error}。"
    unseen = now - successes[-1]
    rhythm = crawl_rhythm(successes)
    usual = f"平常约{_span(rhythm)}一次"
    if unseen > _blind_after(successes):
        return (
            HealthState.BLIND,
            successes[-1],
            f"已{_span(unseen)}没有成功抓取，{usual}{error}；数据有缺口。",
        )
    if unseen > max(LATE_AFTER * rhythm, SHORTEST_RHYTHM):
        return HealthState.LATE, successes[-1], f"抓取迟了：上次成功在{_span(unseen)}前，{usual}{error}。"
    if newest is None:
        return HealthState.DEAD, successes[0], "抓取正常，但从未见到内容。"
    quiet = now - newest
    allowed = max(timedelta(days=source.expected_every_days), SILENT_FACTOR * longest)
    if quiet > allowed:
        usual = (
            f"平常最多隔{_span(longest)}" if longest else f"预期每{source.expected_every_days}天内有新内容"
        )
        return HealthState.DEAD, newest, f"抓取正常，但已{_span(quiet)}没有新内容，{usual}。"
    return HealthState.OK, successes[0], f"正常：{_span(unseen)}前抓取成功，最新内容在{_span(quiet)}前。"


def _longest_gaps(database: Database, newest: Mapping[str, datetime]) -> dict[str, timedelta]:
    """Return source → the longest time between two posts in the quarter up to its newest.

    Sources with less than three posts there are absent.
    """
    periods = {
        name: Period(start=at - RHYTHM_LOOKBACK, end=at + timedelta(microseconds=1))
        for name, at in newest.items()
    }
    asked = database.posts.asked_times(periods, limit=RHYTHM_POSTS)
    return {
        name: max(after - before for before, after in pairwise(times))
        for name, times in asked.items()
        if len(times) >= 3
    }


def _span(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    if hours < 1:
        return f"{max(round(hours * 60), 1)}分钟"
    return f"{round(hours)}小时" if hours < 48 else f"{round(hours / 24)}天"
