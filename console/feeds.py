"""Feeds for readers on a desktop: what tells one state of a feed from another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.responses import Response

RSS = "application/rss+xml; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedVersion:
    """What tells one state of a feed from another (RFC 9110, 8.8): `etag` by its bytes, and a time."""

    etag: str
    modified: datetime

    @property
    def headers(self) -> dict[str, str]:
        # Kept by the reader, asked for again each time.
        return {
            "ETag": self.etag,
            "Last-Modified": format_datetime(self.modified, usegmt=True),
            "Cache-Control": "private, no-cache",
        }

    def is_known(self, headers: Headers) -> bool:
        """Return whether the reader has this state. Its time counts only where it names no tag."""
        tags = headers.get("if-none-match")
        if tags is not None:
            known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
            return "*" in known or self.etag in known
        try:
            since = parsedate_to_datetime(headers.get("if-modified-since", ""))
        except ValueError:
            return False
        # A date without a zone is as good as none.
        return since.tzinfo is not None and self.modified <= since


def feed_version(body: bytes, times: Iterable[datetime]) -> FeedVersion:
    """Return the version of the feed with this body, changed at the newest of `times`, at least one."""
    digest = hashlib.sha256(body).hexdigest()[:32]
    return FeedVersion(etag=f'"{digest}"', modified=max(times).astimezone(UTC).replace(microsecond=0))


def feed_response(body: bytes, version: FeedVersion, headers: Headers) -> Response:
    """Return the feed, or 304 to a reader that has it."""
    if version.is_known(headers):
        return Response(status_code=304, headers=version.headers)
    return Response(body, media_type=RSS, headers=version.headers)
