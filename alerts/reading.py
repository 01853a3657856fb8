"""What rules see: the truth and the index, the present ones or those of a past moment (alerts.past)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage
from alerts.deadlines import Deadlines
from records.analysis import Analysis
from records.post import Post
from records.problem import Membership, Problem
from records.query import GroupSeries, Interval, SortOrder
from records.times import Period
from storage.search import SearchIndex

# An alert's evidence; past this many a person searches instead.
MOST_POSTS = 500
# Posts looked at one by one in one run of a rule, oldest first.
MOST_READ = 20_000
_PAGE = 1000


class Posts(Protocol):
    def get_many(self, post_ids: Iterable[str]) -> dict[str, Post]: ...


class Analyses(Protocol):
    def get_many(self, post_ids: Iterable[str]) -> dict[str, Analysis]: ...


class Problems(Protocol):
    def get_many(self, problem_ids: Iterable[str]) -> dict[str, Problem]: ...

    def members_of(self, problem_ids: Sequence[str]) -> dict[str, list[Membership]]: ...

    def problem_ids_of(self, post_ids: Iterable[str]) -> dict[str, str]: ...


class Truth(Protocol):
    """The part of storage.database.Database that rules look things up in."""

    @property
    def posts(self) -> Posts: ...

    @property
    def analyses(self) -> Analyses: ...

    @property
    def problems(self) -> Problems: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """How many posts of the period the query finds: by value of the fields `by`, and by interval if given."""

    query: str
    period: Period
    by: tuple[str, ...] = ()
    interval: Interval | None = None
    zone: tzinfo | None = None


class Reading:
    """What rules ask of an index."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    def counts(self, question: Question) -> list[GroupSeries]:
        """Return what storage.search.SearchIndex.group_counts promises."""
        return self._index.group_counts(
            question.query,
            question.by,
            period=question.period,
            interval=question.interval,
            zone=question.zone,
        )

    def newest(self, query: str, period: Period) -> list[str]:
        """Return the ids of what is found, newest first, at most MOST_POSTS."""
        page = self._index.search(query, period=period, sort=SortOrder.NEWEST, limit=MOST_POSTS)
        return [hit.post_id for hit in page.hits]

    def pages(self, query: str, period: Period) -> Iterator[list[str]]:
        """Yield the ids of what is found, oldest first, at most MOST_READ."""
        cursor = None
        for _ in range(0, MOST_READ, _PAGE):
            page = self._index.search(query, period=period, sort=SortOrder.OLDEST, limit=_PAGE, after=cursor)
            if page.hits:
                yield [hit.post_id for hit in page.hits]
            cursor = page.next_cursor
            if cursor is None:
                return


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that a rule looks at and goes by."""

    truth: Truth
    index: Reading
    zone: ZoneInfo
    deadlines: Deadlines
    coverage: Coverage
