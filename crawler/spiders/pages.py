"""The `pages` spider: articles found through a sitemap or a list page; bodies by trafilatura."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import trafilatura
from lxml.etree import XMLSyntaxError
from parsel import Selector
from scrapy.http import Request, Response, TextResponse
from scrapy.utils.gz import gunzip, gzip_magic_number
from scrapy.utils.sitemap import Sitemap

from crawler.crawl_settings import MAX_PAGE_BYTES
from crawler.extraction import (
    all_text,
    first_text,
    hashed_id,
    html_page,
    join_url,
    json_ld_value,
    meta_value,
    read_date,
    select,
    tidy,
    without_bad_references,
    without_comments,
    without_control_characters,
)
from crawler.job import Gathered
from crawler.selectors import DateRule
from crawler.source import PagesSource
from crawler.spiders.source_spider import SourceSpider
from crawler.tally import Quarantined
from records.errors import Rejected
from records.known import KnownPost
from records.post import Post
from records.times import parse_time

# An index of indexes is the deepest that the protocol has in use.
MAX_SITEMAP_DEPTH = 3


class PagesSpider(SourceSpider[PagesSource]):
    """News and notices. Dates only by the rule that the catalogue names.

    Lists are read as far as those of boards; of a sitemap what is new comes first.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._met: set[str] = set()

    def read_list(self, response: Response, page: int) -> Iterator[Request | Gathered]:
        sitemap = sitemap_body(response)
        if sitemap is not None:
            yield from self._read_sitemap(response, sitemap, page)
        elif isinstance(response, TextResponse) and self.source.selectors.item is not None:
            yield from self._read_listing(response, self.source.selectors.item, page)
        else:
            self._fail_without_sitemap(response)

    def _fail_without_sitemap(self, response: Response) -> None:
        self.tally.fail(
            "no_sitemap",
            f'source "{self.name}": "{response.url}": no sitemap (check the address, '
            "or give selectors.item for a list page)",
        )

    def _read_sitemap(self, response: Response, body: bytes, depth: int) -> Iterator[Request]:
        kind, entries = read_sitemap(body)
        if not kind:
            self._fail_without_sitemap(response)
            return
        entries.sort(key=lambda entry: entry.get("lastmod", ""), reverse=True)
        urls = [join_url(response, entry["loc"]) for entry in entries]
        changes = [entry.get("lastmod", "") for entry in entries]
        if kind == "sitemapindex":
            if depth < MAX_SITEMAP_DEPTH:
                yield from (self.list_request(url, page=depth + 1) for url in urls if url)
            return
        for url, changed in zip(urls, changes, strict=True):
            if self._is_article(url) and self._is_worth_a_visit(self.find_known(url), changed):
                yield from self.visit(url)

    def _is_worth_a_visit(self, known: KnownPost | None, changed: str) -> bool:
        """Return whether an article of a sitemap is new, due, or `changed` (lastmod) after the last visit."""
        if self.is_due(known) or known is None:
            return True
        try:
            return parse_time(changed, zone=self.source.zone_info) > known.seen_at
        except Rejected:
            return False

    def _read_listing(self, listing: TextResponse, item: str, page: int) -> Iterator[Request]:
        selectors = self.source.selectors
        content = html_page(listing)
        entries = select(content, item)
        self.refuse_forum(listing, entries)
        links = filter(None, map(self._href, entries))
        urls = [url for link in links if self._is_article(url := join_url(listing, link))]
        if not urls and page == 1:
            self.refuse_challenge(listing)
            self.tally.fail(
                "selector_matched_nothing",
                f'source "{self.name}": selectors.item "{item}": matches no link on "{listing.url}" '
                "(look at the page and correct it)",
            )
        is_new = not self._met.issuperset(urls)
        self._met.update(urls)
        known = [self.find_known(url) for url in urls]
        for url, post in zip(urls, known, strict=True):
            if self.is_due(post):
                yield from self.visit(url)
        following = select(content, selectors.next_page).get() if selectors.next_page else None
        if following and is_new and not self.is_behind(known):
            yield from self.next_list(join_url(listing, following), page)

    def _href(self, entry: Selector) -> str:
        """Return the link of a list entry: itself, or the first within it."""
        if isinstance(entry.root, str):
            return entry.root.strip()
        return (entry.xpath("./@href | .//a/@href").get() or "").strip()

    def _is_article(self, url: str) -> bool:
        pattern = self.source.selectors.article_url
        return bool(url) and (pattern is None or re.search(pattern, url) is not None)

    def read_post(self, response: TextResponse, url: str) -> Post:
        source, selectors = self.source, self.source.selectors
        page = without_comments(html_page(response))
        asked_at = self._date(page, selectors.date, url)
        title = first_text(page, selectors.title)
        text = all_text(page, selectors.body) if selectors.body else article_text(page, url)
        if not text:
            missing = "selectors.body" if selectors.body else "trafilatura"
            raise Quarantined("selector_matched_nothing", f'{missing} finds no text on "{url}"')
        return Post(
            source=source.name,
            channel=source.channel,
            native_id=self._native_id(url),
            url=url,
            title=title,
            text=text,
            asked_at=asked_at,
            fetched_at=self.job.now,
            addressed_to=first_text(page, selectors.department) or source.department,
            place=source.place,
        )

    def _native_id(self, url: str) -> str:
        pattern = self.source.selectors.id_from_url
        match = re.search(pattern, url) if pattern else None
        if pattern and match is None:
            raise Quarantined("no_id_in_url", f'id_from_url "{pattern}" does not fit "{url}"')
        return match.group(1) if match else hashed_id(url)

    def _date(self, page: Selector, rule: DateRule, url: str) -> datetime:
        if rule.selector is not None:
            stated = first_text(page, rule.selector)
        elif rule.meta is not None:
            stated = meta_value(page, rule.meta)
        elif rule.json_ld is not None:
            stated = json_ld_value(page, rule.json_ld)
        else:
            match = re.search(rule.url or "", url)
            stated = match.group(1) if match else ""
        return read_date(stated, formats=self.source.date_formats, zone=self.source.zone_info)


