"""JSON Feed (jsonfeed.org, version 1 and 1.1) as entries of the shape that feedparser gives."""

from __future__ import annotations

import html
import json
from typing import Any

_VERSION = "https://jsonfeed.org/version/1"


def json_feed_entries(text: str) -> list[dict[str, Any]] | None:
    """Return the feed's entries, none of them with an author; None for what is no JSON Feed."""
    feed = _feed(text)
    return None if feed is None else [_entry(item) for item in feed["items"] if isinstance(item, dict)]


def json_feed_title(text: str) -> str | None:
    """Return what the feed calls itself, "" for no name; None for what is no JSON Feed."""
    feed = _feed(text)
    return None if feed is None else _text(feed, "title")


def _feed(text: str) -> dict[str, Any] | None:
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return None
    try:
        feed = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    is_feed = str(feed.get("version", "")).startswith(_VERSION) and isinstance(feed.get("items"), list)
    return feed if is_feed else None


def _entry(item: dict[str, Any]) -> dict[str, Any]:
    content = _text(item, "content_html") or html.escape(_text(item, "content_text"))
    return {
        "id": _text(item, "id"),
        "link": _text(item, "url"),
        "title": html.escape(_text(item, "title")),
        "content": [{"value": content}],
        "summary": html.escape(_text(item, "summary")),
        "published": _text(item, "date_published"),
        "updated": _text(item, "date_modified"),
    }


def _text(item: dict[str, Any], key: str) -> str:
    """Return the value as text, '' where it has none: ids are sometimes numbers."""
    value = item.get(key)
    return str(value) if isinstance(value, str | int) else ""
