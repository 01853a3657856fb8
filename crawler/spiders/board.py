"""The `board` spider: list → next pages → message with its official replies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from parsel import Selector
from scrapy.http import Request, Response, TextResponse

from crawler.extraction import (
    all_text,
    first_text,
    hashed_id,
    read_count,
    read_date,
    read_rating,
    select,
)
from crawler.job import Gathered
from crawler.source import BoardSelectors, BoardSource
from crawler.spiders.source_spider import SourceSpider
from crawler.tally import Quarantined
from records.post import Post, Reply


class BoardSpider(SourceSpider[BoardSource]):
    """One message board. Paging ends at the last page, at a page with nothing new, or at max_pages."""

    def read_list(self, response: Response, page: int) -> Iterator[Request | Gathered]:
        selectors = self.source.selectors
        try:
            listing = self.text_response(response)
        except Quarantined as err:
            self.stop(err.code, f"{err} (check the address)")
        self.refuse_forum(listing, selectors.item)
        urls = self._linked(listing)
        if not urls:
            self._note_empty(listing, page)
            return
        urls = [url for url in urls if not self._is_settled(url)]
        visits = [request for url in urls for request in self.visit(url)]
        yield from visits
        following = select(listing.selector, selectors.next_page).get() if selectors.next_page else None
        if following and visits:
            yield from self.next_list(listing.urljoin(following.strip()), page)

    def _linked(self, listing: TextResponse) -> list[str]:
        selectors = self.source.selectors
        links = (select(item, selectors.link).get() for item in select(listing.selector, selectors.item))
        urls = [listing.urljoin(link.strip()) for link in links if link and link.strip()]
        return [url for url in urls if url.startswith(("http://", "https://"))]

    @cached_property
    def _known(self) -> Mapping[str, str | None]:
        return self.job.sink.known()

    def _is_settled(self, url: str) -> bool:
        """Return whether the message behind `url` is known with a status that is its last."""
        match = re.search(self.source.selectors.id_from_url or "$^", url)
        return match is not None and self._known.get(match.group(1)) in self.source.settled

    def _note_empty(self, listing: TextResponse, page: int) -> None:
        selectors = self.source.selectors
        found = len(select(listing.selector, selectors.item))
        which, selector = ("item", selectors.item) if not found else ("link", selectors.link)
        if page > 1 and not found:
            return  # boards that page by number end on an empty page
        self.tally.fail(
            f'source "{self.name}": selectors.{which} "{selector}": matches nothing on "{listing.url}" '
            "(look at the page and correct it)"
        )

    def read_post(self, response: TextResponse, url: str) -> Post:
        source, selectors, page = self.source, self.source.selectors, response.selector
        if selectors.reply is not None:
            self.refuse_forum(response, selectors.reply)
        title, body = first_text(page, selectors.title), all_text(page, selectors.body)
        if not title or not body:
            missing = "body" if title else "title"
            raise Quarantined("selector_matched_nothing", f'selectors.{missing} matches nothing on "{url}"')
        asked = first_text(page, selectors.asked_at)
        return Post(
            source=source.name,
            channel=source.channel,
            native_id=self._native_id(page, url),
            url=url,
            title=title,
            text=body,
            asked_at=read_date(asked, formats=source.date_formats, zone=source.zone_info),
            fetched_at=self.job.now,
            addressed_to=first_text(page, selectors.department) or source.department,
            place=first_text(page, selectors.place) or source.place,
            status=first_text(page, selectors.status) or None,
            replies=tuple(self._replies(page, selectors)),
            rating=read_rating(first_text(page, selectors.rating)),
            votes_up=read_count(first_text(page, selectors.votes_up)),
            votes_down=read_count(first_text(page, selectors.votes_down)),
        )

    def _native_id(self, page: Selector, url: str) -> str:
        selectors = self.source.selectors
        if selectors.id_from_url is not None:
            match = re.search(selectors.id_from_url, url)
            if match is None:
                raise Quarantined(
                    "no_id_in_url", f'id_from_url "{selectors.id_from_url}" does not fit "{url}"'
                )
            return match.group(1)
        if selectors.id is not None:
            return first_text(page, selectors.id)
        return hashed_id(url)

    def _replies(self, page: Selector, selectors: BoardSelectors) -> Iterator[Reply]:
        """Yield the replies in the page's order; a reply without text is none yet."""
        for block in select(page, selectors.reply) if selectors.reply else ():
            text = all_text(block, selectors.reply_text or "./self::*")
            if not text:
                continue
            date = first_text(block, selectors.reply_date)
            yield Reply(
                text=text,
                department=first_text(block, selectors.reply_department) or None,
                replied_at=read_date(date, formats=self.source.date_formats, zone=self.source.zone_info)
                if date
                else None,
            )
