"""The numbers of the first page, from the truth and the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from records.post import Channel
from records.problem import DueAt, Problem, ProblemState
from records.query import Interval
from records.times import Period, day_period
from storage.database import Database
from storage.search import SearchIndex

TREND_DAYS = 30
# News and notices are not asked by residents.
REPORTS = "channel:(" + " OR ".join(channel for channel in Channel if channel.carries_reports) + ")"
ANSWERED = f"{REPORTS} AND _exists_:reply"
WAITING = f"{REPORTS} AND NOT _exists_:reply"
UNSETTLED = (ProblemState.OPEN, ProblemState.REOPENED)
SETTLED = (ProblemState.ANSWERED, ProblemState.CLOSED)
ON_TIME_DAYS = 30
# Bounds the cost; a town settles fewer in a month, and of a city's the newest say enough.
ON_TIME_PROBLEMS = 2_000
# Among so many of the most urgent and of the oldest, the gravest by both are found.
_CANDIDATES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendBar:
    """One local day: what was asked then, by whether it has an answer now."""

    day: date
    answered: int
    waiting: int

    @property
    def asked(self) -> int:
        return self.answered + self.waiting


def trend(index: SearchIndex, last_day: date, *, zone: ZoneInfo) -> tuple[TrendBar, ...]:
    """Return the TREND_DAYS days up to and including `last_day`, oldest first."""
    period = day_period(last_day - timedelta(days=TREND_DAYS - 1), days=TREND_DAYS, zone=zone)
    asked = index.histogram(REPORTS, Interval.DAY, period=period, zone=zone)
    answered = index.histogram(ANSWERED, Interval.DAY, period=period, zone=zone)
    return tuple(
        TrendBar(day=every.start.date(), answered=done.count, waiting=every.count - done.count)
        for every, done in zip(asked, answered, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTime:
    """Problems by their deadlines. Those without one are not counted."""

    on_time: int
    closed: int
    overdue: int

    @property
    def rate(self) -> float | None:
        """Return on time ÷ (closed + overdue and still open); None where nothing was due."""
        due = self.closed + self.overdue
        return self.on_time / due if due else None


def on_time(database: Database, *, now: datetime, due_at: DueAt) -> OnTime:
    """Return how the open problems stand, and those settled that were seen in the last ON_TIME_DAYS days.

    A settled problem is on time where each of its messages had its first reply by the time that `due_at`
    says; one whose replies bear no date says nothing and is not counted.
    """
    recent = Period(start=now - timedelta(days=ON_TIME_DAYS), end=now)
    store = database.problems
    settled = store.list(states=SETTLED, seen=recent, order="newest", limit=ON_TIME_PROBLEMS)
    kept = _deadlines_kept(database, [problem.id for problem in settled], due_at)
    return OnTime(
        on_time=sum(kept),
        closed=len(kept),
        overdue=store.count(states=UNSETTLED, due_before=now),
    )


def _deadlines_kept(database: Database, problem_ids: Sequence[str], due_at: DueAt) -> list[bool]:
    """Return for each problem with dated replies whether every answer came in time."""
    members = database.problems.members_of(problem_ids)
    post_ids = [member.post_id for joined in members.values() for member in joined]
    posts, analyses = database.posts.get_many(post_ids), database.analyses.get_many(post_ids)
    kept = (
        [
            at <= due_at(post, analyses.get(post.id))
            for member in joined
            if (at := (post := posts[member.post_id]).first_replied_at)
        ]
        for joined in members.values()
    )
    return [all(each) for each in kept if each]


def pressing_problems(database: Database, *, now: datetime, limit: int) -> list[Problem]:
    """Return the unsettled problems with the most of severity × age, so that grave old ones rise."""
    found = {
        problem.id: problem
        for order in ("urgency", "age")
        for problem in database.problems.list(states=UNSETTLED, order=order, limit=_CANDIDATES)
    }
    return sorted(found.values(), key=lambda problem: (-pressure(problem, now), problem.id))[:limit]


def pressure(problem: Problem, now: datetime) -> float:
    """Return severity × age: (urgency + dissatisfaction) × days since it was first seen."""
    age = max(now - problem.first_seen, timedelta()) / timedelta(days=1)
    return (problem.urgency + problem.dissatisfaction) * age
