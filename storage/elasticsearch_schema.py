"""The fields of the Elasticsearch index."""

from __future__ import annotations

from typing import Any

from records.query import KEYWORD_FIELDS, TEXT_FIELDS
from storage.ordering import ORDER_FIELDS

# Raise it whenever a field or the meaning of one changes: older indexes are then built anew.
SCHEMA_VERSION = 5
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
