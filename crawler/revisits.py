"""When a message that we have is looked at again: ever more seldom, and at last never. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from records.known import KnownPost

# A message is looked at again after this share of its age. A daily crawl visits an unanswered one every day
# for 60 days, the longest that a reply may take by law (petitions), and an answered one for 30: many first
# replies only tell who deals with it, and are followed or corrected. An unchanged page costs a conditional
# request.
OPEN_SHARE = 1 / 60
ANSWERED_SHARE = 1 / 30
# Of a message asked a moment ago.
SOONEST = timedelta(minutes=30)


def next_visit(post: KnownPost, *, settled: Collection[str], give_up: timedelta) -> datetime | None:
    """Return when to look at the post again; None for never: settled, or given up at the age of `give_up`."""
    age = post.seen_at - post.asked_at
    if post.status in settled or age >= give_up:
        return None
    share = ANSWERED_SHARE if post.answered else OPEN_SHARE
    return post.seen_at + max(SOONEST, age * share)


def is_behind(post: KnownPost, *, watermark: datetime | None, looked_back_to: datetime) -> bool:
    """Return whether a list needs no further look once it shows only such posts.

    A complete crawl has stored it (or a crawl before that), and it was asked before `looked_back_to`: boards
    publish an old message once it is answered, below newer ones that we have.
    """
    return watermark is not None and post.stored_at <= watermark and post.asked_at < looked_back_to
