"""A frozen snapshot as documents."""

from __future__ import annotations

from briefing.content import from_json
from briefing.docx import docx_document
from briefing.html import html_document
from storage.database import Snapshot


def render_html(snapshot: Snapshot) -> str:
    """Return the briefing as one HTML file. The same snapshot gives the same text."""
    return html_document(from_json(snapshot.content))


def render_docx(snapshot: Snapshot) -> bytes:
    """Return the briefing as a Word document. The same snapshot gives the same bytes."""
    return docx_document(from_json(snapshot.content))
