"""The rules: their heartbeat and versions; an edited or new one is tried out, then put into force."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from alerts.backtest import local_day
from alerts.durations import parse_duration
from alerts.explain import condition
from alerts.new_rules import SearchRule, SearchRuleType
from alerts.rule_book import differences
from alerts.rule_types import Rule
from console.security import CSRF_FIELD
from console.trial_words import agreement_told, part_names
from console.trials import SPANS_DAYS, try_draft
from console.view import ACTOR, CurrentView, View, link
from records.errors import Rejected
from records.run import RunKind

router = APIRouter(prefix="/rules")

Token = Annotated[str, Form(alias=CSRF_FIELD)]


@router.get("")
def heartbeat(view: CurrentView) -> Response:
    """The rules with their newest runs, and the files that cannot be read."""
    found = view.services.rules.load()
    return view.page(
        "rules.html",
        rules=found.rules,
        errors=found.errors,
        runs=view.services.database.runs.latest(RunKind.RULE),
    )


@router.get("/versions")
def versions(
    view: CurrentView, rule: str, first: int | None = None, second: int | None = None, made: int | None = None
) -> Response:
    """The versions of one rule, newest first, and what differs between two: by default the newest ones."""
    book = view.services.rules
    book.notice(book.load(), now=view.now)
    kept = book.database.rule_versions.list(rule)
    newest = kept[0].number
    shown = [
        book.database.rule_versions.get(rule, number)
        for number in (first or max(newest - 1, 1), second or newest)
    ]
    return view.page(
        "rule_versions.html",
        rule=rule,
        live=book.live(rule),
        condition=condition,
        versions=kept,
        first=shown[0],
        second=shown[1],
        lines=differences(*shown),
        made=made,
    )


@router.get("/draft")
def draft(view: CurrentView, rule: str = "", version: int | None = None) -> Response:
    """The YAML of a rule, or of one of its versions, to be edited and tried out; without a name a new one."""
    if not rule:
        return _page(view, SearchRule(name="新规则", query="停水 OR 断水").text(), base="")
    book = view.services.rules
    book.notice(book.load(), now=view.now)
    kept = book.database.rule_versions.list(rule)
    number = next((one.number for one in kept if one.text), 0) if version is None else version
    return _page(view, book.text_of(rule, number), base=rule)


@router.get("/draft/search")
def draft_of_search(
    view: CurrentView,
    search: str,
    type: SearchRuleType = SearchRuleType.ANY,
    timeframe: str = "24h",
    num_events: int = 3,
) -> Response:
    """The YAML of the rule that a kept search makes."""
    kept = view.services.database.saved_searches.get(search)
    try:
        length = parse_duration(timeframe)
    except ValueError as err:
        raise Rejected("bad_parameter", f"timeframe: {err}") from err
    made = SearchRule(name=kept.name, query=kept.query, type=type, timeframe=length, num_events=num_events)
    return _page(view, made.text(), base="")


@router.post("/draft")
def try_out(
    view: CurrentView,
    text: Annotated[str, Form()],
    base: Annotated[str, Form()] = "",
    days: Annotated[int, Form(ge=1, le=366)] = SPANS_DAYS[1],
    hourly: Annotated[bool, Form()] = False,
    form_token: Token = "",
) -> Response:
    """What the rule would have said; nothing goes live by it."""
    view.frame.guard.check(view.request, form_token)
    try:
        rule = _read(view, text, base)
        shown = try_draft(view.services, rule, days=days, hourly=hourly, now=view.now)
    except Rejected as err:
        return _page(view, text, base=base, days=days, error=str(err))
    view.services.rules.note_trial(shown.trial, by=ACTOR, now=view.now)
    return _page(view, text, base=base, days=days, hourly=hourly, shown=shown)


@router.post("")
def change(
    view: CurrentView,
    text: Annotated[str, Form()],
    why: Annotated[str, Form()] = "",
    base: Annotated[str, Form()] = "",
    how: Annotated[Literal["tried", "forced"], Form()] = "tried",
    form_token: Token = "",
) -> Response:
    """Put the rule into force as a new version; the next round runs it."""
    view.frame.guard.check(view.request, form_token)
    try:
        _read(view, text, base)
        made = view.services.rules.change(
            text, reason=why, by=ACTOR, now=view.now, forced=how == "forced", must_be_new=not base
        )
    except Rejected as err:
        return _page(view, text, base=base, error=str(err))
    return RedirectResponse(link("/rules/versions", rule=made.rule, made=made.number), status_code=303)


def _read(view: View, text: str, base: str) -> Rule:
    rule = view.services.rules.read(text)
    if base and rule.name != base:
        raise Rejected(
            "other_name",
            f'name: "{rule.name}" is not "{base}" (a rule keeps its name; make another one anew)',
        )
    return rule


def _page(view: View, text: str, *, base: str, error: str = "", **shown: Any) -> Response:
    context = {"days": SPANS_DAYS[1], "hourly": False, "shown": None, **shown}
    return view.page(
        "rule_draft.html",
        status=400 if error else 200,
        text=text,
        base=base,
        error=error,
        spans=SPANS_DAYS,
        part_names=part_names(view.gettext),
        agreement_told=lambda found: agreement_told(found, view.gettext),
        local_day=lambda one: local_day(one, view.services.zone),
        **context,
    )
