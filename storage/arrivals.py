"""When reports were asked and when they were first fetched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Select, func, select

from records.post import Channel
from records.times import Period
from storage import schema
from storage.dialect import reading

_POSTS = schema.posts.c
_REPORTS = tuple(channel.value for channel in Channel if channel.carries_reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One report. `arrived_at`: when it was first fetched."""

    post_id: str
    asked_at: datetime
    arrived_at: datetime


class ArrivalStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def late(self, arrived: Period, *, within: timedelta) -> list[Arrival]:
        """Return the reports that arrived in the period after they were asked, by arrival, then id.

        Those that arrived more than `within` after it are left out.
        """
        query = _of_each_source(arrived).where(_POSTS.asked_at >= arrived.start - within)
        with reading(self._engine) as connection:
            found = [
                Arrival(post_id=row.id, asked_at=row.asked_at, arrived_at=row.first_fetched_at)
                for row in connection.execute(query)
            ]
        late = [one for one in found if one.arrived_at - one.asked_at <= within]
        return sorted(late, key=lambda one: (one.arrived_at, one.post_id))


def _of_each_source(arrived: Period) -> Select[Any]:
    # From source to source along the index of source and arrival: no other row is read.
    sources = select(func.min(_POSTS.source).label("source")).cte("sources", recursive=True)
    following = select(func.min(_POSTS.source)).where(_POSTS.source > sources.c.source).scalar_subquery()
    sources = sources.union_all(select(following).where(sources.c.source.is_not(None)))
    return (
        select(_POSTS.id, _POSTS.asked_at, _POSTS.first_fetched_at)
        .select_from(sources.join(schema.posts, _POSTS.source == sources.c.source))
        .where(
            _POSTS.first_fetched_at >= arrived.start,
            _POSTS.first_fetched_at < arrived.end,
            _POSTS.first_fetched_at > _POSTS.asked_at,
            _POSTS.channel.in_(_REPORTS),
        )
    )
