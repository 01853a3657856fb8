"""Briefings: read, fetch as a document, approve."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import HTMLResponse, RedirectResponse, Response

from briefing.render import render_docx, render_html
from console.embedding import document_policy
from console.security import CSRF_FIELD
from console.view import CurrentView
from records.errors import Rejected
from storage.database import Snapshot

router = APIRouter(prefix="/briefings")

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@router.get("")
def listing(view: CurrentView) -> Response:
    """The frozen briefings, newest first."""
    return view.page("briefings.html", snapshots=view.services.database.snapshots.list())


@router.get("/{snapshot_id}")
def detail(view: CurrentView, snapshot_id: int) -> Response:
    """One briefing with its approval."""
    return view.page("briefing.html", snapshot=_snapshot(view, snapshot_id))


@router.get("/{snapshot_id}/document")
def document(view: CurrentView, snapshot_id: int) -> Response:
    """The briefing itself, to stand in a frame of its page."""
    html = render_html(_snapshot(view, snapshot_id))
    view.note("read_briefing", str(snapshot_id))
    return HTMLResponse(html, headers={"Content-Security-Policy": document_policy(html)})


@router.get("/{snapshot_id}/document.docx")
def download(view: CurrentView, snapshot_id: int) -> Response:
    """The briefing as a Word document."""
    snapshot = _snapshot(view, snapshot_id)
    name = f"huiying-{snapshot.kind}-{snapshot.period.start.astimezone(view.services.zone):%Y-%m-%d}.docx"
    content = render_docx(snapshot)
    view.note("download_briefing", str(snapshot_id))
    return Response(
        content, media_type=DOCX, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.post("/{snapshot_id}/approve")
def approve(
    view: CurrentView, snapshot_id: int, form_token: Annotated[str, Form(alias=CSRF_FIELD)] = ""
) -> Response:
    """Approve the briefing, once."""
    view.frame.guard.check(view.request, form_token)
    _snapshot(view, snapshot_id)
    view.services.database.snapshots.approve(snapshot_id, now=view.now)
    view.note("approve_briefing", str(snapshot_id))
    return RedirectResponse(f"/briefings/{snapshot_id}", status_code=303)


def _snapshot(view: CurrentView, snapshot_id: int) -> Snapshot:
    snapshot = view.services.database.snapshots.get(snapshot_id)
    if snapshot is None:
        raise Rejected("unknown_briefing", f'briefing "{snapshot_id}": not stored here (see /briefings)')
    return snapshot
