"""Each rule's heartbeat: when it last ran, how long it took, what it found, what went wrong."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from alerts.rules import load_rules
from console.view import CurrentView
from records.run import RunKind

router = APIRouter(prefix="/rules")


@router.get("")
def heartbeat(view: CurrentView) -> Response:
    """The rules with their newest runs, and the files that cannot be read."""
    found = load_rules(view.services.rules_dir)
    return view.page(
        "rules.html",
        rules=found.rules,
        errors=found.errors,
        runs=view.services.database.runs.latest(RunKind.RULE),
    )
