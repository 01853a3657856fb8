"""What a crawl reads again, where it ends, and what it reports as missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from crawler.completeness import missing_ids, watermark
from crawler.revisits import is_behind, next_visit
from records.known import KnownPost
from records.run import RunCounts, RunKind, RunRecord, RunState
from tests.crawler.boards import SELECTORS, catalogue, listing, message
from tests.crawler.crawling import NOW, Crawled, crawl_into
from tests.crawler.site import Handler, Page, Site, html

DAY = timedelta(days=1)
LONG = 180 * DAY


def known(*, asked: timedelta, seen: timedelta = timedelta(0), **values: object) -> KnownPost:
    """Return a message asked and last seen so long before NOW."""
    facts = {
        "url": None,
        "status": "待回复",
        "answered": False,
        "stored_at": NOW - asked,
        **values,
    }
    return KnownPost(asked_at=NOW - asked, seen_at=NOW - seen, **facts)  # type: ignore[arg-type]


def test_an_open_message_is_visited_ever_more_seldom_and_given_up() -> None:
    post, visits = known(asked=timedelta(hours=1)), 0
    waits: list[timedelta] = []
    while when := next_visit(post, settled=(), give_up=LONG):
        waits.append(when - post.seen_at)
        post = known(asked=timedelta(hours=1), seen=NOW - when)
        visits += 1
    assert waits == sorted(waits)
    assert waits[0] == timedelta(minutes=30)
    assert 2 * DAY < waits[-1] <= 3 * DAY
    assert visits < 400


def test_an_answered_one_is_visited_seldomer_and_a_settled_one_not_at_all() -> None:
    open_one = next_visit(known(asked=60 * DAY), settled=(), give_up=LONG)
    answered = next_visit(known(asked=60 * DAY, answered=True), settled=(), give_up=LONG)
    assert (open_one, answered) == (NOW + DAY, NOW + 2 * DAY)
    assert next_visit(known(asked=60 * DAY, status="已归档"), settled=("已归档",), give_up=LONG) is None


def test_a_list_ends_only_at_what_a_complete_crawl_stored_long_ago() -> None:
    edge = NOW - 14 * DAY
    old = known(asked=20 * DAY)
    assert is_behind(old, watermark=NOW - DAY, looked_back_to=edge)
    assert not is_behind(old, watermark=None, looked_back_to=edge)
    assert not is_behind(known(asked=20 * DAY, stored_at=NOW), watermark=NOW - DAY, looked_back_to=edge)
    assert not is_behind(known(asked=2 * DAY), watermark=NOW - DAY, looked_back_to=edge)


def run(number: int, state: RunState = RunState.DONE, **rejected: int) -> RunRecord:
    return RunRecord(
        id=number, kind=RunKind.CRAWL, subject="lake", state=state, started_at=NOW - number * DAY,
        counts=RunCounts(rejected=rejected),
    )  # fmt: skip


def test_the_watermark_is_the_newest_crawl_that_came_to_its_end() -> None:
    broken = [
        run(1, RunState.FAILED),
        run(2, RunState.INTERRUPTED),
        run(3, item_limit=4),
        run(4, not_visited=1),
    ]
    assert watermark([*broken, run(5, no_date=3), run(6)]) == NOW - 5 * DAY
    assert watermark(broken) is None


@pytest.mark.parametrize(
    ("ids", "missing"), [((), 0), (("7",), 0), (("7", "9", "10", "x8"), 1), (("1", "100"), 98)]
)
def test_numbers_left_out(ids: tuple[str, ...], missing: int) -> None:
    assert missing_ids(ids) == missing


def board(site: Site, dates: Mapping[int, datetime], *, per_page: int = 5) -> None:
    """Let the site be a board with these messages, the newest first."""
    numbers = sorted(dates, key=lambda number: dates[number], reverse=True)
    pages = [numbers[start : start + per_page] for start in range(0, len(numbers), per_page)]
    for number, page in enumerate(pages, start=1):
        following = f"/list?page={number + 1}" if number < len(pages) else ""
        site.pages[f"/list?page={number}"] = listing(page, next_page=following)
    for number, asked_at in dates.items():
        date = asked_at.strftime("%Y-%m-%d %H:%M")
        site.pages[f"/detail?id={number}"] = message(number, date=date, etag=f'"{number}"')


def crawl(
    site: Site, folder: Path, *, extra: str = "", selectors: str = SELECTORS, **options: datetime
) -> Crawled:
    text = catalogue(f"{site.url}/list?page=1", extra=extra, selectors=selectors)
    return crawl_into(folder, text, **options)


def test_a_later_crawl_reads_what_is_new_and_what_waits_for_an_answer(site: Site, tmp_path: Path) -> None:
    dates = {number: NOW - number * 3 * DAY for number in range(1, 31)}
    board(site, dates)
    assert crawl(site, tmp_path).counts.stored == 30
    site.forget_requests()

    # Six hours later: one new, a late one below many that are known, and an answer far down the list.
    later = NOW + DAY / 4
    board(site, {**dates, 31: NOW + DAY / 8, 32: NOW - 10 * DAY})
    answer = [("城管局", "2026-11-20 10:00", "已修复。")]
    when = dates[4].strftime("%Y-%m-%d %H:%M")
    site.pages["/detail?id=4"] = message(4, date=when, replies=answer, etag='"answered"')
    crawled = crawl(site, tmp_path, now=later, watermark=NOW)
    assert (crawled.counts.stored, crawled.counts.updated) == (2, 1)
    assert sorted(crawled.posts["4"].replies, key=str)[0].text == "已修复。"
    assert max(int(path.rpartition("=")[2]) for path in site.paths if path.startswith("/list")) < 6
    visited = {int(path.rpartition("=")[2]) for path in site.paths if path.startswith("/detail")}
    assert visited == {1, 2, 3, 4, 5, 31, 32}  # 6 and older: a 60th of their age has not passed


def test_what_a_broken_off_crawl_left_is_read_by_the_next(site: Site, tmp_path: Path) -> None:
    dates = {number: NOW - (20 + number) * DAY for number in range(1, 31)}
    board(site, dates)
    first = crawl(site, tmp_path, extra="max_items: 12")
    assert (first.counts.stored, first.counts.rejected) == (12, {"item_limit": 3})
    second = crawl(site, tmp_path, extra="max_items: 12")
    assert (second.counts.stored, len(second.posts)) == (12, 24)
    third = crawl(site, tmp_path, extra="max_items: 12")
    assert (third.counts.stored, third.counts.rejected, len(third.posts)) == (6, {}, 30)


def test_a_message_that_was_taken_down_is_not_asked_for_at_every_crawl(site: Site, tmp_path: Path) -> None:
    board(site, {1: NOW - 4 * DAY})
    crawl(site, tmp_path)
    site.pages["/detail?id=1"] = Page(status=404)
    assert crawl(site, tmp_path, now=NOW + DAY).counts.rejected == {"http_404": 1}
    assert crawl(site, tmp_path, now=NOW + 1.05 * DAY).counts.fetched == 0


def test_what_gave_no_message_is_remembered_and_asked_for_only_if_it_changed(
    site: Site, tmp_path: Path
) -> None:
    board(site, {1: NOW - DAY})
    site.pages["/list?page=1"] = listing([1, 2, 3])
    site.pages["/detail?id=2"] = message(2, date="", etag='"dateless"')
    site.pages["/detail?id=3"] = html("<p>本栏目说明，不是来信。</p>")
    first = crawl(site, tmp_path, now=NOW)
    site.forget_requests()
    again = crawl(site, tmp_path, now=NOW + DAY)
    for crawled in (first, again):
        assert (crawled.counts.rejected, crawled.counts.quarantined) == (
            {"no_date": 1},
            {"selector_matched_nothing": 1},
        )
    asked = dict(site.requests)
    assert asked["/detail?id=2"]["If-None-Match"] == '"dateless"'
    assert again.counts.not_modified == 2
    site.pages["/detail?id=2"] = message(2, etag='"dated"')
    assert crawl(site, tmp_path, now=NOW + 2 * DAY).counts.stored == 1


def test_replies_that_are_no_longer_found_are_counted_and_new_messages_without_are_not(
    site: Site, tmp_path: Path
) -> None:
    answer = [("城管局", "2026-11-10 10:00", "已修复。")]
    site.pages["/list?page=1"] = listing([1, 2])
    for number in (1, 2):
        site.pages[f"/detail?id={number}"] = message(number, replies=answer)
    assert "answered" not in crawl(site, tmp_path, now=NOW).counts.found
    site.pages["/list?page=1"] = listing([1, 2, 3])
    site.pages["/detail?id=1"] = message(1, replies=answer, title="改过")
    changed = message(2, replies=answer)
    body = changed.body.replace(b'class="reply"', b'class="answer-2027"')
    assert body != changed.body
    site.pages["/detail?id=2"] = replace(changed, body=body)
    site.pages["/detail?id=3"] = message(3)
    found = crawl(site, tmp_path, now=NOW + DAY).counts.found
    assert (found["posts"], found["replies"], found["answered"], found["reply_lost"]) == (3, 1, 2, 1)


def test_what_the_site_shows_and_we_have_not_is_a_gap(site: Site, tmp_path: Path) -> None:
    numbers = [1, 2, 5]
    site.pages["/list?page=1"] = lambda _: Page(
        body="<p>共<b class=total>12</b>封</p><b class=pages>共3页</b>".encode()
        + listing(numbers, next_page="/list?page=2").body
    )
    site.pages["/list?page=2"] = lambda _: listing([6])
    site.pages["/detail"] = lambda handler: message(int(handler.path.rpartition("=")[2]))
    selectors = f"{SELECTORS}total: .total\npage_count: .pages\n"
    crawled = crawl(site, tmp_path, selectors=selectors, extra="ids_in_sequence: true\nmax_pages: 1")
    assert crawled.error is None
    assert crawled.counts.gaps == {"messages": 9, "ids": 2, "unread_pages": 1}


def test_a_sitemaps_known_articles_are_left_alone_until_they_change(site: Site, tmp_path: Path) -> None:
    def sitemap(changed: str) -> Page:
        text = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>"
        text += f"<url><loc>{site.url}/n/1</loc><lastmod>{changed}</lastmod></url>"
        text += f"<url><loc>{site.url}/n/2</loc></url>"
        return Page(body=f"{text}</urlset>".encode(), content_type="application/xml")

    def article(_: Handler) -> Page:
        return Page(body="<meta name=d content='2026-06-01'><h1>停水</h1><p id=c>停水。</p>".encode())

    site.pages.update({"/sitemap.xml": sitemap("2026-06-01"), "/n/1": article, "/n/2": article})
    text = catalogue(f"{site.url}/sitemap.xml", spider="pages", selectors="body: '#c'\ndate: {meta: d}\n")
    crawl_into(tmp_path, text)
    site.forget_requests()
    crawl_into(tmp_path, text, now=NOW + DAY)
    assert site.paths == ["/sitemap.xml"]
    site.pages["/sitemap.xml"] = sitemap("2026-11-21T12:00:00+08:00")
    crawl_into(tmp_path, text, now=NOW + 2 * DAY)
    assert site.paths == ["/sitemap.xml", "/sitemap.xml", "/n/1"]
