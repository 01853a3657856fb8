"""The alert queue, and one alert with what stands behind it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from alerts.announce import Desk, situation_of
from alerts.explain import condition
from alerts.handling import office_named
from alerts.planning import held_back
from console.alert_query import alert_query, rule_filter
from console.feeds import feed_response, feed_version
from console.security import CSRF_FIELD
from console.trials import policy_of
from console.view import CurrentView, link
from records.alert import Alert, AlertState, Verdict
from records.errors import Rejected
from records.problem import Problem
from records.times import Period

router = APIRouter(prefix="/alerts")

Token = Annotated[str, Form(alias=CSRF_FIELD)]
PAGE_SIZE = 30
# As many as a feed reader shows.
FEED_ALERTS = 50
# An alert on a whole district can name thousands; its query lists the rest.
SHOWN_POSTS = 50
# The shipped rules count over a day and more.
COUNTED = timedelta(days=1)


@router.get("")
def queue(
    view: CurrentView,
    state: AlertState = AlertState.ACTIVE,
    page: int = 1,
    done: AlertState | None = None,
    verdict: Verdict | None = None,
) -> Response:
    """One state's alerts, most severe first."""
    store = view.services.database.alerts
    start = (max(page, 1) - 1) * PAGE_SIZE
    found = store.list(states=[state], limit=PAGE_SIZE + 1, offset=start)
    return view.page(
        "alerts.html",
        state=state,
        states=list(AlertState),
        alerts=found[:PAGE_SIZE],
        page=max(page, 1),
        has_more=len(found) > PAGE_SIZE,
        done=done,
        verdict=verdict,
        coverage=view.coverage,
    )


@router.get("/feed.rss")
def feed(view: CurrentView, severity: int = 5) -> Response:
    """The unresolved alerts of this severity or graver as an RSS feed, newest first; none that is held."""
    services = view.services
    desk = Desk(
        database=services.database,
        rules=services.rules.load(),
        policy=policy_of(services),
        zone=services.zone,
    )
    situation = situation_of(desk, now=view.now)
    told = [
        alert
        for alert in situation.standing
        if alert.severity <= severity and held_back(alert, situation) is None
    ]
    newest = sorted(told, key=lambda alert: (alert.raised_at, alert.id), reverse=True)[:FEED_ALERTS]
    base = str(view.request.base_url).rstrip("/")
    body = view.render("alerts_feed.rss", alerts=newest, base=base)
    version = feed_version(body, [alert.updated_at for alert in newest] or [view.now])
    return feed_response(body, version, view.request.headers)


@router.get("/{alert_id}")
def detail(view: CurrentView, alert_id: str) -> Response:
    """One alert with its problems, its posts and the query that gives them."""
    alert = _alert(view, alert_id)
    database = view.services.database
    problems = database.problems.get_many(map(database.problems.successor, alert.problem_ids))
    posts = database.posts.get_many(alert.post_ids[:SHOWN_POSTS])
    return view.page(
        "alert.html",
        alert=alert,
        rule=view.services.rules.live(alert.rule),
        condition=condition,
        problems=list(problems.values()),
        posts=list(posts.values()),
        ways=view.services.telling(alert),
        silencing=_matchers(alert),
        offices=_offices(alert, problems.values()),
        query=alert_query(alert, rule_filter(view.services.rules.folder, alert.rule)),
        coverage=view.seen(Period(start=alert.fired_at - COUNTED, end=view.now), alert.labels.get("place")),
    )


@router.post("/{alert_id}")
def set_state(
    view: CurrentView, alert_id: str, state: Annotated[AlertState, Form()], form_token: Token = ""
) -> Response:
    """Acknowledge, resolve or take up again, then show the queue it came from."""
    view.frame.guard.check(view.request, form_token)
    before = _alert(view, alert_id)
    view.services.database.alerts.set_state(alert_id, state, now=view.now)
    view.note("alert_state", alert_id, f"{before.state} → {state}")
    return _back_to(before, done=state.value)


@router.post("/{alert_id}/assign")
def assign(
    view: CurrentView, alert_id: str, office: Annotated[str, Form()], form_token: Token = ""
) -> Response:
    """Assign to the office that owes the answer, then show the queue it came from."""
    view.frame.guard.check(view.request, form_token)
    before, name = _alert(view, alert_id), office_named(office)
    view.services.database.alerts.assign(alert_id, name, now=view.now)
    view.note("assign_alert", alert_id, name)
    return _back_to(before, done=AlertState.ASSIGNED.value)


@router.post("/{alert_id}/verdict")
def judge(
    view: CurrentView, alert_id: str, verdict: Annotated[Verdict, Form()], form_token: Token = ""
) -> Response:
    """Say what the alert was found to be, then show the queue it came from."""
    view.frame.guard.check(view.request, form_token)
    before = _alert(view, alert_id)
    view.services.database.alerts.judge(alert_id, verdict, now=view.now)
    view.note("judge_alert", alert_id, verdict.value)
    return _back_to(before, verdict=verdict.value)


def _back_to(before: Alert, **done: str) -> Response:
    return RedirectResponse(link("/alerts", state=before.state.value, **done), status_code=303)


def _matchers(alert: Alert) -> str:
    """Return what a silence of alerts like this one would match, as its form takes it."""
    labels = {"rule": alert.rule, **{name: alert.labels[name] for name in alert.labels if name != "problem"}}
    stated = [f"{name}={value}" for name, value in labels.items()]
    return " ".join(shlex.quote(part) if " " in part else part for part in stated)


def _offices(alert: Alert, problems: Iterable[Problem]) -> list[str]:
    """Return the offices that the alert is about, to choose from."""
    named = [alert.labels.get("department"), *(problem.department for problem in problems)]
    return list(dict.fromkeys(office for office in named if office))


def _alert(view: CurrentView, alert_id: str) -> Alert:
    alert = view.services.database.alerts.get(alert_id)
    if alert is None:
        raise Rejected("unknown_alert", f'alert "{alert_id}": not stored here (see /alerts)')
    return alert
