"""A document as the fields that both engines have."""

from __future__ import annotations

from typing import Any

from records.query import IndexDocument
from storage.bounds import micros
from storage.ordering import order_keys


def document_fields(document: IndexDocument) -> dict[str, Any]:
    """Return field → value. `has` names those that the query language can ask for."""
    values: dict[str, Any] = {
        "title": document.title or None,
        "text": document.text or None,
        "reply": document.reply or None,
        "topic": document.topic,
        "subtopic": document.subtopic,
        "own_topic": list(document.own_topics) or None,
        "place": list(document.places) or None,
        "department": document.department,
        "channel": document.channel,
        "source": document.source,
        "status": document.status,
        "intent": document.intent,
        "problem": document.problem,
        "flagged": "true" if document.flagged else "false",
        "urgency": document.urgency,
        "dissatisfaction": float(document.dissatisfaction),
        "asked": micros(document.asked_at),
        "replied": None if document.replied_at is None else micros(document.replied_at),
    }
    present = {name: value for name, value in values.items() if value is not None}
    characters = {
        "title_pairs": document.title_pairs,
        "title_pieces": document.title_pieces,
        "text_pairs": document.text_pairs,
        "text_pieces": document.text_pieces,
        "reply_pairs": document.reply_pairs,
        "reply_pieces": document.reply_pieces,
    }
    own = {"id": document.id, "has": list(present), "version": document.version}
    return {**own, **present, **characters, **order_keys(document)}
