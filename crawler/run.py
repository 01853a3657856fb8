"""One crawl of one source, from its first request to its counts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from scrapy.crawler import AsyncCrawlerProcess

from crawler.crawl_settings import crawl_settings
from crawler.job import CrawlJob, PostSink
from crawler.polling import Allowance
from crawler.refusals import refuse_source
from crawler.source import Source
from crawler.spiders.board import BoardSpider
from crawler.spiders.feed import FeedSpider
from crawler.spiders.open311 import Open311Spider
from crawler.spiders.pages import PagesSpider
from crawler.spiders.source_spider import SourceSpider
from crawler.tally import Tally
from records.errors import ConfigurationError
from records.run import RunCounts

__all__ = ["CrawlResult", "PostSink", "crawl"]

SPIDERS: dict[str, type[SourceSpider[Source]]] = {
    "board": BoardSpider,  # type: ignore[dict-item]  # each takes the source its key names
    "feed": FeedSpider,  # type: ignore[dict-item]
    "pages": PagesSpider,  # type: ignore[dict-item]
    "open311": Open311Spider,  # type: ignore[dict-item]
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlResult:
    """How a crawl ended. `error` is one line, or None where the whole source was read."""

    counts: RunCounts
    error: str | None = None


def crawl(
    source: Source,
    sink: PostSink,
    *,
    user_agent: str,
    now: datetime,
    watermark: datetime | None = None,
    allowed: Allowance | None = None,
    progress: Callable[[RunCounts], None] | None = None,
) -> CrawlResult:
    """Crawl `source` into `sink` and return how every item of it ended.

    Runs to the end in this process, which should be one of its own: Twisted's reactor starts once.
    SIGINT and SIGTERM end the crawl in order. `user_agent` is "name/version (contact)". `watermark`: what was
    stored up to then is complete, so lists are read down to there. `allowed`: what the crawl may cost.
    Raises ConfigurationError for a user agent without a contact, Rejected for a refused platform.
    """
    if "/" not in user_agent or not ("@" in user_agent or "http" in user_agent):
        raise ConfigurationError(
            f'user agent "{user_agent}": names no contact (write "huiying/0.1 (+mailto:you@example.org)")'
        )
    refuse_source(source.name, source.start_urls)
    job = CrawlJob(source=source, sink=sink, tally=Tally(), now=now, watermark=watermark, progress=progress)
    # It logs the text of pages, and a warning for each that has none.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    process = AsyncCrawlerProcess(crawl_settings(source, user_agent=user_agent, allowed=allowed))
    crawler = process.create_crawler(SPIDERS[source.spider])
    crawling = process.crawl(crawler, job=job)
    process.start(install_signal_handlers=threading.current_thread() is threading.main_thread())
    crawling.result()
    stats = crawler.stats
    counts = replace(
        job.tally.counts(),
        requests=stats.get_value("downloader/request_count", 0),
        bytes=stats.get_value("downloader/response_bytes", 0),
        not_modified=stats.get_value("downloader/response_status_count/304", 0),
    )
    return CrawlResult(counts=counts, error=job.tally.error)
