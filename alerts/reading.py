"""What rules see: the truth and the index, the present ones or those of a past moment (alerts.past)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

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
# Engines give up at 65,000 buckets; a key of two fields has its own and, at worst, one of its first field.
MOST_BUCKETS = 60_000
BUCKETS_OF_A_KEY = 2
WIDTHS = {Interval.DAY: timedelta(days=1), Interval.HOUR: timedelta(hours=1)}
_ALL = GroupSeries(key={}, total=0)


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
    limit: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Counts (n_keys, n_bins) of the keys that have any, by value of the fields asked for."""

    keys: Sequence[Mapping[str, str]]
    counts: NDArray[np.int32]


class Reading:
    """What rules ask of an index."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index

    def counts(self, question: Question) -> list[GroupSeries]:
        """Return what storage.search.SearchIndex.group_counts promises."""
        return self._ask(question)

    def _ask(self, question: Question) -> list[GroupSeries]:
        return self._index.group_counts(
            question.query,
            question.by,
            period=question.period,
            interval=question.interval,
            zone=question.zone,
            limit=question.limit,
        )

    def table(self, question: Question) -> Table:
        """Return what `counts` would, of a question whose bins are of one width and begin with its period.

        It is asked in parts, few enough bins at once for the keys that there are.
        """
        known = self._ask(replace(question, interval=None, zone=None)) if question.by else [_ALL]
        rows = {tuple(one.key.values()): row for row, one in enumerate(known)}
        width, start = WIDTHS[question.interval or Interval.DAY], question.period.start
        n_bins = question.period.length // width
        counts = np.zeros((len(known), n_bins), dtype=np.int32)
        at_once = max(MOST_BUCKETS // max(len(known), 1) - BUCKETS_OF_A_KEY, 1)
        for first in range(0, n_bins if known else 0, at_once):
            last = min(first + at_once, n_bins)
            part = Period(start=start + first * width, end=start + last * width)
            for one in self._ask(replace(question, period=part, limit=MOST_BUCKETS)):
                row = rows.get(tuple(one.key.values()))
                if row is not None:
                    counts[row, first:last] = one.counts
        return Table(keys=[one.key for one in known], counts=counts)

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


class OneRound(Reading):
    """An index for one round of rules, which is asked each question once: many count and find the same."""

    def __init__(self, index: SearchIndex) -> None:
        super().__init__(index)
        self._known: dict[Question, list[GroupSeries]] = {}
        self._tables: dict[Question, Table] = {}
        self._found: dict[tuple[str, Period], list[str]] = {}

    def table(self, question: Question) -> Table:
        if question not in self._tables:
            self._tables[question] = super().table(question)
        return self._tables[question]

    def newest(self, query: str, period: Period) -> list[str]:
        if (query, period) not in self._found:
            self._found[query, period] = super().newest(query, period)
        return self._found[query, period]

    def _ask(self, question: Question) -> list[GroupSeries]:
        if question not in self._known:
            self._known[question] = super()._ask(question)
        return self._known[question]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that a rule looks at and goes by."""

    truth: Truth
    index: Reading
    zone: ZoneInfo
    deadlines: Deadlines
    coverage: Coverage
