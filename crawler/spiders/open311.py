"""The `open311` spider: service requests of GeoReport v2, window by window of dates, the newest first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

from scrapy.http import Request, Response, TextResponse
from w3lib.url import add_or_replace_parameters

from crawler.job import Gathered
from crawler.open311_requests import read_requests, request_post
from crawler.source import Open311Source
from crawler.spiders.source_spider import SourceSpider
from crawler.tally import Quarantined
from records.errors import Rejected
from records.known import KnownPost
from records.post import Post
from records.times import Period

# The most that the standard lets a server give at once. A window with so many is asked for in halves.
MOST_AT_ONCE = 1000
SHORTEST_WINDOW = timedelta(hours=1)
# Open requests asked for again in one request, by their numbers.
IDS_AT_ONCE = 50


class Open311Spider(SourceSpider[Open311Source]):
    """One endpoint. Reads back to what a complete crawl has, and open requests again by their numbers."""

    async def start(self) -> AsyncIterator[Request]:
        for url in self.source.start_urls:
            yield self._window_request(url, self._window(1), page=1)
            due = self._due_ids()
            for start in range(0, len(due), IDS_AT_ONCE):
                ids = ",".join(due[start : start + IDS_AT_ONCE])
                yield self._ask(url, {"service_request_id": ids}, window=None, page=0)

    def address_of(self, native_id: str, post: KnownPost) -> None:
        """Return None: a request has no page of its own to visit."""

    def _due_ids(self) -> list[str]:
        """Return the numbers of the open requests that are due, older than the windows of this crawl."""
        reach = self._looks_back_to()
        return [
            native_id
            for native_id, post in self.known.items()
            if post.asked_at < reach and not post.answered and self.is_due(post)
        ][: self.source.max_items]

    def _looks_back_to(self) -> datetime:
        """Return when the oldest window begins."""
        if self.job.watermark is None:
            return self.job.now - timedelta(days=self.source.history_days)
        return self.job.watermark - timedelta(days=self.source.look_back_days)

    def _window(self, page: int) -> Period:
        """Return the window of the `page`, which counts from 1 back in time."""
        length = timedelta(days=self.source.window_days)
        end = self.job.now - (page - 1) * length
        return Period(start=max(end - length, min(self._looks_back_to(), end)), end=end)

    def _window_request(self, url: str, window: Period, *, page: int) -> Request:
        dates = {"start_date": _stated(window.start), "end_date": _stated(window.end)}
        return self._ask(url, dates, window=window, page=page)

    def _ask(self, url: str, parameters: dict[str, str], *, window: Period | None, page: int) -> Request:
        if self.source.jurisdiction_id is not None:
            parameters = {"jurisdiction_id": self.source.jurisdiction_id, **parameters}
        request = self.list_request(add_or_replace_parameters(url, parameters), page=page)
        return request.replace(cb_kwargs={"page": page, "url": url, "window": window})

    def read_list(
        self, response: Response, page: int, url: str = "", window: Period | None = None
    ) -> Iterator[Request | Gathered]:
        """Yield the requests of a window, or of numbers, and ask for the next window or for halves of it."""
        try:
            requests = read_requests(response.body, self.text_response(response).text)
        except Quarantined as err:
            self.stop(err.code, f'"{response.url}": {err} (check the address: it ends with requests.json)')
        for number, request in enumerate(requests):
            yield from self._take(request, f"{response.url}#{number}")
        if window is None:
            return
        if len(requests) >= MOST_AT_ONCE and window.length > SHORTEST_WINDOW:
            middle = window.start + window.length / 2
            for half in (Period(start=middle, end=window.end), Period(start=window.start, end=middle)):
                yield self._window_request(url, half, page=0)
        elif len(requests) >= MOST_AT_ONCE:
            self.tally.note_gap("full_window", 1)
        if page and window.start > self._looks_back_to():
            if page < self.source.max_pages:
                yield self._window_request(url, self._window(page + 1), page=page + 1)
            else:
                yield from self.next_list(url, page)

    def _take(self, request: dict[str, str], where: str) -> Iterator[Gathered]:
        key = request["service_request_id"] or where
        if not self.tally.begin(key):
            return
        try:
            post = request_post(request, source=self.source, now=self.job.now)
        except Rejected as err:
            self.tally.reject(key, err)
        else:
            yield Gathered(key=key, post=post)

    def read_post(self, response: TextResponse, url: str) -> Post:
        raise NotImplementedError("a request has no page of its own")


def _stated(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