def sitemap_body(response: Response) -> bytes | None:
    """Return the XML of a sitemap or sitemap index, unpacked; None where the response is neither.

    Raises Rejected("too_large") where it unpacks to more than a page may be.
    """
    body = response.body
    if gzip_magic_number(response):
        try:
            body = gunzip(body, max_size=MAX_PAGE_BYTES)
        except (OSError, EOFError, ValueError):
            return None
    head = body[:2000]
    return body if b"<urlset" in head or b"<sitemapindex" in head else None


def read_sitemap(body: bytes) -> tuple[str, list[dict[str, str]]]:
    """Return "urlset" or "sitemapindex", and its entries, each with `loc`. Broken XML gives what it can.

    The kind is "" where not even its first element can be read.
    """
    try:
        return _entries(Sitemap(body))
    except UnicodeDecodeError:
        # lxml passes over bytes that are no UTF-8, and stumbles when asked for them.
        return _entries(Sitemap(without_bad_references(body.decode("utf-8", "replace")).encode()))
    except (StopIteration, XMLSyntaxError):
        return "", []


def _entries(sitemap: Sitemap) -> tuple[str, list[dict[str, str]]]:
    return sitemap.type, [{key: str(value) for key, value in entry.items()} for entry in sitemap]


def article_text(page: Selector, url: str) -> str:
    """Return the article's body as trafilatura finds it, '' for none. No date, no author, no comments."""
    try:
        text = _extract(page, url)
    except ValueError:
        text = _extract(without_control_characters(page), url)
    return tidy(text or "")


def _extract(page: Selector, url: str) -> str | None:
    return trafilatura.extract(page.root, url=url, include_comments=False, include_tables=True)
