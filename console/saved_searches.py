"""Searches kept by name: what may be kept, and the feed of each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from zoneinfo import ZoneInfo

from starlette.datastructures import Headers

from console.services import Services
from crawler.masking import find
from records.errors import Rejected
from records.post import Post
from records.query import SortOrder
from storage.database import Database
from storage.query import Segment, parse_query
from storage.saved_searches import SavedSearch

LONGEST_NAME = 60
LONGEST_QUERY = 2_000
# As many as a feed reader shows; one that asks every hour misses nothing below fifty an hour.
FEED_POSTS = 50


def keep_search(database: Database, search: SavedSearch, *, zone: ZoneInfo, segment: Segment) -> None:
    """Keep a search that its rules allow.

    Raises QueryError, Rejected: bad_name, too_long, name_taken, personal_detail (a search is about services,
    never about a person).
    """
    _check_name(search.name)
    if len(search.query) > LONGEST_QUERY:
        raise Rejected("too_long", f"query: {len(search.query):,} characters (at most {LONGEST_QUERY:,})")
    if find(search.name) or find(search.query):
        raise Rejected(
            "personal_detail",
            "a kept search holds no personal detail: number, name or address (look for the problem instead)",
        )
    parse_query(search.query, now=search.created_at, zone=zone, segment=segment)
    database.saved_searches.add(search)


def _check_name(name: str) -> None:
    # It stands in addresses and in the name of a rule's file.
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable() or set(name) & set("/\\"):
        raise Rejected(
            "bad_name",
            f'name "{name[:80]}": not one for a search (1 to {LONGEST_NAME} characters, neither / nor \\)',
        )
    if name != name.strip() or name.strip(".") == "":
        raise Rejected("bad_name", f'name "{name}": blank or only dots at an end (choose another)')


def newest_posts(services: Services, search: SavedSearch) -> list[Post]:
    """Return the FEED_POSTS newest posts that the search finds."""
    page = services.index.search(search.query, sort=SortOrder.NEWEST, limit=FEED_POSTS)
    posts = services.database.posts.get_many(hit.post_id for hit in page.hits)
    return [posts[hit.post_id] for hit in page.hits if hit.post_id in posts]


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


def feed_version(body: bytes, search: SavedSearch, posts: Sequence[Post]) -> FeedVersion:
    """Return the version of the feed with this body.

    A post asked long ago may come in today: its time is when it was fetched.
    """
    newest = max([search.created_at, *(post.fetched_at for post in posts)])
    digest = hashlib.sha256(body).hexdigest()[:32]
    return FeedVersion(etag=f'"{digest}"', modified=newest.astimezone(UTC).replace(microsecond=0))
