"""The problems and alerts of the invented town."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from records.alert import Alert, AlertState
from records.post import Post
from records.problem import Membership, Outcome, Problem, ProblemState
from tests.console.town_posts import NOW

WATER, WAGES, HOLE, FIXED = "pwater", "pwages", "phole", "pfixed"
WATER_ALERT, WAGES_ALERT, OLD_ALERT = "awater", "awages", "aold"


def memberships(posts: Sequence[Post]) -> list[Membership]:
    homes = {"water": WATER, "wages": WAGES, "hole": HOLE, "light": FIXED}
    return [
        Membership(
            post_id=post.id,
            problem_id=homes[kind],
            score=1.0 if post.native_id.endswith(("-0", "-1")) else 0.82,
            reason="第一件反映" if post.native_id.endswith("-0") else "同在南门街道，都说停水",
            copy_of="case/wages-0" if post.id == "case/wages-1" else None,
        )
        for post in posts
        if (kind := post.native_id.split("-")[0]) in homes
    ]


def all_problems(posts: Sequence[Post]) -> list[Problem]:
    def problem(problem_id: str, prefix: str, **values: object) -> Problem:
        mine = [post for post in posts if post.native_id.startswith(prefix)]
        defaults = {
            "id": problem_id,
            "title": mine[0].title,
            "topic": "城乡建设",
            "place": mine[0].place,
            "department": None,
            "first_seen": min(post.asked_at for post in mine),
            "last_seen": max(post.asked_at for post in mine),
            "n_posts": len(mine),
            "n_voices": len(mine),
            "state": ProblemState.OPEN,
        }
        return Problem(**(defaults | values))  # type: ignore[arg-type]  # a test's shorthand

    return [
        problem(
            WATER,
            "water",
            urgency=2,
            dissatisfaction=0.8,
            department="市供水公司",
            due_at=NOW + timedelta(days=1),
        ),
        problem(
            WAGES,
            "wages",
            n_voices=1,
            urgency=2,
            dissatisfaction=0.9,
            topic="劳动和社会保障",
            department="城东区人社局",
            due_at=NOW - timedelta(days=11),
        ),
        problem(
            HOLE,
            "hole",
            urgency=1,
            state=ProblemState.REOPENED,
            department="市城市管理局",
            dissatisfaction=0.5,
        ),
        problem(
            FIXED, "light", state=ProblemState.CLOSED, outcome=Outcome.FIXED, due_at=NOW - timedelta(days=6)
        ),
    ]


def all_alerts(posts: Sequence[Post]) -> list[Alert]:
    water = tuple(post.id for post in posts if post.native_id.startswith("water"))
    return [
        _alert(
            WATER_ALERT,
            "停水成片",
            1,
            labels={"place": "南门街道", "topic": "城乡建设"},
            explanation="南门街道一天内收到6件停水来件（6个独立反映），平常约0.3件；其中6件提到断水，4件提到老人。",
            problem_ids=(WATER,),
            post_ids=water,
        ),
        _alert(
            WAGES_ALERT,
            "欠薪久拖",
            2,
            labels={"problem": WAGES, "department": "城东区人社局"},
            explanation="“工地拖欠工资半年”自2月22日起26天没有答复，已超期11天，城东区人社局应答复。",
            problem_ids=(WAGES,),
            post_ids=("case/wages-0", "case/wages-1"),
        ),
        _alert(
            OLD_ALERT,
            "路灯",
            4,
            labels={"place": "湖滨区"},
            explanation="湖滨区一周内3件路灯来件，平常约1件。",
            state=AlertState.RESOLVED,
        ),
    ]


def _alert(
    alert_id: str,
    rule: str,
    severity: int,
    *,
    labels: dict[str, str],
    explanation: str,
    state: AlertState = AlertState.ACTIVE,
    problem_ids: tuple[str, ...] = (),
    post_ids: tuple[str, ...] = (),
) -> Alert:
    return Alert(
        id=alert_id,
        rule=rule,
        labels=labels,
        severity=severity,
        state=state,
        fired_at=NOW - timedelta(hours=severity),
        updated_at=NOW - timedelta(minutes=30),
        value=6,
        expected=0.3 if severity == 1 else None,
        explanation=explanation,
        raised_at=NOW - timedelta(hours=severity),
        raised_value=6,
        problem_ids=problem_ids,
        post_ids=post_ids,
    )
