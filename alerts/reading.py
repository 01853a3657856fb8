"""What rules read: the truth and the index, the present ones or those of a past moment (alerts.past)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Protocol

from records.analysis import Analysis
from records.post import Post
from records.problem import Membership, Problem
from records.query import GroupSeries, Interval, SearchPage, SortOrder
from records.times import Period


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


class Reading(Protocol):
    """The part of storage.search.SearchIndex that rules ask; what it promises holds here."""

    def count(self, query: str = "", *, period: Period | None = None) -> int: ...

    def search(
        self,
        query: str = "",
        *,
        period: Period | None = None,
        sort: SortOrder = SortOrder.RELEVANCE,
        limit: int = 20,
        after: str | None = None,
    ) -> SearchPage: ...

    def group_counts(
        self,
        query: str,
        by: Sequence[str],
        *,
        period: Period,
        interval: Interval | None = None,
        zone: tzinfo | None = None,
        limit: int = 10_000,
    ) -> list[GroupSeries]: ...
