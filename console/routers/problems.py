"""Problems: what is wrong where, however many people said so."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from console.timeline import report_days, timeline
from console.view import CurrentView
from records.errors import Rejected
from records.problem import ProblemState

router = APIRouter(prefix="/problems")

PAGE_SIZE = 30


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
        coverage=view.coverage,
    )


@router.get("/{problem_id}")
def detail(view: CurrentView, problem_id: str) -> Response:
    """One problem: its reports and answers in order of time, and why each report joined."""
    database = view.services.database
    problem = database.problems.get(problem_id)
    if problem is None:
        raise Rejected("unknown_problem", f'problem "{problem_id}": not stored here (see /problems)')
    members = database.problems.members(problem_id)
    posts = database.posts.get_many(member.post_id for member in members)
    return view.page(
        "problem.html",
        problem=problem,
        events=timeline(members, posts),
        days=report_days(members, posts, zone=view.services.zone),
        coverage=view.coverage,
    )
