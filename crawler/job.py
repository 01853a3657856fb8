"""What one crawl is handed, and what its spider yields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from crawler.source import Source
from crawler.tally import Tally
from records.known import KnownPost
from records.page import PageState
from records.post import Post
from records.run import RunCounts, SaveOutcome


class PostSink(Protocol):
    """Where one source's posts go. app gives it storage.Database; tests give it a list."""

    def save(self, posts: Sequence[Post]) -> Sequence[tuple[str, SaveOutcome]]:
        """Store the posts durably; one (post id, outcome) for each, in order."""

    def page_state(self, url: str) -> PageState | None:
        """Return what is remembered of the page, or None."""

    def put_page_states(self, states: Sequence[PageState]) -> None:
        """Remember the pages. Called only after their posts are saved."""

    def known(self) -> Mapping[str, KnownPost]:
        """Return what this source already has, by native id."""

    def mark_seen(self, native_ids: Sequence[str], *, now: datetime) -> None:
        """Note that these posts were looked at and have not changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlJob:
    """One crawl of one source.

    `watermark`: what was stored up to then is complete; None where no crawl ever was. `progress` is called
    with the counts so far, after each stored batch.
    """

    source: Source
    sink: PostSink
    tally: Tally
    now: datetime
    watermark: datetime | None = None
    progress: Callable[[RunCounts], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The item of our spiders: a post on its way through the pipelines, and its page once it is stored.

    Scrapy writes items into its log; only `key` is in this one's repr, so no text of a message can get there.
    """

    key: str
    post: Post = field(repr=False)
    page: PageState | None = field(repr=False, default=None)
