"""Two periods beside each other: what people asked for more often than before, and what less."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from alerts.comparing import FIELDS, ComparedBy, Comparison, compare_periods
from alerts.reading import Reading
from alerts.two_periods import two_periods
from console.compared import say_how_to_read, say_left_out, say_total
from console.searching import Day
from console.view import CurrentView, View
from records.errors import Rejected
from storage.query import QueryError

router = APIRouter(prefix="/compare")

# Rows of one screen; the weakest changes come last.
SHOWN = 50


class CompareForm(BaseModel):
    """The page's parameters; what is empty is the usual of alerts.two_periods. Unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: ComparedBy = "topic"
    q: Annotated[str, Field(max_length=2000)] = ""
    since: Day = None
    until: Day = None
    with_since: Day = None
    with_until: Day = None
    year_before: bool = False
    lang: str | None = None


@router.get("")
def comparison(view: CurrentView, form: Annotated[CompareForm, Query()]) -> Response:
    """The comparison; what cannot be compared is said beside the form, as a 400."""
    try:
        found = _compare(view, form)
    except Rejected as err:
        kind = "query_error" if isinstance(err, QueryError) else "two_periods_error"
        return view.page("compare.html", status=400, form=form, fields=FIELDS, error=err, error_kind=kind)
    zone = view.services.zone
    return view.page(
        "compare.html",
        form=form,
        fields=FIELDS,
        error=None,
        found=found,
        shown=found.rows[:SHOWN],
        most=max((max(one.now, one.expected) for one in found.rows), default=0),
        told=(say_total(found, view.gettext), say_left_out(found, view.gettext)),
        how_to_read=say_how_to_read(view.gettext),
        seen=[(days, view.seen(days.period(zone))) for days in (found.periods.before, found.periods.now)],
    )


def _compare(view: View, form: CompareForm) -> Comparison:
    services = view.services
    periods = two_periods(
        since=form.since,
        until=form.until,
        with_since=form.with_since,
        with_until=form.with_until,
        year_before=form.year_before,
        today=view.now.astimezone(services.zone).date(),
    )
    coverage = view.frame.coverage.look(view.now)
    return compare_periods(
        Reading(services.index), coverage, form.by, periods, query=form.q, zone=services.zone
    )
