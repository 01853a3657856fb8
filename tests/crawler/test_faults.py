"""What a row of crawls says of a site: fine, refused, or changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crawler.faults import FaultKind, find_fault
from records.run import RunCounts, RunKind, RunRecord, RunState
from tests.crawler.crawling import NOW

FOUND = {"posts": 6, "title": 6, "status": 6, "replies": 2, "same_title": 1, "same_text": 1}


def run(number: int, *, error: str | None = None, **counts: Any) -> RunRecord:
    """Return the crawl of so many hours ago."""
    return RunRecord(
        id=1000 - number, kind=RunKind.CRAWL, subject="lake", started_at=NOW - timedelta(hours=number),
        state=RunState.FAILED if error else RunState.DONE, error=error,
        counts=RunCounts(**{"fetched": 6, "stored": 6, "found": FOUND, **counts}),
    )  # fmt: skip


EARLIER = [run(number) for number in range(5, 8)]


@pytest.mark.parametrize(
    ("newest", "kind", "says"),
    [
        ([run(1, error="denied", failure="access_denied"), run(2, error="denied", failure="access_denied")],
         FaultKind.REFUSED, "网站拒绝访问，已停下，不绕过：denied"),
        ([run(1, error="robots", failure="robots_denied")], FaultKind.REFUSED, "robots"),
        ([run(1, error="item", failure="selector_matched_nothing")], FaultKind.CHANGED, "不一样了：item"),
        ([run(1, stored=2, quarantined={"selector_matched_nothing": 4}), run(2, quarantined={"no_json": 6})],
         FaultKind.CHANGED, "6 条里有 4 条读不出"),
        ([run(1, found={**FOUND, "status": 0})], FaultKind.CHANGED, "最近 6 条都没有读到状态"),
        ([run(1, found={"posts": 3, "title": 3, "same_title": 3}),
          run(2, found={"posts": 2, "title": 2, "same_title": 2})],
         FaultKind.CHANGED, "最近 5 条都没有读到状态"),
        ([run(1, found={**FOUND, "same_title": 6})], FaultKind.CHANGED, "6 条里有 6 条标题一样"),
        ([run(1, found={**FOUND, "same_text": 5})], FaultKind.CHANGED, "6 条里有 5 条正文一样"),
        ([run(1, found={**FOUND, "answered": 6, "reply_lost": 4, "replies": 2})],
         FaultKind.CHANGED, "6 条有过答复的再读时，4 条没有读到答复"),
        ([run(1, found={"posts": 3, "title": 3, "status": 3, "answered": 2, "reply_lost": 2}),
          run(2, found={"posts": 4, "title": 4, "status": 4, "answered": 3, "reply_lost": 3})],
         FaultKind.CHANGED, "5 条有过答复的再读时，5 条没有读到答复"),
    ],
)  # fmt: skip
def test_a_site_that_refuses_or_has_changed(newest: list[RunRecord], kind: FaultKind, says: str) -> None:
    fault = find_fault([*newest, *EARLIER])
    assert fault is not None
    assert (fault.kind, fault.since) == (kind, newest[-1].started_at)
    assert says in fault.reason


@pytest.mark.parametrize(
    "runs",
    [
        [],
        EARLIER,
        [run(1, error="timeout", failure="timeout"), *EARLIER],  # away is not changed
        [run(1, error="item", failure="selector_matched_nothing")],  # never was right: the entry is wrong
        [run(1, found={**FOUND, "posts": 4, "status": 0}), *EARLIER[:1]],  # too few to tell
        [
            run(1, found={**FOUND, "replies": 0}),
            *[run(n, found={**FOUND, "replies": 6}) for n in (2, 3)],
        ],  # new ones
        [run(1, found={**FOUND, "answered": 6, "reply_lost": 1, "replies": 5}), *EARLIER],  # one withdrawn
        [run(1, found={**FOUND, "answered": 2, "reply_lost": 2, "replies": 0})],  # too few to tell
        [
            run(1, found={**FOUND, "replies": 6}),
            run(2, found={**FOUND, "answered": 6, "reply_lost": 6, "replies": 0}),
        ],  # found again
        [run(1, fetched=9, quarantined={"not_html": 1}), *EARLIER],
        [run(1, fetched=2, quarantined={"no_json": 2}), *EARLIER],
        [run(1, error="503", fetched=4, quarantined={"no_json": 4}), *EARLIER],
    ],
)
def test_what_is_no_fault_of_the_site(runs: list[RunRecord]) -> None:
    assert find_fault(runs) is None
