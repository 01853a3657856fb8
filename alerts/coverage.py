"""What can be seen: which sources were not, in which part of a period, as every count has to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerts.health import (
    MOST_RUNS,
    UNSEEN,
    HealthState,
    SourceHealth,
    blind_after,
    crawls_by_source,
    source_health,
    success_times,
)
from crawler.catalogue import Catalogue
from crawler.faults import FaultKind, fault_kind
from crawler.polling import is_resting
from crawler.source import Source
from nlp.divisions import division_kind
from records.analysis import PlaceKind
from records.post import Channel
from records.run import RunRecord
from records.times import DEFAULT_ZONE, Period, day_period
from storage.database import Database

# In which the source is not read as it should be. One that is dead is read well, and has nothing to say.
FAULTY = (HealthState.LATE, HealthState.CHANGED, HealthState.REFUSED, HealthState.NEVER)
_OF_FAULT = {FaultKind.REFUSED: HealthState.REFUSED, FaultKind.CHANGED: HealthState.CHANGED}
_EVER = datetime.min.replace(tzinfo=UTC)
# 自治区, 地区 and 社区 before 区.
_ENDINGS = (
    (PlaceKind.PROVINCE, ("省", "自治区")),
    (PlaceKind.CITY, ("市", "州", "盟", "地区")),
    (PlaceKind.COMMUNITY, ("社区", "村")),
    (PlaceKind.DISTRICT, ("区", "县", "旗")),
    (PlaceKind.STREET, ("街道", "镇", "乡")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """From `start` until `end` a source was not read as usual: messages of then may be missing.

    With `is_blind` it took longer than the source's rhythm explains, and nothing of it was seen. Where it
    `lasts`, `end` is the moment of asking. `title` and `place` are those of the source.
    """

    source: str
    title: str
    place: str | None
    channel: Channel
    state: HealthState
    start: datetime
    end: datetime
    is_blind: bool
    lasts: bool

    def part_of(self, period: Period) -> Period:
        """Return the part of the period that lies in the gap, which overlaps it."""
        return Period(start=max(self.start, period.start), end=min(self.end, period.end))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The health of every source, and the gaps of each, oldest first. Days are those of `zone`.

    Gaps before `known_from` were not looked for; None where all crawls were looked at.
    """

    health: tuple[SourceHealth, ...] = ()
    gaps: tuple[Gap, ...] = ()
    zone: ZoneInfo = DEFAULT_ZONE
    known_from: datetime | None = None

    @property
    def blind_sources(self) -> tuple[str, ...]:
        """Return the sources of reports that we cannot see at present, by name."""
        blind = (one for one in self.health if one.state in UNSEEN and one.channel.carries_reports)
        return tuple(sorted(one.name for one in blind))

    def seen_until(self, now: datetime) -> datetime:
        """Return the moment up to which silence is quiet: the oldest newest crawl of a source we see."""
        seen = (
            one.last_success
            for one in self.health
            if one.state not in UNSEEN and one.channel.carries_reports and one.last_success
        )
        return min((now, *seen))

    def was_blind(self, day: date) -> bool:
        """Return whether a source of reports that we see at present missed the whole day."""
        unseen = self.blind_sources
        return any(name not in unseen for name in self.missing_on(day))

    def missing_on(self, day: date) -> Iterator[str]:
        """Yield the sources of reports that missed the whole day, by name."""
        whole = day_period(day, zone=self.zone)
        return (
            gap.source
            for gap in self.gaps
            if gap.is_blind
            and gap.channel.carries_reports
            and gap.start <= whole.start
            and whole.end <= gap.end
        )

    def is_known(self, period: Period) -> bool:
        """Return whether the whole period was looked at, so that no gap means that there was none."""
        return self.known_from is None or self.known_from <= period.start

    def during(self, period: Period, place: str | None = None) -> tuple[Gap, ...]:
        """Return the gaps that overlap the period, of all sources or those that may speak of the place."""
        return tuple(
            gap
            for gap in self.gaps
            if gap.start < period.end
            and period.start < gap.end
            and (place is None or speaks_of(gap.place, place))
        )


def coverage_of(
    catalogue: Catalogue,
    database: Database,
    *,
    now: datetime,
    zone: ZoneInfo = DEFAULT_ZONE,
    most_runs: int = MOST_RUNS,
) -> Coverage:
    """Return what was seen up to now, as far back as the newest `most_runs` crawls tell."""
    crawls = crawls_by_source(database, most=most_runs)
    health = source_health(catalogue, database, now=now, crawls=crawls)
    oldest = [runs[-1].started_at for runs in crawls.values()]
    return Coverage(
        health=tuple(health),
        gaps=find_gaps(catalogue, crawls, health, now=now),
        zone=zone,
        known_from=min(oldest) if sum(map(len, crawls.values())) >= most_runs else None,
    )


def find_gaps(
    catalogue: Catalogue,
    crawls: Mapping[str, Sequence[RunRecord]],
    health: Sequence[SourceHealth],
    *,
    now: datetime,
) -> tuple[Gap, ...]:
    """Return the gaps of the enabled sources up to now, oldest first; `health` is theirs at present.

    A gap lies between two successful crawls that are further apart than BLIND_AFTER times the source's
    rhythm. Before the first crawl all counts as seen: a board shows its past.
    """
    states = {one.name: one for one in health}
    gaps = [
        gap
        for source in catalogue.sources
        if source.enabled
        for gap in _gaps(source, crawls.get(source.name, []), states.get(source.name), now)
    ]
    return tuple(sorted(gaps, key=lambda gap: (gap.start, gap.source)))


def _gaps(
    source: Source, crawls: Sequence[RunRecord], health: SourceHealth | None, now: datetime
) -> Iterator[Gap]:
    def gap(state: HealthState, start: datetime, end: datetime, *, is_blind: bool) -> Gap:
        return Gap(
            source=source.name, title=source.title, place=source.place, channel=source.channel,
            state=state, start=start, end=end, is_blind=is_blind, lasts=end == now,
        )  # fmt: skip

    times = success_times(crawls)
    rests = is_resting(source, crawls, now=now) and fault_kind(crawls[0]) is None
    ends = times if rests else [*times, now]
    is_blind_now = False
    for before, after in pairwise(ends):
        if after - before > blind_after(times):
            yield gap(_state_between(crawls, before, after), before, after, is_blind=True)
            is_blind_now = after == now
    if health is not None and health.state in FAULTY and not is_blind_now:
        since = _EVER if health.state is HealthState.NEVER else health.since or _EVER
        yield gap(health.state, since, now, is_blind=False)


def _state_between(crawls: Sequence[RunRecord], start: datetime, end: datetime) -> HealthState:
    """Return what the last crawl of a gap says of it."""
    failed = next((run for run in crawls if start < run.started_at < end), None)
    kind = fault_kind(failed) if failed is not None else None
    return _OF_FAULT[kind] if kind is not None else HealthState.BLIND


def speaks_of(declared: str | None, place: str) -> bool:
    """Return whether a source that declares a place may have messages about another.

    Not where both are of one kind (two districts) and differ. A town has districts and a district has
    streets, but which ones no name tells: those of other kinds may, and those of no known kind.
    """
    if declared is None or declared in place or place in declared:
        return True
    kind = _kind(declared)
    return kind is None or kind is not _kind(place)


def _kind(place: str) -> PlaceKind | None:
    """Return the kind of a division, an official one (浏阳市 is a county) or by the end of its name."""
    by_name = (kind for kind, endings in _ENDINGS if place.endswith(endings))
    return division_kind(place) or next(by_name, None)
