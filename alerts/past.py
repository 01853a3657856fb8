"""The truth as it stood at a past moment, by the data's own times.

A report is there from when it was asked, one that came late from when it came; an answer from when it is
dated, always where it has no date. What was made of the reports (topics, places, which belong together) is as
it is known today.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from nlp.summary import summarise
from records.analysis import Analysis
from records.post import Post
from records.problem import DueAt, Membership, Problem
from storage.arrivals import Arrival
from storage.database import Database

# Of each kind of thing; 100,000 posts of 400 characters take about 250 MB.
MOST_KEPT = 100_000
Value = TypeVar("Value")


@dataclass(slots=True)
class Clock:
    """The moment that is being tried out. Called, it tells it: relative dates in filters count from there."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


class Gathered:
    """Which reports were there at the moment tried out: those that came late are not before they came."""

    def __init__(self, late: Sequence[Arrival], clock: Clock) -> None:
        self.clock = clock
        self._late = late
        self._arrived = {one.post_id: one.arrived_at for one in late}
        self._times = [one.arrived_at for one in late]

    def has(self, post_id: str) -> bool:
        arrived_at = self._arrived.get(post_id)
        return arrived_at is None or arrived_at < self.clock.now

    def between(self, start: datetime, end: datetime) -> Sequence[Arrival]:
        """Return those that came from `start` until `end`, by arrival."""
        return self._late[bisect_left(self._times, start) : bisect_left(self._times, end)]


class _Kept(Generic[Value]):
    """Things by id, each fetched once for all the moments that ask for it."""

    def __init__(self, fetch: Callable[[list[str]], dict[str, Value]]) -> None:
        self._fetch = fetch
        self._known: dict[str, Value | None] = {}

    def get_many(self, ids: Iterable[str]) -> dict[str, Value]:
        wanted = list(dict.fromkeys(ids))
        if len(self._known) > MOST_KEPT:
            self._known.clear()
        missing = [one for one in wanted if one not in self._known]
        if missing:
            found = self._fetch(missing)
            self._known.update((one, found.get(one)) for one in missing)
        return {one: value for one in wanted if (value := self._known[one]) is not None}


class PastTruth:
    """The truth at the moment of `clock`. Nothing can be written by way of it."""

    def __init__(self, database: Database, gathered: Gathered, *, due_at: DueAt) -> None:
        self.posts = PastPosts(database, gathered)
        self.analyses: _Kept[Analysis] = _Kept(database.analyses.get_many)
        self.problems = PastProblems(database, self.posts, self.analyses, due_at=due_at)


class PastPosts:
    """Posts that had been asked, with the answers they had."""

    def __init__(self, database: Database, gathered: Gathered) -> None:
        self._kept: _Kept[Post] = _Kept(database.posts.get_many)
        self._gathered = gathered

    def get_many(self, post_ids: Iterable[str]) -> dict[str, Post]:
        now = self._gathered.clock.now
        found = self._kept.get_many(filter(self._gathered.has, post_ids))
        return {key: _as_it_was(post, now) for key, post in found.items() if post.asked_at < now}


def _as_it_was(post: Post, now: datetime) -> Post:
    """Return the post with the answers before `now`; what its state was before the others is not known."""
    replies = tuple(one for one in post.replies if one.replied_at is None or one.replied_at < now)
    return post if len(replies) == len(post.replies) else replace(post, replies=replies, status=None)


class PastProblems:
    """Problems as their reports of the time make them; those without any were not there."""

    def __init__(
        self, database: Database, posts: PastPosts, analyses: _Kept[Analysis], *, due_at: DueAt
    ) -> None:
        self._members: _Kept[list[Membership]] = _Kept(database.problems.members_of)
        self._problem_ids: _Kept[str] = _Kept(database.problems.problem_ids_of)
        self._posts = posts
        self._analyses = analyses
        self._due_at = due_at
        self._made: dict[str, tuple[tuple[int, int], Problem]] = {}

    def members_of(self, problem_ids: Sequence[str]) -> dict[str, list[Membership]]:
        return self._members.get_many(problem_ids)

    def problem_ids_of(self, post_ids: Iterable[str]) -> dict[str, str]:
        return self._problem_ids.get_many(post_ids)

    def get_many(self, problem_ids: Iterable[str]) -> dict[str, Problem]:
        members = self._members.get_many(problem_ids)
        posts = self._posts.get_many(one.post_id for found in members.values() for one in found)
        self._analyses.get_many(posts)  # at once, for all the summaries
        problems = {}
        for problem_id, found in members.items():
            reports = [posts[one.post_id] for one in found if one.post_id in posts]
            if reports:
                problems[problem_id] = self._summary(problem_id, reports, found)
        return problems

    def _summary(self, problem_id: str, reports: list[Post], members: list[Membership]) -> Problem:
        """Return the problem, made anew only when a report or an answer has come since."""
        known = (len(reports), sum(len(post.replies) for post in reports))
        kept = self._made.get(problem_id)
        if kept is not None and kept[0] == known:
            return kept[1]
        analyses = self._analyses.get_many(post.id for post in reports)
        there = {post.id for post in reports}
        made = summarise(
            problem_id,
            reports,
            analyses,
            [one for one in members if one.post_id in there],
            due_at=self._due_at,
        )
        self._made[problem_id] = (known, made)
        return made
