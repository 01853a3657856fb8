"""How Scrapy is set for one source. Every value that differs from Scrapy's own, with its reason."""

from __future__ import annotations

from typing import Any

from scrapy.settings import default_settings

from crawler.polling import Allowance
from crawler.source import Source

# The largest page of a real board is under 1 MB; what is past this is no page.
MAX_PAGE_BYTES = 10 * 1024 * 1024
PAGE_TIMEOUT_S = 30
RETRIES = 2
MAX_REDIRECTS = 5


def part_modules() -> list[str]:
    """Return the modules that Scrapy loads by name at the start of each crawl, ours included.

    Whoever forks crawls imports them once before: they are two thirds of the CPU of a crawl of an unchanged
    source. None of them makes a reactor, of which a process has one.
    """
    parts = [
        *default_settings.DOWNLOADER_MIDDLEWARES_BASE,
        *default_settings.SPIDER_MIDDLEWARES_BASE,
        *default_settings.EXTENSIONS_BASE,
        *filter(None, default_settings.DOWNLOAD_HANDLERS_BASE.values()),
        default_settings.SCHEDULER,
        default_settings.SCHEDULER_PRIORITY_QUEUE,
        default_settings.SCHEDULER_DISK_QUEUE,
        default_settings.DUPEFILTER_CLASS,
        default_settings.STATS_CLASS,
        default_settings.LOG_FORMATTER,
        "crawler.middlewares.RefusalMiddleware",
        "crawler.pace.RetryAfterMiddleware",
    ]
    return sorted({part.rpartition(".")[0] for part in parts})


def crawl_settings(source: Source, *, user_agent: str, allowed: Allowance | None = None) -> dict[str, Any]:
    """Return the Scrapy settings for a crawl of `source`, which costs no more than is `allowed`."""
    return {
        "BOT_NAME": "huiying",
        # Who we are, and that we do as we are told.
        "USER_AGENT": user_agent,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": user_agent.split("/")[0],
        "DEFAULT_REQUEST_HEADERS": {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"},
        "COOKIES_ENABLED": False,
        "REFERER_ENABLED": False,
        # One at a time, slowly, slower still where the site is slow.
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        # Scrapy's 16 would wait in the downloader and still be sent after a site has said no.
        "CONCURRENT_REQUESTS": 2,
        "DOWNLOAD_DELAY": source.delay_s,
        "AUTOTHROTTLE_ENABLED": source.delay_s > 0,
        "AUTOTHROTTLE_START_DELAY": source.delay_s,
        # In the site's own order: newest first, a list page after the messages of the one before.
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        # Scrapy starts this many workers for every response, and ours holds one item (a feed a few): 100 of
        # them were an eighth of the time of a crawl.
        "CONCURRENT_ITEMS": 1,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
        # Nothing without an end.
        "DOWNLOAD_MAXSIZE": MAX_PAGE_BYTES,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": PAGE_TIMEOUT_S,
        "RETRY_TIMES": RETRIES,
        "RETRY_GIVE_UP_LOG_LEVEL": "INFO",
        "REDIRECT_MAX_TIMES": MAX_REDIRECTS,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "CLOSESPIDER_PAGECOUNT": allowed.requests if allowed is not None else 0,
        "CLOSESPIDER_TIMEOUT": (allowed.seconds or 0) if allowed is not None else 0,
        # Unmasked text stays in memory: no cache of bodies, no queue on disk, no item in a log, no way in.
        "HTTPCACHE_ENABLED": False,
        "JOBDIR": None,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        # Looked up in the metadata of ten packages: a tenth of the CPU of a crawl of an unchanged source.
        "LOG_VERSIONS": [],
        "STATS_DUMP": False,
        "TWISTED_DNS_RESOLVER": (
            "scrapy.resolver.CachingThreadedResolver"
            if source.local
            else "crawler.resolver.PublicAddressResolver"
        ),
        "EXTENSIONS": {"crawler.pace.CrawlDelay": 0},
        "DOWNLOADER_MIDDLEWARES": {
            # Ours knows the hosts of the source and tells the spider why; Scrapy's drops in silence.
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "crawler.middlewares.RefusalMiddleware": 50,
            "crawler.middlewares.ConditionalMiddleware": 480,
            # Before Scrapy tries again (550).
            "crawler.pace.RetryAfterMiddleware": 555,
            # After decompression (590), before anything reads the text (580).
            "crawler.middlewares.DecodingMiddleware": 585,
        },
        "ITEM_PIPELINES": {
            "crawler.pipelines.MaskPipeline": 100,
            "crawler.pipelines.ValidatePipeline": 200,
            "crawler.pipelines.StorePipeline": 300,
        },
    }
