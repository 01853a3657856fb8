"""A fetched page, as far as it is remembered: what a conditional request needs, never the page itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PageState:
    """What a conditional request needs of the last fetch. Never the page itself.

    `url` is opaque to whoever stores it: the crawler adds a fragment that names how the page was read.
    `refusal` is how the page ended where it gave no post, as the crawler counts it.
    """

    url: str
    etag: str | None
    last_modified: str | None
    body_sha256: str | None
    refusal: str | None = None
