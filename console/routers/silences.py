"""Silences: what is held and until when; a new one shows what it would hold before it is made."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from alerts.durations import parse_duration
from alerts.silences import SilenceDraft, add_silence, preview
from console.security import CSRF_FIELD
from console.view import ACTOR, CurrentView, View, link
from records.errors import Rejected

router = APIRouter(prefix="/silences")

Token = Annotated[str, Form(alias=CSRF_FIELD)]
# Silences shown: those in force, and the last ones that are over.
SHOWN = 50


@router.get("")
def listing(
    view: CurrentView, matchers: str = "", length: str = "4h", reason: str = "", made: int | None = None
) -> Response:
    """The silences, the form of a new one and, once it is filled in, what it would hold."""
    found, error = None, ""
    if matchers and reason:
        try:
            draft = _draft(view, matchers, length, reason)
            found = preview(view.services.database, draft, now=view.now)
        except Rejected as err:
            error = str(err)
    return view.page(
        "silences.html",
        status=400 if error else 200,
        silences=view.services.database.silences.list(limit=SHOWN),
        found=found,
        error=error,
        matchers=matchers,
        length=length,
        reason=reason,
        made=made,
    )


@router.post("")
def add(
    view: CurrentView,
    matchers: Annotated[str, Form()],
    length: Annotated[str, Form()],
    reason: Annotated[str, Form()],
    form_token: Token = "",
) -> Response:
    """Make the silence that was previewed."""
    view.frame.guard.check(view.request, form_token)
    draft = _draft(view, matchers, length, reason)
    made = add_silence(view.services.database, draft, created_by=ACTOR, now=view.now)
    view.note("add_silence", f"silence/{made.id}", " ".join(made.matchers))
    return RedirectResponse(link("/silences", made=made.id), status_code=303)


@router.post("/{silence_id}/end")
def end(view: CurrentView, silence_id: int, form_token: Token = "") -> Response:
    """End a silence early; the next round of notices says what it held."""
    view.frame.guard.check(view.request, form_token)
    view.services.database.silences.end(silence_id, now=view.now)
    view.note("end_silence", f"silence/{silence_id}")
    return RedirectResponse("/silences", status_code=303)


def _draft(view: View, matchers: str, length: str, reason: str) -> SilenceDraft:
    try:
        parts = tuple(shlex.split(matchers))
        ends_at = view.now + _checked(parse_duration(length))
    except ValueError as err:
        raise Rejected("bad_silence", f"silence: {err}") from err
    return SilenceDraft(matchers=parts, starts_at=view.now, ends_at=ends_at, reason=reason)


def _checked(length: timedelta) -> timedelta:
    if length > timedelta(days=3650):
        raise ValueError("longer than ten years (name an earlier end)")
    return length
