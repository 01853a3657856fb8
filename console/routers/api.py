"""The small JSON API: search and problems. Errors are {"error": {"code", "message", …}}."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from console.coverage import gap_row
from console.searching import SearchForm
from console.timeline import lifetime
from console.view import CurrentView, View
from records.plain import plain, plain_post
from records.problem import ProblemState
from records.times import Period, day_period
from storage.query import parse_query

router = APIRouter(prefix="/api")

_EVER = datetime.min.replace(tzinfo=UTC)

Limit = Annotated[int, Field(ge=1, le=200)]
Offset = Annotated[int, Field(ge=0, le=10_000)]


class PostQuery(SearchForm):
    """The search page's parameters, with a limit."""

    limit: Limit = 20


class ProblemQuery(BaseModel):
    """Which problems, in which order. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: list[ProblemState] = []
    topic: str | None = None
    place: str | None = None
    order: Literal["urgency", "size", "newest", "age"] = "urgency"
    limit: Limit = 50
    offset: Offset = 0


class CoverageQuery(BaseModel):
    """Which days, `until` included, and which place. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: date | None = None
    until: date | None = None
    place: str | None = None

    def period(self, now: datetime, zone: ZoneInfo) -> Period:
        """Return the days asked for: up to today, and at least one."""
        today = now.astimezone(zone).date()
        last = min(self.until or today, today)
        first = min(self.since or last, last)
        return day_period(first, days=(last - first).days + 1, zone=zone)


@router.get("/posts")
def posts(view: CurrentView, query: Annotated[PostQuery, Query()]) -> dict[str, Any]:
    """One page of found posts with their analyses; `after` takes the `next_cursor` of the page before."""
    services = view.services
    # On its own first, so that the position of a mistake is that in the words sent.
    parse_query(query.q, now=view.now, zone=services.zone, segment=services.segment)
    page = services.index.search(
        query.query(),
        period=query.period(services),
        sort=query.order,
        limit=query.limit,
        after=query.after,
    )
    ids = [hit.post_id for hit in page.hits]
    found = services.database.posts.get_many(ids)
    analyses = services.database.analyses.get_many(ids)
    view.note("api_search", query.query(), f"{len(found)} posts")
    items = [
        {**plain_post(found[post_id]), "analysis": plain(analyses.get(post_id))}
        for post_id in ids
        if post_id in found
    ]
    period = query.period(services) or Period(start=_EVER, end=view.now)
    return {
        "total": page.total,
        "next_cursor": page.next_cursor,
        "coverage": _coverage(view, period, query.only_place),
        "items": items,
    }


@router.get("/coverage")
def coverage(view: CurrentView, query: Annotated[CoverageQuery, Query()]) -> dict[str, Any]:
    """Which sources that may speak of the place were not heard in which part of the days."""
    return _coverage(view, query.period(view.now, view.services.zone), query.place)


def _coverage(view: View, period: Period, place: str | None) -> dict[str, Any]:
    seen = view.seen(period, place)
    return {
        "sources": len(seen.sources),
        "note": seen.told,
        "gaps": [gap_row(gap, period) for gap in seen.gaps],
    }


@router.get("/problems")
def problems(view: CurrentView, query: Annotated[ProblemQuery, Query()]) -> dict[str, Any]:
    """One page of problems with the ids of their posts."""
    store = view.services.database.problems
    found = store.list(
        states=query.state,
        topic=query.topic,
        place=query.place,
        order=query.order,
        limit=query.limit + 1,
        offset=query.offset,
    )
    has_more, found = len(found) > query.limit, found[: query.limit]
    members = store.members_of([problem.id for problem in found])
    items = [
        {**plain(problem), "post_ids": [member.post_id for member in members.get(problem.id, [])]}
        for problem in found
    ]
    return {
        "has_more": has_more,
        "coverage": _coverage(view, lifetime(found, view.now), query.place),
        "items": items,
    }
