"""Search: words, facets, time, and the whole result as a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from console.exports import MEDIA_TYPES, ExportFormat, export_pieces, found_posts
from console.reading import say_reading
from console.searching import SearchForm, run_search, shown_period
from console.view import CurrentView
from records.query import SortOrder
from storage.query import QueryError, parse_query
from storage.query_reading import explain

router = APIRouter(prefix="/search")

Form = Annotated[SearchForm, Query()]


@router.get("")
def results(view: CurrentView, form: Form) -> Response:
    """One page of hits; a query that cannot be read is shown with its mistake, as a 400."""
    try:
        found = run_search(form, view.services, now=view.now)
    except QueryError as err:
        return view.page("search.html", status=400, form=form, error=err, sorts=list(SortOrder))
    services = view.services
    reading = explain(form.q, now=view.now, zone=services.zone, segment=services.segment)
    if found.rows:
        view.note("search", form.query(), f"{len(found.rows)} posts")
    return view.page(
        "search.html",
        form=form,
        error=None,
        sorts=list(SortOrder),
        exports=list(ExportFormat),
        found=found,
        reading=reading,
        clauses=list(say_reading(reading, view.gettext)),
        coverage=view.seen(shown_period(form, found, services, now=view.now), form.only_place),
    )


@router.get("/export.{suffix}")
def export(view: CurrentView, suffix: ExportFormat, form: Form) -> Response:
    """The whole result as a file; a query that cannot be read is refused before the first byte goes out."""
    services = view.services
    parse_query(form.q, now=view.now, zone=services.zone, segment=services.segment)
    view.note("export", form.query())
    found = found_posts(
        services.database, services.index, form.query(), period=form.period(services), sort=form.order
    )
    return StreamingResponse(
        export_pieces(found, suffix, zone=services.zone),
        media_type=MEDIA_TYPES[suffix],
        headers={"Content-Disposition": f'attachment; filename="huiying.{suffix.value}"'},
    )
