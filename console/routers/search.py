"""Search: words, facets, time, and the whole result as a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from console.exports import csv_lines, jsonl_lines
from console.reading import say_query
from console.searching import SearchForm, export_posts, run_search
from console.view import CurrentView
from records.query import SortOrder
from storage.query import QueryError, parse_query

router = APIRouter(prefix="/search")

Form = Annotated[SearchForm, Query()]


@router.get("")
def results(view: CurrentView, form: Form) -> Response:
    """One page of hits; a query that cannot be read is shown with its mistake, as a 400."""
    try:
        found = run_search(form, view.services, now=view.now)
    except QueryError as err:
        return view.page("search.html", status=400, form=form, error=err, sorts=list(SortOrder))
    if found.rows:
        view.note("search", form.query(), f"{len(found.rows)} posts")
    return view.page(
        "search.html",
        form=form,
        error=None,
        sorts=list(SortOrder),
        found=found,
        reading=say_query(found.query, view.gettext, zone=view.services.zone) if form.q.strip() else "",
        coverage=view.coverage,
    )


@router.get("/export.csv")
def export_csv(view: CurrentView, form: Form) -> Response:
    """The whole result for a spreadsheet."""
    _check(view, form)
    return _download(csv_lines(export_posts(form, view.services)), "text/csv; charset=utf-8", "csv")


@router.get("/export.jsonl")
def export_jsonl(view: CurrentView, form: Form) -> Response:
    """The whole result, one JSON object a line."""
    _check(view, form)
    return _download(jsonl_lines(export_posts(form, view.services)), "application/jsonl", "jsonl")


def _check(view: CurrentView, form: SearchForm) -> None:
    """Refuse a query that cannot be read before the first byte goes out, and note who takes what."""
    parse_query(form.q, now=view.now, zone=view.services.zone, segment=view.services.segment)
    view.note("export", form.query())


def _download(lines: Iterable[str], media_type: str, suffix: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="huiying.{suffix}"'}
    return StreamingResponse(lines, media_type=media_type, headers=headers)
