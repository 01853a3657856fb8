"""What the spiders share: one begin and one end for every item, what is visited again, and when to stop."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Generic, NoReturn, TypeVar

from parsel import Selector
from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Request, Response, TextResponse
from twisted.python.failure import Failure
from w3lib.url import canonicalize_url

from crawler.completeness import CUT_SHORT
from crawler.extraction import html_page
from crawler.failures import EXPLANATIONS, STOPPING, explain, failure_code
from crawler.job import CrawlJob, Gathered
from crawler.refusals import is_challenge, is_forum_software, looks_like_forum
from crawler.revisits import is_behind, next_visit
from crawler.source import Source
from crawler.tally import Quarantined, refusal_of, remembered
from records.errors import Rejected
from records.known import KnownPost
from records.page import PageState
from records.post import Post
from records.run import SaveOutcome

SourceT = TypeVar("SourceT", bound=Source)
# Of the items of one crawl, at most this share are known ones: what is new comes first.
REVISITED_SHARE = 1 / 2
# What a message's page answers once it was taken down: no reason to look again at once.
GONE = frozenset({"http_404", "http_410"})
# Scrapy's reasons for the end of a crawl whose budget or hours are over. The next one goes on.
OUT_OF_ALLOWANCE = frozenset({"closespider_pagecount", "closespider_timeout"})
# Pages of which only that they were looked at is noted, in one transaction.
NOTED_BATCH = 50


class SourceSpider(Spider, Generic[SourceT]):
    """Fetches the start pages, visits items, and sees that each item ends in exactly one outcome."""

    def __init__(self, *, job: CrawlJob, **options: Any) -> None:
        super().__init__(name=job.source.name, **options)
        self.job = job
        self.source: SourceT = job.source  # type: ignore[assignment]  # run.py pairs spider and source
        self.tally = job.tally
        self._reading = job.source.reading()
        self._seen: list[str] = []
        self._refused: list[PageState] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **options: Any) -> Any:
        spider = super().from_crawler(crawler, *args, **options)
        crawler.signals.connect(spider.note_defect, signal=signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        for url in self.source.start_urls:
            yield self.list_request(url, page=1)
        for request in self._revisits():
            yield request

    def list_request(self, url: str, *, page: int) -> Request:
        """Return the request for a page that leads to items."""
        return Request(url, callback=self.read_list, errback=self.list_failed, cb_kwargs={"page": page})

    @cached_property
    def known(self) -> Mapping[str, KnownPost]:
        """What the source had when the crawl began, by native id."""
        return self.job.sink.known()

    @cached_property
    def _known_ids(self) -> Mapping[str, str]:
        """The native ids of known posts by the address of their page."""
        addresses = ((self.address_of(native_id, post), native_id) for native_id, post in self.known.items())
        return {canonicalize_url(url): native_id for url, native_id in addresses if url}

    def address_of(self, native_id: str, post: KnownPost) -> str | None:
        """Return where a known post is visited, None where it has no page of its own."""
        return post.url

    def find_known(self, url: str) -> KnownPost | None:
        """Return the known post whose page `url` is."""
        native_id = self._known_ids.get(canonicalize_url(url))
        return self.known[native_id] if native_id is not None else None

    def _revisits(self) -> Iterator[Request]:
        """Yield the visits to known posts that are due, the longest due first."""
        due = [
            (when, url)
            for url, native_id in self._known_ids.items()
            if (when := self._next_visit(self.known[native_id])) and when <= self.job.now
        ]
        for _, url in sorted(due)[: int(self.source.max_items * REVISITED_SHARE)]:
            yield from self.visit(url, priority=-1)

    def _next_visit(self, post: KnownPost) -> datetime | None:
        give_up = timedelta(days=self.source.give_up_days)
        return next_visit(post, settled=self.source.settled, give_up=give_up)

    def is_due(self, post: KnownPost | None) -> bool:
        """Return whether to visit it now: new, or known and due."""
        when = self._next_visit(post) if post is not None else self.job.now
        return when is not None and when <= self.job.now

    def is_behind(self, posts: Collection[KnownPost | None]) -> bool:
        """Return whether a list that shows these `posts` needs no further page. None is one that is new."""
        looked_back_to = self.job.now - timedelta(days=self.source.look_back_days)
        return all(
            post is not None and is_behind(post, watermark=self.job.watermark, looked_back_to=looked_back_to)
            for post in posts
        )

    def next_list(self, url: str, page: int) -> Iterator[Request]:
        """Yield the request for the list page after `page`; past max_pages count one "page_limit".

        A page that is not read because of it is a gap. None once max_items is reached.
        """
        if not url or self.tally.begun > self.source.max_items:
            return
        if page < self.source.max_pages:
            yield self.list_request(url, page=page + 1)
        elif self.tally.begin(url):
            self.tally.reject(url, Rejected("page_limit", f"more than max_pages {self.source.max_pages}"))
            self.tally.note_gap("unread_pages", 1)

    @abstractmethod
    def read_list(self, response: Response, page: int) -> Iterator[Request | Gathered]:
        """Yield what a list, feed or sitemap leads to."""

    @abstractmethod
    def read_post(self, response: TextResponse, url: str) -> Post:
        """Return the post of an item's own page. Raises Rejected or Quarantined."""

    def visit(self, url: str, *, priority: int = 0) -> Iterator[Request]:
        """Yield the request for an item's page, unless this crawl has it already or the limit is reached."""
        key = canonicalize_url(url)
        if not self.tally.begin(key):
            return
        if self.tally.begun > self.source.max_items:
            self.tally.reject(key, Rejected("item_limit", f"more than max_items {self.source.max_items}"))
            return
        yield Request(
            url,
            callback=self.read_item,
            errback=self.item_failed,
            cb_kwargs={"key": key, "url": url},
            meta={"page_url": self.page_url(key), "handle_httpstatus_list": [304]},
            dont_filter=True,
            priority=priority,
        )

    def read_item(self, response: Response, key: str, url: str) -> Iterator[Request | Gathered]:
        """Yield the item of its page, or count why there is none."""
        state = self.new_state(response)
        if self.is_unchanged(response, state):
            self._end_as_before(key, response)
            return
        try:
            page = self.text_response(response)
            post = self.read_post(page, url)
        except Rejected as err:
            self.tally.reject(key, err)
            self._note_seen(key)
            if isinstance(err, Quarantined):
                self.refuse_challenge(response)
            self._refused.append(replace(state, refusal=refusal_of(err)))
            self._flush()
            return
        yield from self.whole(Gathered(key=key, post=post, page=state), page)

    def whole(self, item: Gathered, response: TextResponse) -> Iterator[Request | Gathered]:
        """Yield the item, once it has what stands on further pages."""
        yield item

    def _end_as_before(self, key: str, response: Response) -> None:
        """Count a page that has not changed: what gave no post then gives none now."""
        old = self._old_state(response)
        if old is not None and old.refusal:
            self.tally.reject(key, remembered(old.refusal))
        else:
            self.tally.save(key, SaveOutcome.UNCHANGED)
        self._note_seen(key)

    def _note_seen(self, key: str) -> None:
        """Have it remembered that a known post was looked at: its next visit hangs on it."""
        if key in self._known_ids:
            self._seen.append(self._known_ids[key])
        self._flush()

    def _flush(self, *, least: int = NOTED_BATCH) -> None:
        """Have it stored what is to be remembered of pages without anything new, once it is so much."""
        if len(self._seen) >= least:
            self.job.sink.mark_seen(self._seen, now=self.job.now)
            self._seen = []
        if len(self._refused) >= least:
            self.job.sink.put_page_states(self._refused)
            self._refused = []

    def text_response(self, response: Response) -> TextResponse:
        """Return `response`, which is text. Raises Quarantined("not_html"); stops at forum software."""
        if not isinstance(response, TextResponse):
            raise Quarantined("not_html", f'"{response.url}" is no text')
        if is_forum_software(html_page(response)):
            self.stop_at_forum(response)
        return response

    def refuse_forum(self, response: TextResponse, entries: Iterable[Selector]) -> None:
        """Stop where the `entries` of the page are posts of a forum."""
        if looks_like_forum(entries):
            self.stop_at_forum(response)

    def refuse_challenge(self, response: Response) -> None:
        """Stop where a page that is not what we look for asks for a log-in or a captcha instead."""
        if isinstance(response, TextResponse) and is_challenge(html_page(response)):
            self.stop("access_denied", f'"{response.url}": {EXPLANATIONS["access_denied"]}')

    def stop_at_forum(self, response: Response) -> NoReturn:
        self.stop(
            "looks_like_forum",
            f'"{response.url}" is a forum by its markup (avatars and profile links, or its software); '
            "huiying measures services, never speakers (remove the source)",
        )

    def list_failed(self, failure: Failure) -> None:
        """Note why a list, feed or sitemap could not be fetched: without it the crawl is not whole."""
        err = failure.value
        assert err is not None  # noqa: S101  # Twisted's failures have their exception
        code = failure_code(err)
        url = failure.request.url  # type: ignore[attr-defined]  # Scrapy sets it
        self.tally.fail(code, f'source "{self.name}": "{url}": {explain(code, err)}')
        if code in STOPPING:
            raise CloseSpider(code)

    def item_failed(self, failure: Failure) -> None:
        """Count the item by the reason; stop where the site does not want us."""
        err = failure.value
        assert err is not None  # noqa: S101  # as above
        code = failure_code(err)
        request = failure.request  # type: ignore[attr-defined]  # Scrapy sets it
        key = request.cb_kwargs["key"]
        self.tally.reject(key, Rejected(code, explain(code, err)))
        if code in GONE:
            self._note_seen(key)
        if code in STOPPING:
            self.stop(code, f'"{request.url}": {explain(code, err)}')

    def stop(self, code: str, reason: str) -> NoReturn:
        """End the crawl with its reason. Raises CloseSpider."""
        self.tally.fail(code, f'source "{self.name}": {reason}')
        raise CloseSpider(code)

    def note_defect(self, failure: Failure, response: Response) -> None:
        """Count an item whose page broke our own code, and fail the run: this is a defect to be told of."""
        key = response.request.cb_kwargs.get("key") if response.request is not None else None
        kind = type(failure.value).__name__
        if key is not None and self.tally.is_open(key):
            self.tally.reject(key, Quarantined("page_broke_parser", kind))
        self.tally.fail(
            "page_broke_parser",
            f'source "{self.name}": "{response.url}" broke the parser with {kind} (report it)',
        )

    def closed(self, reason: str) -> None:
        """Count what was not visited. Scrapy calls this last."""
        self.tally.reject_all_open("not_visited")
        self._flush(least=1)
        if reason == "shutdown":
            self.tally.fail(
                "shutdown", f'source "{self.name}": the crawl was told to stop before its end (run it again)'
            )
        elif reason in OUT_OF_ALLOWANCE:
            self.tally.note_gap(CUT_SHORT, 1)

    def page_url(self, key: str) -> str:
        """Return the name under which the page is remembered: its address as these selectors read it."""
        return f"{key}#{self._reading}"

    def new_state(self, response: Response) -> PageState:
        """Return what to remember of this fetch."""
        etag, modified = (response.headers.get(name) for name in ("ETag", "Last-Modified"))
        return PageState(
            url=response.meta["page_url"],
            etag=etag.decode("latin-1") if etag else None,
            last_modified=modified.decode("latin-1") if modified else None,
            body_sha256=hashlib.sha256(response.body).hexdigest(),
        )

    def is_unchanged(self, response: Response, state: PageState) -> bool:
        """Return whether the page is what it was at the last fetch; `state` is that of this one."""
        old = self._old_state(response)
        return response.status == 304 or (old is not None and state.body_sha256 == old.body_sha256)

    def _old_state(self, response: Response) -> PageState | None:
        state: PageState | None = response.meta["page_state"]
        return state
