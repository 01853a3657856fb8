"""The alert queue, and one alert with what stands behind it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from console.alert_query import alert_query, rule_filter
from console.security import CSRF_FIELD
from console.view import CurrentView, link
from records.alert import Alert, AlertState
from records.errors import Rejected

router = APIRouter(prefix="/alerts")

PAGE_SIZE = 30
# An alert on a whole district can name thousands; its query lists the rest.
SHOWN_POSTS = 50


@router.get("")
def queue(
    view: CurrentView, state: AlertState = AlertState.ACTIVE, page: int = 1, done: AlertState | None = None
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
        coverage=view.coverage,
    )


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
        problems=list(problems.values()),
        posts=list(posts.values()),
        query=alert_query(alert, rule_filter(view.services.rules_dir, alert.rule)),
        coverage=view.coverage,
    )


@router.post("/{alert_id}")
def set_state(
    view: CurrentView,
    alert_id: str,
    state: Annotated[AlertState, Form()],
    form_token: Annotated[str, Form(alias=CSRF_FIELD)] = "",
) -> Response:
    """Acknowledge, resolve or take up again, then show the queue it came from."""
    view.frame.guard.check(view.request, form_token)
    before = _alert(view, alert_id)
    view.services.database.alerts.set_state(alert_id, state, now=view.now)
    view.note("alert_state", alert_id, f"{before.state} → {state}")
    return RedirectResponse(link("/alerts", state=before.state.value, done=state.value), status_code=303)


def _alert(view: CurrentView, alert_id: str) -> Alert:
    alert = view.services.database.alerts.get(alert_id)
    if alert is None:
        raise Rejected("unknown_alert", f'alert "{alert_id}": not stored here (see /alerts)')
    return alert
