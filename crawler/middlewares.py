"""Scrapy downloader middlewares: what is never requested, conditional requests, and the right encoding."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.http import Request, Response, TextResponse
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding

from crawler.decoding import find_encoding
from crawler.failures import RequestRefused
from crawler.job import CrawlJob
from crawler.pipelines import job_of
from crawler.refusals import is_login_address, plain_host, refuse_url
from records.errors import Rejected

# A tag of a page has a dozen; 50,000 took libxml2 two minutes.
MAX_ATTRIBUTES = 1000
_LONG_TAG = re.compile(rb"<[a-zA-Z][^<>]{4000,}")


class RefusalMiddleware:
    """Stops a request, first or redirected, to a refused platform, other host, private address or log-in."""

    def __init__(self, job: CrawlJob) -> None:
        self._source = job.source

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(job_of(crawler))

    def process_request(self, request: Request) -> None:
        """Raise RequestRefused where the request must not be made."""
        url = request.url
        if urlsplit(url).scheme not in ("http", "https"):
            raise RequestRefused("not_http", f'"{url}" is not a web address')
        try:
            refuse_url(url)
        except Rejected as err:
            raise RequestRefused(err.code, str(err)) from err
        if "redirect_times" in request.meta and is_login_address(url):
            raise RequestRefused(
                "access_denied", f'it asks for a log-in at "{url}", which is never worked around'
            )
        host = plain_host(url)
        if not any(host == own or host.endswith(f".{own}") for own in self._source.hosts):
            raise RequestRefused(
                "offsite", f'it leads away to "{host}" (if that is right, add it to also_hosts)'
            )
        if not self._source.local and is_private_address(host):
            raise RequestRefused(
                "private_address", f'"{host}" is no public address (local: true for your own)'
            )


class ConditionalMiddleware:
    """Asks for a known page only if it has changed. For requests with meta "page_url"."""

    def __init__(self, job: CrawlJob) -> None:
        self._sink = job.sink

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(job_of(crawler))

    def process_request(self, request: Request) -> None:
        """Add the validators of the last fetch."""
        url = request.meta.get("page_url")
        if url is None or "page_state" in request.meta:
            return
        state = request.meta["page_state"] = self._sink.page_state(url)
        if state is not None and state.etag:
            request.headers["If-None-Match"] = state.etag
        if state is not None and state.last_modified:
            request.headers["If-Modified-Since"] = state.last_modified


class DecodingMiddleware:
    """Gives text responses the encoding that their bytes are in, whatever header and markup say.

    Stops what libxml2 would be busy with for minutes: it compares each attribute of a tag with all others.
    """

    def __init__(self, job: CrawlJob) -> None:
        self._override = job.source.encoding

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(job_of(crawler))

    def process_response(self, request: Request, response: Response) -> Response:
        if not isinstance(response, TextResponse):
            return response
        if any(len(tag.split()) > MAX_ATTRIBUTES for tag in _LONG_TAG.findall(response.body)):
            raise RequestRefused(
                "too_complex", f'"{request.url}": a tag with over {MAX_ATTRIBUTES} attributes'
            )
        header = (response.headers.get("Content-Type") or b"").decode("latin-1")
        declared = http_content_type_encoding(header) or html_body_declared_encoding(response.body)
        encoding = self._override or find_encoding(response.body, declared)
        return response if response.encoding == encoding else response.replace(encoding=encoding)


def is_private_address(host: str) -> bool:
    """Return whether `host` is itself an address that is not public. A name is resolver's to judge."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
