"""Searches kept by name: what may be kept, and what their feeds hold."""

from __future__ import annotations

from zoneinfo import ZoneInfo

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
