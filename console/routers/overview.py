"""The first page: what today looks like, and whether anything was blind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from console.figures import TREND_DAYS, TrendBar, pressing_problems, trend
from console.view import CurrentView, View
from records.alert import AlertState
from records.errors import Retryable
from records.post import Channel
from records.query import SortOrder
from records.times import day_period

router = APIRouter()

# As many as fit beside each other on one screen.
TOP_ALERTS, TOP_PROBLEMS = 6, 8


@router.get("/")
def overview(view: CurrentView, date: date | None = None) -> Response:
    """The numbers of one day, today unless asked otherwise."""
    services = view.services
    today = view.now.astimezone(services.zone).date()
    day = min(date or today, today)
    period = day_period(day, zone=services.zone)
    database = services.database
    bins = _trend(view, day)
    return view.page(
        "overview.html",
        day=day,
        today=today,
        yesterday=day - timedelta(days=1),
        tomorrow=day + timedelta(days=1),
        report_channels=[channel.value for channel in Channel if channel.carries_reports],
        counts=database.posts.service_counts(period, now=view.now),
        on_time=view.frame.on_time.look(view.now),
        trend=bins,
        trend_days=TREND_DAYS,
        latest=_latest_day(view) if bins and not any(bar.asked for bar in bins) else None,
        problems=pressing_problems(database, now=view.now, limit=TOP_PROBLEMS),
        alerts=database.alerts.list(states=[AlertState.ACTIVE], limit=TOP_ALERTS),
        coverage=view.seen(period),
    )


def _trend(view: View, day: date) -> Sequence[TrendBar]:
    """Return the days up to `day`, none where search does not answer."""
    try:
        return trend(view.services.index, day, zone=view.services.zone)
    except Retryable:
        return ()


def _latest_day(view: View) -> date | None:
    """Return the local day of the newest post, None where nothing is stored."""
    found = view.services.index.search("", sort=SortOrder.NEWEST, limit=1).hits
    post = view.services.database.posts.get(found[0].post_id) if found else None
    return post.asked_at.astimezone(view.services.zone).date() if post else None
