"""The `feed` spider: RSS and Atom, read by feedparser from Scrapy's response, and JSON Feed."""

from __future__ import annotations

import calendar
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
from scrapy.http import Request, Response, TextResponse
from w3lib.url import canonicalize_url

from crawler.extraction import hashed_id, html_text, join_url, without_bad_references
from crawler.job import Gathered
from crawler.json_feed import json_feed_entries
from crawler.source import FeedSource
from crawler.spiders.source_spider import SourceSpider
from records.errors import Rejected
from records.known import KnownPost
from records.page import PageState
from records.post import Post
from records.run import SaveOutcome
from records.times import aware, parse_time


class FeedSpider(SourceSpider[FeedSource]):
    """One feed: an item for each entry. An entry is known by its own id, else by its link."""

    def list_request(self, url: str, *, page: int) -> Request:
        """Return the feed's request, which is conditional: an unchanged feed is one unchanged item."""
        request = super().list_request(url, page=page)
        request.meta.update(page_url=self.page_url(canonicalize_url(url)), handle_httpstatus_list=[304])
        return request

    def read_list(self, response: Response, page: int) -> Iterator[Request | Gathered]:
        state = self.new_state(response)
        if self.is_unchanged(response, state):
            if self.tally.begin(state.url):
                self.tally.save(state.url, SaveOutcome.UNCHANGED)
            return
        entries = parse_feed(response) if isinstance(response, TextResponse) else []
        if not entries:
            self.refuse_challenge(response)
            self.tally.fail(
                "no_feed",
                f'source "{self.name}": "{response.url}": no feed, or one without entries '
                "(check the address)",
            )
            return
        for number, entry in enumerate(entries, start=1):
            # The feed counts as read once its last entry is stored.
            yield from self._take(entry, number, response, state if number == len(entries) else None)

    def _take(
        self, entry: Any, number: int, response: Response, state: PageState | None
    ) -> Iterator[Gathered]:
        key = f"{response.url}#{number}"
        if not self.tally.begin(key):
            return
        try:
            if number > self.source.max_items:
                raise Rejected("item_limit", f"more than max_items {self.source.max_items}")  # noqa: TRY301
            post = self._post(entry, response)
        except Rejected as err:
            self.tally.reject(key, err)
        else:
            yield Gathered(key=key, post=post, page=state)

    def address_of(self, native_id: str, post: KnownPost) -> None:
        """Return None: an entry has no page of its own that we would read."""

    def read_post(self, response: TextResponse, url: str) -> Post:
        raise NotImplementedError("a feed's entries have no page of their own")

    def _post(self, entry: Any, response: Response) -> Post:
        source = self.source
        link = join_url(response, entry.get("link", "")) or None
        name = entry.get("id") or link
        if not name:
            raise Rejected("no_id", "the entry has neither id nor link")
        return Post(
            source=source.name,
            channel=source.channel,
            native_id=hashed_id(name),
            url=link,
            title=html_text(entry.get("title", "")),
            text=entry_text(entry),
            asked_at=entry_time(entry, source.zone_info),
            fetched_at=self.job.now,
            addressed_to=source.department,
            place=source.place,
        )


def parse_feed(response: TextResponse) -> list[Any]:
    """Return the entries as feedparser gives them, none for what is no feed."""
    entries = json_feed_entries(response.text)
    if entries is not None:
        return entries
    # The bytes are handed over as UTF-8 because feeds, too, name encodings that they are not in; as a stream,
    # because feedparser would take plain bytes for a file name.
    body = io.BytesIO(without_bad_references(response.text).encode("utf-8", "replace"))
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": response.url}
    return list(feedparser.parse(body, response_headers=headers).entries)


def entry_text(entry: Any) -> str:
    """Return the longest of the entry's content and summary, as text; its title where it has neither."""
    parts = [part.get("value", "") for part in entry.get("content", ())] + [entry.get("summary", "")]
    return max(map(html_text, parts), key=len) or html_text(entry.get("title", ""))


def entry_time(entry: Any, zone: ZoneInfo) -> datetime:
    """Return when the entry was published, else updated. Raises Rejected: no_date, bad_date.

    A time without a zone is the site's own; feedparser alone would take it for UTC.
    """
    for name in ("published", "updated"):
        stated = entry.get(name)
        if not stated:
            continue
        for read in (parse_time, _parse_rfc822):
            try:
                return read(stated, zone=zone)
            except (Rejected, ValueError):
                continue
        parsed = entry.get(f"{name}_parsed")
        if parsed is None:
            raise Rejected("bad_date", "the entry's date is not one that feeds use")
        return datetime.fromtimestamp(calendar.timegm(parsed), tz=UTC)
    raise Rejected("no_date", "the entry states no date")


def _parse_rfc822(text: str, *, zone: ZoneInfo) -> datetime:
    return aware(parsedate_to_datetime(text), zone=zone)
