"""What the crawls of a source say of the site: that it refuses us, or that it has changed. Pure.

`runs` are one source's crawls, newest first. Reasons are Chinese sentences, for people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import takewhile

from records.run import RunRecord, RunState

REFUSING = frozenset(
    {"access_denied", "robots_denied", "too_many_requests", "refused_platform", "looks_like_forum"}
)
# A list, feed or sitemap that came and was not what it had been.
NOT_READ = frozenset(
    {"selector_matched_nothing", "selector_does_not_fit", "no_json", "no_feed", "no_sitemap", "not_html",
     "not_open311"}
)  # fmt: skip
# So many items tell what a site is like now, and before; fewer may be chance.
LEAST_NOW = 5
LEAST_BEFORE = 10
LEAST_UNREAD = 3
# A field that most items had and none has any more; a title or text that few shared and most have now.
USUAL_SHARE = 0.8
ODD_SHARE = 0.5
_TITLES = {"title": "标题", "addressed_to": "受理单位", "place": "地区", "status": "状态"}
# A site that answers every address with one notice.
_SAME = {"same_title": "标题", "same_text": "正文"}


class FaultKind(StrEnum):
    REFUSED = "refused"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a source, since which crawl, and how it shows."""

    kind: FaultKind
    since: datetime
    reason: str


def find_fault(runs: Sequence[RunRecord]) -> Fault | None:
    """Return what the newest crawls say of the site, None where nothing is wrong with it."""
    return _refused(runs) or _unreadable(runs) or _lost_fields(runs) or _lost_replies(runs)


def fault_kind(run: RunRecord) -> FaultKind | None:
    """Return what one crawl alone says of the site."""
    if run.counts.failure in REFUSING:
        return FaultKind.REFUSED
    unread = run.counts.failure in NOT_READ or (run.state is RunState.DONE and not has_seen(run))
    return FaultKind.CHANGED if unread else None


def has_seen(run: RunRecord) -> bool:
    """Return whether the crawl could read what it met: most of its items were not quarantined."""
    return 2 * sum(run.counts.quarantined.values()) <= run.counts.fetched


def _refused(runs: Sequence[RunRecord]) -> Fault | None:
    refused = list(takewhile(lambda run: fault_kind(run) is FaultKind.REFUSED, runs))
    if not refused:
        return None
    reason = f"网站拒绝访问，已停下，不绕过：{refused[0].error}。"
    return Fault(kind=FaultKind.REFUSED, since=refused[-1].started_at, reason=reason)


def _unreadable(runs: Sequence[RunRecord]) -> Fault | None:
    """Return a fault where lists, or most items, are no longer what the selectors expect, and once were."""
    unread = list(takewhile(lambda run: fault_kind(run) is FaultKind.CHANGED, runs))
    if not unread or len(unread) == len(runs):
        return None
    counts = unread[0].counts
    items = sum(sum(run.counts.quarantined.values()) for run in unread)
    if counts.failure not in NOT_READ and items < LEAST_UNREAD:
        return None
    how = (
        f"{unread[0].error}"
        if counts.failure in NOT_READ
        else f"{counts.fetched} 条里有 {sum(counts.quarantined.values())} 条读不出"
    )
    reason = f"网页还在，但和从前不一样了：{how}。"
    return Fault(kind=FaultKind.CHANGED, since=unread[-1].started_at, reason=reason)


def _lost_fields(runs: Sequence[RunRecord]) -> Fault | None:
    now, newest = Counter[str](), []
    for run in runs:
        if now["posts"] >= LEAST_NOW:
            break
        now.update(run.counts.found)
        newest.append(run)
    before = Counter[str]()
    for run in runs[len(newest) :]:
        before.update(run.counts.found)
    if now["posts"] < LEAST_NOW or before["posts"] < LEAST_BEFORE:
        return None
    lost = [
        title
        for name, title in _TITLES.items()
        if before[name] >= USUAL_SHARE * before["posts"] and not now[name]
    ]
    since = newest[-1].started_at
    if lost:
        reason = f"网页还在，但最近 {now['posts']} 条都没有读到{'、'.join(lost)}，从前多数都有。"
        return Fault(kind=FaultKind.CHANGED, since=since, reason=reason)
    for name, title in _SAME.items():
        if now[name] >= USUAL_SHARE * now["posts"] and before[name] < ODD_SHARE * before["posts"]:
            reason = f"最近 {now['posts']} 条里有 {now[name]} 条{title}一样，从前不是这样。"
            return Fault(kind=FaultKind.CHANGED, since=since, reason=reason)
    return None


def _lost_replies(runs: Sequence[RunRecord]) -> Fault | None:
    """Return a fault where most messages that had a reply are read without one; new ones have none yet.

    A row of messages read with a reply, since, shows that replies are found again.
    """
    now = Counter[str]()
    for run in runs:
        now.update(run.counts.found)
        if now["reply_lost"] > ODD_SHARE * now["answered"] and now["answered"] >= LEAST_NOW:
            reason = f"{now['answered']} 条有过答复的再读时，{now['reply_lost']} 条没有读到答复。"
            return Fault(kind=FaultKind.CHANGED, since=run.started_at, reason=reason)
        if now["replies"] >= LEAST_NOW:
            break
    return None
