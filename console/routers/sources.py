"""The sources and how well each is heard."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from console.view import CurrentView
from crawler.costs import costs
from records.errors import Rejected
from records.run import RunKind

router = APIRouter(prefix="/sources")

SHOWN_RUNS = 20
# The table of costs is of the last week.
COST_DAYS = 7
COST_RUNS = 5000


@router.get("")
def listing(view: CurrentView) -> Response:
    """Every source of the catalogue, with its state and its last run."""
    runs = view.services.database.runs
    coverage = view.coverage
    return view.page(
        "sources.html",
        coverage=coverage,
        last_runs=runs.latest(RunKind.CRAWL),
        imports=runs.latest(RunKind.IMPORT),
        costs=costs(
            runs.list(kind=RunKind.CRAWL, limit=COST_RUNS), since=view.now - timedelta(days=COST_DAYS)
        ),
    )


@router.get("/{name:path}")
def detail(view: CurrentView, name: str) -> Response:
    """One source and how its last runs ended."""
    coverage = view.coverage
    health = next((row for row in coverage.sources if row.name == name), None)
    runs = view.services.database.runs.list(subject=name, limit=SHOWN_RUNS)
    if health is None and not runs:
        raise Rejected("unknown_source", f'source "{name}": not in the catalogue (see /sources)')
    return view.page("source.html", name=name, health=health, runs=runs)
