"""The `board` spider: list → next pages → message with its official replies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from parsel import Selector, SelectorList
from scrapy.http import FormRequest, JsonRequest, Request, Response, TextResponse
from twisted.python.failure import Failure

from crawler.board_messages import content_id, read_message, read_replies
from crawler.completeness import missing_ids
from crawler.extraction import first_text, hashed_id, html_page, join_url, read_count, select
from crawler.failures import STOPPING, RequestRefused, failure_code
from crawler.job import Gathered
from crawler.json_pages import json_page
from crawler.source import BoardSource
from crawler.spiders.source_spider import GONE, SourceSpider
from crawler.tally import Quarantined
from records.errors import Rejected
from records.known import KnownPost
from records.post import Post


class BoardSpider(SourceSpider[BoardSource]):
    """One message board.

    Paging ends at the last page, at a page with nothing that this crawl has not met, at pages that a complete
    crawl has read long ago, or at max_pages.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._shown_total = 0
        self._met: set[str] = set()

    def list_request(self, url: str, *, page: int) -> Request:
        """Return the request for a list page: of its link, of its number, or by POST."""
        request = super().list_request(url, page=page)
        paging = self.source.paging
        if paging is None or not paging.form:
            return request
        number = paging.number(page)
        posted = (
            JsonRequest(url, data=paging.filled_json(number))
            if paging.as_json
            else FormRequest(url, formdata=paging.filled_form(number))
        )
        return request.replace(method="POST", body=posted.body, headers=posted.headers)

    def read_list(self, response: Response, page: int) -> Iterator[Request | Gathered]:
        selectors = self.source.selectors
        try:
            listing = self.text_response(response)
            content = self._content(listing, as_json=selectors.list_is_json)
            items = select(content, selectors.item)
        except Quarantined as err:
            self.stop(err.code, f"{err} (check the address and the selectors)")
        self.refuse_forum(listing, items)
        if page == 1:
            self._shown_total += read_count(first_text(content, selectors.total))
        if self.source.whole_in_list:
            keys = [self._id_in_list(item) for item in items]
            known = [self.known.get(key) for key in keys]
            visits: Iterator[Request | Gathered] = self._take_whole(items, keys, listing)
        else:
            keys = self._linked(listing, items)
            known = [self.find_known(url) for url in keys]
            visits = self._visits(keys, known)
        if not keys:
            self._note_empty(listing, page, found=len(items))
            return
        yield from visits
        is_new = not self._met.issuperset(keys)
        self._met.update(keys)
        if is_new and not self.is_behind(known):
            yield from self._following(listing, content, page)

    def _content(self, response: TextResponse, *, as_json: bool) -> Selector:
        return json_page(response, self.source.selectors.state) if as_json else html_page(response)

    def _linked(self, listing: TextResponse, items: SelectorList[Selector]) -> list[str]:
        """Return the addresses of the messages that the list links to."""
        template = self.source.detail_url
        links = [
            str(link).strip()
            for item in items
            for link in select(item, self.source.selectors.link)[:1].getall()
        ]
        urls = [
            template.replace("{id}", link) if template else join_url(listing, link) for link in links if link
        ]
        return [url for url in urls if url]

    def _visits(self, urls: list[str], known: list[KnownPost | None]) -> Iterator[Request]:
        for url, post in zip(urls, known, strict=True):
            if self.is_due(post):
                yield from self.visit(url)

    def _id_in_list(self, item: Selector) -> str:
        selectors = self.source.selectors
        return first_text(item, selectors.id) if selectors.id else content_id(item, selectors)

    def _take_whole(
        self, items: SelectorList[Selector], keys: list[str], listing: TextResponse
    ) -> Iterator[Gathered]:
        """Yield the messages that stand in the list."""
        for number, (item, native_id) in enumerate(zip(items, keys, strict=True)):
            key = native_id or f"{listing.url}#{number}"
            if not self.tally.begin(key):
                continue
            try:
                url = self._public_url(native_id, listing.url)
                post = read_message(item, source=self.source, native_id=native_id, url=url, now=self.job.now)
            except Rejected as err:
                self.tally.reject(key, err)
            else:
                yield Gathered(key=key, post=post)

    def _following(self, listing: TextResponse, content: Selector, page: int) -> Iterator[Request]:
        selectors, paging = self.source.selectors, self.source.paging
        page_count = read_count(first_text(content, selectors.page_count))
        if page_count and page >= page_count:
            return
        if paging is None:
            link = select(content, selectors.next_page).get() if selectors.next_page else None
            if link:
                yield from self.next_list(join_url(listing, str(link)), page)
        elif listing.request is not None:
            yield from self.next_list(paging.address(page + 1) or listing.request.url, page)

    def _note_empty(self, listing: TextResponse, page: int, *, found: int) -> None:
        selectors = self.source.selectors
        which, selector = ("item", selectors.item) if not found else ("link", selectors.link)
        if page > 1 and not found:
            return  # boards that page by number end on an empty page
        self.refuse_challenge(listing)
        self.tally.fail(
            "selector_matched_nothing",
            f'source "{self.name}": selectors.{which} "{selector}": matches nothing on "{listing.url}" '
            "(look at the page and correct it)",
        )

    def read_post(self, response: TextResponse, url: str) -> Post:
        selectors = self.source.selectors
        page = self._content(response, as_json=selectors.detail_is_json)
        if selectors.reply is not None:
            self.refuse_forum(response, select(page, selectors.reply))
        native_id = self._native_id(page, url)
        shown = self._public_url(native_id, url)
        return read_message(page, source=self.source, native_id=native_id, url=shown, now=self.job.now)

    def whole(self, item: Gathered, response: TextResponse) -> Iterator[Request | Gathered]:
        """Yield the message, or the request for the page that its own links to for the reply."""
        url = self._reply_address(response)
        if not url:
            yield item
            return
        yield Request(
            url,
            callback=self.read_reply_page,
            errback=self.reply_page_failed,
            cb_kwargs={"key": item.key, "item": item},
            dont_filter=True,
            priority=1,
        )

    def _reply_address(self, response: TextResponse) -> str:
        selectors = self.source.selectors
        if selectors.reply_page is None:
            return ""
        page = self._content(response, as_json=selectors.detail_is_json)
        link = select(page, selectors.reply_page).get()
        return join_url(response, str(link)) if link else ""

    def read_reply_page(self, response: Response, key: str, item: Gathered) -> Iterator[Gathered]:
        """Yield the message with the replies of their own page."""
        try:
            page = self._content(self.text_response(response), as_json=self.source.selectors.detail_is_json)
            replies = tuple(read_replies(page, source=self.source))
        except Rejected as err:
            self.tally.reject(key, err)
            return
        # Its page is not remembered: the reply may change while the page with the link does not.
        yield Gathered(key=key, post=replace(item.post, replies=replies))

    def reply_page_failed(self, failure: Failure) -> Iterator[Gathered]:
        """Yield the message without the reply whose page is gone or refused; others may come another time."""
        err = failure.value
        code = failure_code(err) if err is not None else ""
        if code in STOPPING or not (code in GONE or isinstance(err, RequestRefused)):
            self.item_failed(failure)
            return
        yield failure.request.cb_kwargs["item"]  # type: ignore[attr-defined]  # Scrapy sets it

    def _native_id(self, page: Selector, url: str) -> str:
        selectors, template = self.source.selectors, self.source.detail_url
        if template is not None:
            before, _, after = template.partition("{id}")
            return url.removeprefix(before).removesuffix(after)
        if selectors.id_from_url is not None:
            match = re.search(selectors.id_from_url, url)
            if match is None:
                raise Quarantined(
                    "no_id_in_url", f'id_from_url "{selectors.id_from_url}" does not fit "{url}"'
                )
            return match.group(1)
        return first_text(page, selectors.id) if selectors.id is not None else hashed_id(url)

    def _public_url(self, native_id: str, url: str) -> str:
        """Return where people read the message."""
        template = self.source.public_url
        return template.replace("{id}", native_id) if template is not None else url

    def address_of(self, native_id: str, post: KnownPost) -> str | None:
        """Return where a known message is visited: by its number where the source says how."""
        if self.source.whole_in_list:
            return None
        template = self.source.detail_url
        return template.replace("{id}", native_id) if template is not None else post.url

    def closed(self, reason: str) -> None:
        """Compare what the site shows with what we now have."""
        super().closed(reason)
        if not (self._shown_total or self.source.ids_in_sequence):
            return
        ours = self.job.sink.known()
        self.tally.note_gap("messages", max(self._shown_total - len(ours), 0))
        if self.source.ids_in_sequence:
            self.tally.note_gap("ids", missing_ids(ours))
