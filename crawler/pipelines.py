"""Scrapy item pipelines, in this order: mask → validate → store. Nothing unmasked passes the first."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.job import CrawlJob, Gathered
from crawler.masking import mask_post
from crawler.validation import check_post
from records.errors import HuiyingError, Rejected
from records.known import KnownPost

# A batch is one transaction; small enough that a killed crawl fetches few pages again.
BATCH = 20

logger = logging.getLogger(__name__)


class MaskPipeline:
    """Personal details out of title, text, replies, place: the crawler's last change to a post."""

    def process_item(self, item: Gathered) -> Gathered:
        return replace(item, post=mask_post(item.post))


class ValidatePipeline:
    """Posts that cannot be taken are counted by their reason and dropped."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._job = job_of(crawler)
        self._ids: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: Gathered) -> Gathered:
        try:
            check_post(item.post, now=self._job.now)
            if item.post.native_id in self._ids:
                raise Rejected("duplicate_id", f'post "{item.post.id}": met twice in this crawl')  # noqa: TRY301
        except Rejected as err:
            self._job.tally.reject(item.key, err)
            raise DropItem(err.code, log_level="INFO") from err
        self._ids.add(item.post.native_id)
        known: Mapping[str, KnownPost] = getattr(self._crawler.spider, "known", {})
        old = known.get(item.post.native_id)
        self._job.tally.note_fields(item.post, was_answered=old is not None and old.answered)
        return item


class StorePipeline:
    """Posts to the sink, in batches; their pages are remembered only once the posts are stored."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._job = job_of(crawler)
        self._batch: list[Gathered] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_item(self, item: Gathered) -> Gathered:
        self._batch.append(item)
        if len(self._batch) >= BATCH and not self._store():
            await self._crawler.engine.close_spider_async(reason="storing_failed")
        return item

    def close_spider(self) -> None:
        self._store()

    def _store(self) -> bool:
        """Store the batch and count it; return whether that went well. On an error the run stops."""
        batch, self._batch = self._batch, []
        if not batch:
            return True
        job = self._job
        try:
            outcomes = job.sink.save([item.post for item in batch])
            job.sink.put_page_states([item.page for item in batch if item.page is not None])
        except Exception as err:
            # Whatever the store raises ends the crawl, and its own message may quote the posts it was given.
            reason = str(err) if isinstance(err, HuiyingError) else type(err).__name__
            job.tally.fail("storing_failed", f'source "{job.source.name}": storing failed: {reason}')
            # The traceback would quote the posts, too.
            logger.error("source %s: storing failed: %s", job.source.name, type(err).__name__)  # noqa: TRY400
            return False
        for item, (_, outcome) in zip(batch, outcomes, strict=True):
            job.tally.save(item.key, outcome)
        if job.progress is not None:
            job.progress(job.tally.counts())
        return True


def job_of(crawler: Crawler) -> CrawlJob:
    """Return the job of the crawl that `crawler` runs."""
    job = getattr(crawler.spider, "job", None)
    assert isinstance(job, CrawlJob)  # noqa: S101  # only crawler.run starts our spiders
    return job
