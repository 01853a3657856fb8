"""What a site asks for is kept to: its pace, its hours, its budget; a no is a no."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawler.costs import costs
from crawler.pace import retry_after_s
from crawler.polling import allowance, is_resting
from crawler.source import FeedSource
from records.errors import Retryable
from records.post import Channel
from records.run import RunCounts, RunKind, RunRecord, RunState
from tests.crawler.boards import SELECTORS, catalogue, listing, message
from tests.crawler.crawling import NOW, PROCESSES, crawl_into
from tests.crawler.site import Handler, Page, Site, html

HOUR = timedelta(hours=1)


def source(**values: Any) -> FeedSource:
    return FeedSource(
        name="lake", title="湖区", channel=Channel.NEWS, spider="feed",
        start_urls=("https://www.example.gov.cn/rss",), **values,
    )  # fmt: skip


def run(hours_ago: float, state: RunState = RunState.DONE, **counts: Any) -> RunRecord:
    started = NOW - hours_ago * HOUR
    return RunRecord(
        id=1, kind=RunKind.CRAWL, subject="lake", state=state, started_at=started, finished_at=started,
        counts=RunCounts(**counts),
    )  # fmt: skip


def test_a_crawl_keeps_to_the_hours_of_its_source() -> None:
    by_night = source(hours="22:00-06:30")
    assert allowance(by_night, [], now=NOW.replace(hour=23)).seconds == 7.5 * 3600
    assert allowance(by_night, [], now=NOW.replace(hour=6)).seconds == 1800
    assert allowance(source(hours="07:00-09:00"), [], now=NOW).seconds == 3600
    with pytest.raises(Retryable, match=r'source "lake": hours 22:00-06:30: it is 08:00'):
        allowance(by_night, [], now=NOW)


def test_a_crawl_has_what_is_left_of_the_days_budget() -> None:
    frugal = source(daily_requests=100)
    runs = [run(1, requests=30), run(2, requests=20), run(9, requests=99)]  # the last one was yesterday
    assert allowance(frugal, runs, now=NOW).requests == 50
    with pytest.raises(Retryable, match=r"daily_requests 100: used up"):
        allowance(frugal, [run(1, requests=100)], now=NOW)


def test_what_the_site_asked_for_outlasts_the_crawl() -> None:
    asked = [run(1, RunState.FAILED, retry_after_s=7200), run(2)]
    with pytest.raises(Retryable, match=r"left alone until 2026-11-20 09:00"):
        allowance(source(), asked, now=NOW)
    assert allowance(source(), asked, now=NOW + 1.1 * HOUR).requests


@pytest.mark.parametrize(
    ("runs", "rests"),
    [
        ([run(n, stored=1) for n in range(1, 20)], False),  # changes every hour: looked at every hour
        ([run(n, stored=n % 6 == 0) for n in range(1, 20)], True),  # every six hours: rests for three
        ([run(n, stored=n % 6 == 0) for n in range(3, 20)], False),
        ([run(n) for n in range(20, 40)], True),  # never: rests for a day
        ([run(n) for n in range(22, 40)], False),  # no longer than that
        ([run(n) for n in range(1, 4)], False),  # too few crawls to tell
        ([run(1, RunState.FAILED), *(run(n) for n in range(2, 20))], False),  # what failed is tried again
    ],
)
def test_a_source_that_seldom_changes_rests_within_bounds(runs: Sequence[RunRecord], rests: bool) -> None:
    assert is_resting(source(), runs, now=NOW) is rests


def test_costs_are_summed_by_source() -> None:
    other = RunRecord(
        id=2,
        kind=RunKind.IMPORT,
        subject="lake",
        state=RunState.DONE,
        started_at=NOW,
        counts=RunCounts(requests=9),
    )
    runs = [
        run(1, requests=5, not_modified=3, bytes=70, stored=1),
        run(2, requests=6, updated=2),
        run(99),
        other,
    ]
    (cost,) = costs(runs, since=NOW - 24 * HOUR)
    assert (cost.crawls, cost.requests, cost.not_modified, cost.bytes) == (2, 11, 3, 70)
    assert (cost.stored, cost.updated) == (1, 2)


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [("120", 120), (" 7 ", 7), ("Fri, 20 Nov 2026 00:05:00 GMT", 300), ("Thu, 19 Nov 2026 00:00:00 GMT", 0),
     ("soon", 0), ("-3", 0), ("", 0)],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(stated: str, seconds: int) -> None:
    assert retry_after_s(stated, now=NOW) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_retry_after_is_waited_for(site: Site, tmp_path: Path, status: int) -> None:
    moments: list[float] = []

    def busy_once(_: Handler) -> Page:
        moments.append(time.monotonic())
        return Page(status=status, headers={"Retry-After": "1"}) if len(moments) == 1 else message(1)

    site.pages["/list"] = listing([1, 2])
    site.pages["/detail?id=1"] = busy_once
    site.pages["/detail?id=2"] = message(2)
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list"))
    assert (crawled.error, crawled.counts.stored) == (None, 2)
    assert moments[1] - moments[0] >= 1


def test_a_long_retry_after_ends_the_crawl(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = listing(range(1, 9))
    site.pages["/detail"] = Page(status=429, headers={"Retry-After": "3600"})
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list"))
    assert "the site asks to be left alone for 3600 s" in str(crawled.error)
    assert (crawled.counts.retry_after_s, crawled.counts.failure) == (3600, "too_many_requests")
    assert crawled.counts.rejected["too_many_requests"] >= 1
    assert len(site.paths) < 6  # what was under way


def test_a_crawl_ends_with_its_budget_and_the_next_one_goes_on(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = listing(range(1, 13))
    site.pages["/detail"] = lambda handler: message(int(handler.path.rpartition("=")[2]))
    text = catalogue(f"{site.url}/list")
    first = crawl_into(tmp_path, text, requests=8)
    assert first.error is None
    assert first.counts.requests <= 10
    assert first.counts.gaps == {"cut_short": 1}
    assert first.counts.stored + first.counts.rejected["not_visited"] == 12
    second = crawl_into(tmp_path, text)
    assert len(second.posts) == 12
    assert second.counts.stored == 12 - first.counts.stored


CAPTCHA = "<html><head><title>安全验证</title></head><body><div id=slider>请拖动滑块</div></body></html>"
LOGIN = "<html><body><form><input name=u><input type=password name=p></form></body></html>"


@pytest.mark.parametrize("text", [CAPTCHA, LOGIN])
@pytest.mark.parametrize("path", ["/list", "/detail?id=3"])
def test_a_page_that_asks_for_a_captcha_or_a_password_ends_the_crawl(
    site: Site, tmp_path: Path, text: str, path: str
) -> None:
    site.pages["/list"] = listing(range(1, 30))
    site.pages["/detail"] = lambda handler: message(int(handler.path.rpartition("=")[2]))
    site.pages[path] = html(text)
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list"))
    assert "denies access or asks for a log-in" in str(crawled.error)
    assert crawled.counts.failure == "access_denied"
    assert len(site.paths) < 8


def test_a_log_in_box_beside_a_page_that_changed_is_no_captcha(site: Site, tmp_path: Path) -> None:
    box = "<form><input type=password></form>" + "<p>市政府办公室主办，各部门办理来信。</p>" * 40
    site.pages["/list"] = listing([1, 2])
    site.pages["/detail?id=1"] = html(f"<html><body>{box}<p>这封信不在了</p></body></html>")
    site.pages["/detail?id=2"] = message(2)
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list", selectors=SELECTORS))
    assert (crawled.error, crawled.counts.stored) == (None, 1)
    assert crawled.counts.quarantined == {"selector_matched_nothing": 1}


def _look_up_twice(answers: list[str], told: Path) -> None:
    """Write down what our resolver makes of a name whose address changes between two look-ups."""
    from scrapy.resolver import dnscache
    from twisted.internet import reactor
    from twisted.python.failure import Failure

    from crawler.resolver import PublicAddressResolver

    given = iter(answers)
    socket.gethostbyname = lambda _: next(given)
    resolver = PublicAddressResolver(reactor, 10, 5.0)

    def note(result: str | Failure, rest: int) -> None:
        with told.open("a", encoding="utf-8") as file:
            file.write(f"{result.getErrorMessage() if isinstance(result, Failure) else result}\n")
        dnscache.clear()
        look_up(rest) if rest else reactor.stop()  # type: ignore[attr-defined]

    def look_up(rest: int) -> None:
        resolver.getHostByName("board.example.org").addBoth(note, rest - 1)

    reactor.callWhenRunning(look_up, len(answers))  # type: ignore[attr-defined]
    reactor.run(installSignalHandlers=False)  # type: ignore[attr-defined]


def test_a_name_that_turns_to_a_private_address_is_refused_at_its_next_look_up(tmp_path: Path) -> None:
    answers = ["93.184.216.34", "10.0.0.7", "127.0.0.1", "169.254.169.254"]
    process = PROCESSES.Process(target=_look_up_twice, args=(answers, tmp_path / "told"))
    process.start()
    process.join(60)
    told = (tmp_path / "told").read_text("utf-8").splitlines()
    assert told[0] == answers[0]
    assert [line.partition(",")[2] for line in told[1:]] == [" which is no public address."] * 3
