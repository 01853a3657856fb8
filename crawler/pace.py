"""How fast the site itself wants to be asked: Crawl-delay of its robots.txt, Retry-After of its answers."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser

from crawler.failures import RequestRefused
from crawler.pipelines import job_of
from records.times import aware

# A crawl waits so long itself; for longer it ends, and the next one begins no sooner.
LONGEST_WAIT_S = 60
# Without a delay of its own a slot does not look at when its last request was.
_SOME_DELAY_S = 0.01


class CrawlDelay:
    """Scrapy extension: a Crawl-delay in robots.txt is the least time between two requests.

    Scrapy 2.19 parses the directive and leaves it to others.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        crawler.signals.connect(self._obey, signal=signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _obey(self, robotparser: RobotParser) -> None:
        throttle = self._crawler.get_extension(AutoThrottle)
        delay_s = robotparser.crawl_delay(self._crawler.settings["ROBOTSTXT_USER_AGENT"])
        if delay_s is None or throttle is None:
            return
        throttle.mindelay = max(throttle.mindelay, delay_s)
        throttle.maxdelay = max(throttle.maxdelay, delay_s)
        for slot in self._crawler.engine.downloader.slots.values():
            slot.delay = max(slot.delay, delay_s)


class RetryAfterMiddleware:
    """Holds the requests to a site back for as long as its 429 or 503 says, before Scrapy tries again.

    Scrapy 2.19 tries again after its usual delay, whatever the site says.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._job = job_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        """Give the response on. Raises RequestRefused where the site wants more rest than a crawl waits."""
        stated = response.headers.get("Retry-After")
        if response.status not in (429, 503) or stated is None:
            return response
        wait_s = retry_after_s(stated.decode("latin-1"), now=self._job.now)
        if wait_s > LONGEST_WAIT_S:
            self._job.tally.note_wait(wait_s)
            raise RequestRefused("too_many_requests", f"the site asks to be left alone for {wait_s} s")
        slot = self._crawler.engine.downloader.slots.get(request.meta.get("download_slot", ""))
        if slot is not None:
            slot.delay = max(slot.delay, _SOME_DELAY_S)
            slot.lastseen = monotonic() + wait_s
        return response


def retry_after_s(stated: str, *, now: datetime) -> int:
    """Return the seconds that a Retry-After asks for, a number or a date; 0 for what is neither, or past."""
    if stated.strip().isdecimal():
        return int(stated)
    try:
        return max(int((aware(parsedate_to_datetime(stated)) - now).total_seconds()), 0)
    except ValueError:
        return 0
