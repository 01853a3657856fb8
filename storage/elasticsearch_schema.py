"""The fields of the Elasticsearch index, and the document of a post in them."""

from __future__ import annotations

from typing import Any

from records.query import KEYWORD_FIELDS, TEXT_FIELDS, IndexDocument
from storage.bounds import micros
from storage.ordering import ORDER_FIELDS, order_keys

# Raise it whenever a field or the meaning of one changes: older indexes are then built anew.
SCHEMA_VERSION = 4
# Lucene takes no term above 32,766 bytes; a character has at most four.
_LONGEST_TERM = 8_191
# The largest page that may be asked for.
_MAX_RESULT_WINDOW = 1_000_000


def build_settings(shards: int) -> dict[str, Any]:
    """Return the settings of an index of `shards` primary shards."""
    return {
        "index": {
            "number_of_shards": shards,
            "max_result_window": _MAX_RESULT_WINDOW,
            # Nothing is visible before the indexer says so, with its watermark.
            "refresh_interval": "-1",
            # Relevance is BM25 with the parameters of the embedded index.
            "similarity": {"default": {"type": "BM25", "k1": 1.2, "b": 0.75}},
        },
    }


def build_mapping(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the strict mapping: a field that is not named here, such as an author's, is refused."""
    words = {"type": "text", "analyzer": "whitespace"}
    alone = {**words, "index_options": "docs", "norms": False}
    keyword = {"type": "keyword", "ignore_above": _LONGEST_TERM}
    properties: dict[str, Any] = {"id": {"type": "keyword", "index": False}, "has": {"type": "keyword"}}
    for name in TEXT_FIELDS:
        properties |= {name: words, f"{name}_pairs": words, f"{name}_pieces": alone}
    for name in (*KEYWORD_FIELDS, "version"):
        properties[name] = keyword
    # Times are whole microseconds, as in the embedded index: dates are cut to milliseconds.
    for name in ("asked", "replied", "urgency", *ORDER_FIELDS):
        properties[name] = {"type": "long"}
    properties["dissatisfaction"] = {"type": "double"}
    # The truth holds the texts: here they are only terms.
    hidden = [name for name in properties if name.partition("_")[0] in TEXT_FIELDS]
    return {
        "dynamic": "strict",
        "_meta": meta,
        "_source": {"excludes": hidden},
        "properties": properties,
    }


def build_fields(document: IndexDocument) -> dict[str, Any]:
    """Return Elasticsearch's document of `document`."""
    values: dict[str, Any] = {
        "title": document.title or None,
        "text": document.text or None,
        "reply": document.reply or None,
        "topic": document.topic,
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
    fields = {**present, **characters, **order_keys(document)}
    return {"id": document.id, "has": list(present), "version": document.version, **fields}
