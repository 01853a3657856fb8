"""Problems: what is wrong where, however many people said so."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from console.regrouping import Regrouping
from console.security import CSRF_FIELD
from console.timeline import lifetime, report_days, timeline
from console.view import CurrentView, View, link
from records.errors import Rejected
from records.problem import Decision, DecisionKind, ProblemState

router = APIRouter(prefix="/problems")

PAGE_SIZE = 30

Token = Annotated[str, Form(alias=CSRF_FIELD)]


@router.get("")
def listing(
    view: CurrentView,
    state: ProblemState | None = None,
    topic: str = "",
    place: str = "",
    order: Literal["urgency", "size", "newest", "age"] = "urgency",
    page: int = 1,
) -> Response:
    """The problems of one state, topic or place."""
    states = [state] if state else []
    start = (max(page, 1) - 1) * PAGE_SIZE
    store = view.services.database.problems
    found = store.list(
        states=states,
        topic=topic or None,
        place=place or None,
        order=order,
        limit=PAGE_SIZE + 1,
        offset=start,
    )
    return view.page(
        "problems.html",
        problems=found[:PAGE_SIZE],
        totals={each: store.count(states=[each]) for each in ProblemState},
        filters={"state": state.value if state else "", "topic": topic, "place": place, "order": order},
        states=list(ProblemState),
        page=max(page, 1),
        has_more=len(found) > PAGE_SIZE,
        coverage=view.seen(lifetime(found, view.now), place),
    )


@router.get("/{problem_id}")
def detail(
    view: CurrentView, problem_id: str, done: DecisionKind | None = None, undone: int | None = None
) -> Response:
    """One problem: its reports and answers in order of time, why each joined, what people decided on it."""
    database = view.services.database
    problem = database.problems.get(problem_id)
    if problem is None:
        if (heir := database.problems.successor(problem_id)) != problem_id:
            return RedirectResponse(link(f"/problems/{heir}", **view.request.query_params), status_code=303)
        raise Rejected("unknown_problem", f'problem "{problem_id}": not stored here (see /problems)')
    members = database.problems.members(problem_id)
    posts = database.posts.get_many(member.post_id for member in members)
    return view.page(
        "problem.html",
        problem=problem,
        events=timeline(members, posts),
        days=report_days(members, posts, zone=view.services.zone),
        decisions=database.problems.decisions(problem_id=problem_id),
        done=done,
        undone=undone,
        coverage=view.seen(lifetime([problem], view.now), problem.place),
    )


@router.post("/{problem_id}/split")
def split(
    view: CurrentView,
    problem_id: str,
    post_id: Annotated[list[str] | None, Form()] = None,
    form_token: Token = "",
) -> Response:
    """Make a problem of its own of the chosen reports, then show it."""
    view.frame.guard.check(view.request, form_token)
    decision = _regrouping(view).split(post_id or [], now=view.now)
    _record(view, "problem_split", decision)
    return RedirectResponse(link(f"/problems/{decision.other_id}", done="split"), status_code=303)


@router.post("/{problem_id}/merge")
def merge(
    view: CurrentView, problem_id: str, other: Annotated[str, Form()] = "", form_token: Token = ""
) -> Response:
    """Put the reports of another problem, given by its id or the address of its page, into this one."""
    view.frame.guard.check(view.request, form_token)
    ended = other.strip().partition("?")[0].rstrip("/").rpartition("/")[2]
    decision = _regrouping(view).merge(problem_id, ended, now=view.now)
    _record(view, "problem_merge", decision)
    return RedirectResponse(link(f"/problems/{decision.problem_id}", done="merge"), status_code=303)


@router.post("/{problem_id}/undo")
def undo(
    view: CurrentView, problem_id: str, number: Annotated[int, Form()], form_token: Token = ""
) -> Response:
    """Take a decision back, then show the problem that keeps its id."""
    view.frame.guard.check(view.request, form_token)
    decision = _regrouping(view).undo(number, now=view.now)
    _record(view, "problem_undo", decision)
    return RedirectResponse(link(f"/problems/{decision.problem_id}", undone=number), status_code=303)


def _regrouping(view: View) -> Regrouping:
    return Regrouping(database=view.services.database, due_at=view.services.due_at)


def _record(view: View, action: str, decision: Decision) -> None:
    view.note(action, decision.problem_id, f"{decision.other_id} #{decision.id}")
