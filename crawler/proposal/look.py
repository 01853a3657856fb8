"""Looking at an address with the crawler's own eyes: its name, robots.txt, refusals and limits."""

from __future__ import annotations

import re
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from parsel import Selector
from scrapy import Spider, signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.http import Request, Response, TextResponse
from scrapy.robotstxt import RobotParser
from twisted.python.failure import Failure

from crawler.crawl_settings import crawl_settings
from crawler.extraction import first_text, html_page, join_url
from crawler.failures import explain, failure_code
from crawler.job import CrawlJob, PostSink
from crawler.json_feed import json_feed_title
from crawler.proposal.listing import Listed, Listing, find_listing, groups_of
from crawler.proposal.propose import Detail, Proposal, news_channel, propose_list
from crawler.proposal.reply import find_reply_link
from crawler.proposal.whole import propose_whole
from crawler.refusals import is_forum_software, looks_like_forum, refuse_url
from crawler.source import FeedSource, Source
from crawler.spiders.feed import parse_feed
from crawler.spiders.pages import read_sitemap, sitemap_body
from crawler.tally import Tally
from records.errors import Rejected
from records.post import Channel

# Messages looked at: one may be unanswered, and one may be odd.
DETAILS = 3
# robots.txt may name dozens; the site's own come first.
MAX_SITEMAPS = 2
_FEEDS = (
    "//link[contains(@rel, 'alternate')]"
    "[contains(@type, 'rss') or contains(@type, 'atom') or contains(@type, 'feed+json')]/@href"
)
_TITLE_PARTS = re.compile(r"\s*[-_|—–]\s*")
_NO_LIST = (
    '"{url}": nothing on it repeats that links to pages of its own (give the address of the list itself; '
    "a list that only a browser draws cannot be read)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of a look: a proposal, or why there is none (`code` as crawls count it, `error` one line)."""

    proposal: Proposal | None = None
    code: str = ""
    error: str = ""


def looking_source(url: str, *, local: bool) -> Source:
    """Return what a crawl needs to know to look at `url`. Raises Rejected for a refused platform."""
    refuse_url(url)
    pace = {"delay_s": 0.0} if local else {}
    return FeedSource(
        name="look",
        title="look",
        channel=Channel.INBOX,
        spider="feed",
        start_urls=(url,),
        local=local,
        **pace,
    )


def look(source: Source, sink: PostSink, *, user_agent: str, now: datetime) -> Looked:
    """Look at the source's first address and return a proposal or the reason against one.

    Stores nothing. Runs to the end in this process, which should be one of its own, as crawl() does.
    """
    job = CrawlJob(source=source, sink=sink, tally=Tally(), now=now)
    process = AsyncCrawlerProcess(crawl_settings(source, user_agent=user_agent))
    crawler = process.create_crawler(LookSpider)
    seen = _Seen()
    looking = process.crawl(crawler, job=job, seen=seen)
    process.start(install_signal_handlers=threading.current_thread() is threading.main_thread())
    looking.result()
    try:
        return Looked(proposal=seen.proposal(source.start_urls[0]))
    except Rejected as err:
        return Looked(code=err.code, error=str(err))


class _Seen:
    """The pages of one look."""

    def __init__(self) -> None:
        self.error: Rejected | None = None
        self.whole: Proposal | None = None
        self.title = ""
        self.page: Selector | None = None
        self.listing: Listing | None = None
        self.details: list[Detail] = []
        self.feed: tuple[str, list[str]] | None = None
        self.sitemaps: list[tuple[str, list[str]]] = []

    def proposal(self, url: str) -> Proposal:
        """Return what the pages suggest. Raises Rejected where they suggest nothing, or are refused."""
        if self.error is not None:
            raise self.error
        if self.whole is not None:
            return self.whole
        found = None
        if self.listing is not None and self.details:
            found = propose_list(url, self.title, self.listing, self.details)
            if found.spider == "board":
                return found
        # Beside a board on one page, what links elsewhere is its menu.
        whole = propose_whole(url, self.title, self.page) if self.page is not None else None
        if whole is not None:
            return whole
        if found is None:
            raise Rejected("no_list", _NO_LIST.format(url=url))
        return self._instead(found)

    def _instead(self, found: Proposal) -> Proposal:
        """Return the feed or the sitemap that has the list's articles, else the list itself."""
        listed = {entry.url for entry in self.listing.entries} if self.listing else set()
        if self.feed is not None and listed & set(self.feed[1]):
            return Proposal(
                spider="feed", url=self.feed[0], title=self.title, channel=news_channel(self.title)
            )
        for address, urls in self.sitemaps:
            if listed <= set(urls):
                selectors = {
                    name: text for name, text in found.selectors.items() if name not in ("item", "next_page")
                }
                if isinstance(pattern := found.selectors.get("id_from_url"), str):
                    selectors["article_url"] = pattern
                return Proposal(
                    spider="pages", url=address, title=self.title, channel=found.channel, selectors=selectors
                )
        return found


class LookSpider(Spider):
    """Fetches the address, the feed and sitemaps that it or robots.txt names, and a few entries' pages."""

    name = "look"

    def __init__(self, *, job: CrawlJob, seen: _Seen, **options: Any) -> None:
        super().__init__(**options)
        self.job, self._seen = job, seen
        self._robots_sitemaps: list[str] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **options: Any) -> Any:
        spider = super().from_crawler(crawler, *args, **options)
        crawler.signals.connect(spider.note_sitemaps, signal=signals.robots_parsed)
        return spider

    def note_sitemaps(self, robotparser: RobotParser) -> None:
        """Keep the sitemaps that robots.txt names."""
        named = getattr(getattr(robotparser, "rp", None), "sitemaps", ())
        self._robots_sitemaps = list(named)[:MAX_SITEMAPS]

    async def start(self) -> AsyncIterator[Request]:
        yield Request(self.job.source.start_urls[0], callback=self.read_first, errback=self.failed)

    def failed(self, failure: Failure) -> None:
        """Keep why the address could not be fetched."""
        err = failure.value
        assert err is not None  # noqa: S101  # Twisted's failures have their exception
        code = failure_code(err)
        url = failure.request.url  # type: ignore[attr-defined]  # Scrapy sets it
        self._refuse(code, f'"{url}": {explain(code, err)}')

    def _refuse(self, code: str, reason: str) -> None:
        self._seen.error = self._seen.error or Rejected(code, reason)

    def read_first(self, response: Response) -> Iterator[Request]:
        url, seen = response.url, self._seen
        sitemap = sitemap_body(response)
        if sitemap is not None:
            yield from self._read_sitemap_alone(response, sitemap)
            return
        if not isinstance(response, TextResponse):
            self._refuse("not_html", f'"{url}" is no text (give the address of a list, feed or sitemap)')
            return
        if _is_feed(response):
            title = _feed_title(response)
            seen.whole = Proposal(spider="feed", url=url, title=title or url, channel=news_channel(title))
            return
        if self._is_forum(response):
            return
        seen.page = html_page(response)
        seen.title = page_title(seen.page) or url
        seen.listing = find_listing(seen.page, url)
        yield from self._helpers(response)
        if seen.listing is not None:
            # Answered ones first: they show where the reply is.
            entries = sorted(seen.listing.entries, key=lambda entry: not entry.answered)
            for entry in entries[:DETAILS]:
                yield self._request(entry.url, self.read_detail, title=entry.title)

    def _request(self, url: str, callback: Any, **values: Any) -> Request:
        return Request(url, callback=callback, errback=self.note_failed, cb_kwargs=values, dont_filter=True)

    def note_failed(self, failure: Failure) -> None:
        """Go on without a page that does not come: the others may do."""

    def _helpers(self, response: TextResponse) -> Iterator[Request]:
        feed = join_url(response, html_page(response).xpath(_FEEDS).get() or "")
        if feed and feed != response.url:
            yield self._request(feed, self.read_feed)
        for address in filter(None, (join_url(response, one) for one in self._robots_sitemaps)):
            yield self._request(address, self.read_sitemap)

    def _is_forum(self, response: TextResponse) -> bool:
        page = html_page(response)
        if is_forum_software(page) or any(looks_like_forum(map(_node, group)) for group in groups_of(page)):
            self._refuse(
                "looks_like_forum",
                f'"{response.url}" is a forum by its markup (avatars and profile links, or its software); '
                "huiying measures services, never speakers",
            )
            return True
        return False

    def read_feed(self, response: Response) -> None:
        if isinstance(response, TextResponse):
            links = [join_url(response, entry.get("link", "")) for entry in parse_feed(response)]
            self._seen.feed = (response.url, links)

    def read_sitemap(self, response: Response) -> None:
        body = sitemap_body(response)
        if body is not None:
            self._seen.sitemaps.append((response.url, _articles(response, body)))

    def _read_sitemap_alone(self, response: Response, body: bytes) -> Iterator[Request]:
        """Take the sitemap for the list: its entries' pages tell the rest."""
        url, urls = response.url, _articles(response, body)
        # Where a sitemap has several kinds of pages, the kind of its first is what is proposed.
        entries = tuple(Listed(url=address, title="", answered=False) for address in urls)
        self._seen.listing = Listing(item="a", link="a::attr(href)", entries=entries, next_page=None)
        self._seen.sitemaps.append((url, urls))
        for address in urls[:DETAILS]:
            yield self._request(address, self.read_detail, title="")

    def read_detail(self, response: Response, title: str) -> Iterator[Request]:
        if isinstance(response, TextResponse) and not self._is_forum(response):
            page = html_page(response)
            self._seen.title = self._seen.title or site_title(page)
            detail = Detail(url=response.url, title=title, page=page)
            self._seen.details.append(detail)
            link = find_reply_link(page)
            address = join_url(response, page.xpath(link).get() or "") if link else ""
            if address and address != response.url:
                yield self._request(address, self.read_reply, detail=detail)

    def read_reply(self, response: Response, detail: Detail) -> None:
        """Keep the page to which a message links for its reply."""
        if isinstance(response, TextResponse) and not self._is_forum(response):
            details = self._seen.details
            details[details.index(detail)] = replace(detail, reply=html_page(response))


def _node(element: Any) -> Selector:
    return Selector(root=element)


def _articles(response: Response, body: bytes) -> list[str]:
    """Return the addresses of a sitemap's pages, none of an index of sitemaps."""
    kind, entries = read_sitemap(body)
    urls = [join_url(response, entry["loc"]) for entry in entries] if kind == "urlset" else []
    return [url for url in urls if url]


def _is_feed(response: TextResponse) -> bool:
    if json_feed_title(response.text) is not None:
        return True
    head = response.text[:2000]
    return re.search(r"<(?:rss|feed|rdf:RDF)\b", head) is not None and bool(parse_feed(response))


def _feed_title(response: TextResponse) -> str:
    xml = Selector(text=response.text, type="xml")
    return json_feed_title(response.text) or first_text(xml, "//*[local-name()='title']")


def page_title(page: Selector) -> str:
    """Return the page's own name: its first heading, else the first part of its title."""
    whole = first_text(page, "//title/text()")
    return first_text(page, "h1") or _TITLE_PARTS.split(whole)[0]


def site_title(page: Selector) -> str:
    """Return the site's name: the last part of the page's title."""
    return _TITLE_PARTS.split(first_text(page, "//title/text()"))[-1]
