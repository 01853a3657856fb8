"""The board spider against a real local site, each crawl in a process of its own."""

from __future__ import annotations

import socket
import time
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from records.run import RunCounts
from tests.crawler.boards import SELECTORS, catalogue, listing, message
from tests.crawler.crawling import NOW, USER_AGENT, ZONE, Crawled, FileSink, crawl_into, start_crawl
from tests.crawler.site import Handler, Page, Site, html


def adds_up(counts: RunCounts) -> bool:
    """Return whether every item is in exactly one outcome."""
    saved = counts.stored + counts.updated + counts.unchanged
    return counts.fetched == saved + sum(counts.rejected.values()) + sum(counts.quarantined.values())


def crawl(site: Site, folder: Path, *, start: str = "/list", now: datetime = NOW, **options: str) -> Crawled:
    crawled = crawl_into(folder, catalogue(site.url + start, **options), now=now)
    assert adds_up(crawled.counts), crawled.counts
    return crawled


def test_a_board_in_several_pages_with_replies(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = listing([1, 2], next_page="/list?page=2")
    site.pages["/list?page=2"] = listing([2, 3])
    replies = [
        ("城管局", "2026-11-03 10:00", "已安排维修。"),
        ("供电公司", "2026-11-05 16:20", "已修复。"),
    ]
    site.pages["/detail?id=1"] = message(1, title="路灯坏了", replies=replies, status="已办理")
    site.pages["/detail?id=2"] = message(2)
    site.pages["/detail?id=3"] = message(3, date="2026年11月2日 7时05分")
    crawled = crawl(site, tmp_path)

    assert crawled.error is None
    assert (crawled.counts.fetched, crawled.counts.stored) == (3, 3)
    assert crawled.counts.requests == 6  # robots.txt, two lists, three messages
    assert crawled.counts.bytes > 1000
    post = crawled.posts["1"]
    assert (post.id, post.title, post.status, post.place) == ("lake/1", "路灯坏了", "已办理", "湖区")
    assert post.text == "路灯已经坏了三天，晚上看不清路。"
    assert post.asked_at == datetime(2026, 11, 1, 9, 30, tzinfo=ZONE)
    assert post.fetched_at == NOW
    assert post.addressed_to == "城管局"
    assert [(reply.department, reply.text) for reply in post.replies] == [
        ("城管局", "已安排维修。"),
        ("供电公司", "已修复。"),
    ]
    assert post.replies[1].replied_at == datetime(2026, 11, 5, 16, 20, tzinfo=ZONE)
    assert crawled.posts["3"].asked_at == datetime(2026, 11, 2, 7, 5, tzinfo=ZONE)
    assert {headers["User-Agent"] for _, headers in site.requests} == {USER_AGENT}
    assert not any("Cookie" in headers for _, headers in site.requests)


def test_a_second_crawl_asks_conditionally_and_finds_what_changed(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = listing([1, 2, 3, 4])
    site.pages["/detail?id=1"] = message(1, etag='"one"')
    site.pages["/detail?id=2"] = message(2, modified="Sun, 01 Nov 2026 01:00:00 GMT")
    site.pages["/detail?id=3"] = message(3)
    site.pages["/detail?id=4"] = message(4, etag='"four"')
    assert crawl(site, tmp_path).counts.stored == 4

    site.forget_requests()
    answer = [("城管局", "2026-11-19 10:00", "已修复。")]
    site.pages["/detail?id=4"] = message(4, etag='"four, answered"', replies=answer)
    crawled = crawl(site, tmp_path, now=NOW + timedelta(days=10))
    assert (crawled.counts.unchanged, crawled.counts.updated, crawled.counts.stored) == (3, 1, 0)
    assert crawled.counts.not_modified == 2
    assert crawled.posts["4"].replies[0].text == "已修复。"
    asked = dict(site.requests)
    assert asked["/detail?id=1"]["If-None-Match"] == '"one"'
    assert asked["/detail?id=2"]["If-Modified-Since"] == "Sun, 01 Nov 2026 01:00:00 GMT"

    # Read by other selectors, the pages that have not changed are read again.
    site.forget_requests()
    other = SELECTORS.replace("body: div.content", "body: div.content p")
    crawled = crawl(site, tmp_path, now=NOW + timedelta(days=40), selectors=other)
    assert "If-None-Match" not in dict(site.requests)["/detail?id=1"]
    assert crawled.counts.unchanged == 4


@pytest.mark.parametrize(
    ("encoding", "head", "content_type"),
    [
        ("gb18030", '<meta charset="gb2312">', "text/html"),
        ("gb18030", '<meta charset="utf-8">', "text/html; charset=utf-8"),
        ("gb18030", "", "text/html; charset=GBK"),
        ("utf-8", '<meta charset="gbk">', "text/html"),
    ],
)
def test_gbk_is_decoded_right_however_it_is_labelled(
    site: Site, tmp_path: Path, encoding: str, head: str, content_type: str
) -> None:
    site.pages["/list"] = listing([1], encoding=encoding, content_type=content_type)
    text = "㐂里小区的井盖没了，囧。"  # beyond GB2312 and GBK
    site.pages["/detail?id=1"] = message(
        1, title="井盖", text=text, head=head, encoding=encoding, content_type=content_type
    )
    post = crawl(site, tmp_path).posts["1"]
    assert (post.title, post.text) == ("井盖", text)


def test_every_awkward_page_has_its_own_reason(site: Site, tmp_path: Path) -> None:
    site.pages["/robots.txt"] = Page(
        body=b"User-agent: *\nDisallow: /detail?id=6\n", content_type="text/plain"
    )
    site.pages["/list"] = listing(range(1, 17))
    site.pages["/detail?id=1"] = message(1)
    answers = iter([Page(status=500), Page(status=503), message(2)])
    site.pages["/detail?id=2"] = lambda _: next(answers)
    site.pages["/detail?id=3"] = Page(status=500)
    # 4 is not there: 404
    site.pages["/detail?id=5"] = Page(status=302, headers={"Location": "http://weibo.com/u/1"})
    site.pages["/detail?id=6"] = message(6)
    site.pages["/detail?id=7"] = html("<html><body><p>系统升级，敬请谅解</p></body></html>")
    site.pages["/detail?id=8"] = Page(body=b"\x89PNG\r\n\x1a\n" + bytes(500), content_type="image/png")
    site.pages["/detail?id=9"] = message(9, date="2026-02-30")
    site.pages["/detail?id=10"] = message(10, date="")
    site.pages["/detail?id=11"] = Page(status=302, headers={"Location": "/detail?id=11"})
    site.pages["/detail?id=12"] = Page(status=302, headers={"Location": "http://elsewhere.example/x"})
    site.pages["/detail?id=13"] = Page(body=b"x" * 11_000_000)
    site.pages["/detail?id=14"] = message(14, text="长" * 100_001)
    site.pages["/detail?id=15"] = message(15, date="2027-11-01")
    site.pages["/detail?id=16"] = break_off
    crawled = crawl(site, tmp_path)

    assert crawled.counts.stored == 2
    assert crawled.counts.rejected == {
        "http_500": 1,
        "http_404": 1,
        "refused_platform": 1,
        "robots_denied": 1,
        "bad_date": 1,
        "no_date": 1,
        "redirect_loop": 1,
        "offsite": 1,
        "too_large": 1,
        "too_long": 1,
        "future_date": 1,
        "connection_lost": 1,
    }
    assert crawled.counts.quarantined == {"selector_matched_nothing": 1, "not_html": 1}
    assert crawled.error is None
    assert "/detail?id=6" not in site.paths


def break_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b"<html>")
    handler.close_connection = True


def test_a_page_that_drips_ends_in_time(site: Site, tmp_path: Path) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.1)

    site.pages["/list"] = listing([1, 2])
    site.pages["/detail?id=1"] = drip
    site.pages["/detail?id=2"] = message(2)
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list"), timeout_s=0.4)
    assert (crawled.counts.stored, crawled.counts.rejected) == (1, {"timeout": 1})


def test_an_endless_list_ends_with_a_counted_reason(site: Site, tmp_path: Path) -> None:
    def endless(handler: Handler) -> Page:
        page = int(handler.path.rpartition("=")[2])
        return listing([page], next_page=f"/list?page={page + 1}")

    site.pages["/list"] = endless
    site.pages["/detail"] = lambda handler: message(int(handler.path.rpartition("=")[2]))
    crawled = crawl(site, tmp_path, start="/list?page=1", extra="max_pages: 4")
    assert (crawled.counts.stored, crawled.counts.rejected) == (4, {"page_limit": 1})
    crawled = crawl(site, tmp_path, start="/list?page=1", extra="max_items: 2")
    assert crawled.counts.rejected == {"item_limit": 1}


def test_a_list_that_repeats_itself_ends(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = lambda handler: listing(
        [1], next_page=f"/list?page={len(handler.path)}{handler.path[-1]}"
    )
    site.pages["/detail?id=1"] = message(1)
    crawled = crawl(site, tmp_path)
    assert crawled.counts.stored == crawled.counts.fetched == 1
    assert len(site.paths) == 3


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (html("<p>没有信件</p>"), 'selectors.item "ul.list li": matches nothing on "'),
        (html("<ul class=list><li>无链接</li></ul>"), 'selectors.link "a::attr(href)": matches nothing'),
        (Page(status=500), "the site answers 500"),
        (Page(status=403), "the site denies access or asks for a log-in"),
        (Page(status=302, headers={"Location": "/user/login"}), "it asks for a log-in at"),
        (
            Page(status=302, headers={"Location": "https://mp.weixin.qq.com/s/x"}),
            "weixin.qq.com is a social network",
        ),
        (Page(body=b"%PDF-1.7\0\1", content_type="application/pdf"), "is no text"),
        (
            html('<meta name="generator" content="Discuz! X3.4"><ul class=list></ul>'),
            "is a forum by its markup",
        ),
        (
            html('<ul class=list><li><img class=avatar src=/a><a href="/u/1">甲</a></li>' * 2 + "</ul>"),
            "is a forum by its markup",
        ),
    ],
)
def test_a_list_that_cannot_be_used_is_an_error(site: Site, tmp_path: Path, page: Page, error: str) -> None:
    site.pages["/list"] = page
    crawled = crawl(site, tmp_path)
    assert crawled.error is not None
    assert crawled.error.startswith('source "lake": ')
    assert error in crawled.error
    assert "\n" not in crawled.error
    assert crawled.counts.fetched == 0


def test_robots_txt_that_forbids_the_list_is_obeyed(site: Site, tmp_path: Path) -> None:
    site.pages["/robots.txt"] = Page(body=b"User-agent: huiying\nDisallow: /\n", content_type="text/plain")
    site.pages["/list"] = listing([1])
    crawled = crawl(site, tmp_path)
    assert "robots.txt forbids it" in str(crawled.error)
    assert site.paths == []


def test_a_denied_message_stops_the_crawl_and_the_rest_is_counted(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = listing(range(1, 31))
    site.pages["/detail"] = Page(status=403)
    crawled = crawl(site, tmp_path)
    assert "denies access" in str(crawled.error)
    assert crawled.counts.rejected["access_denied"] >= 1
    assert crawled.counts.rejected["not_visited"] >= 20
    assert crawled.counts.fetched == 30
    assert len(site.paths) < 8


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", socket.gethostname()])
def test_a_private_address_is_refused_unless_the_source_is_local(
    site: Site, tmp_path: Path, host: str
) -> None:
    site.pages["/list"] = listing([1])
    url = site.url.replace("127.0.0.1", host) + "/list"
    crawled = crawl_into(tmp_path, catalogue(url).replace("local: true\n    delay_s: 0\n", "delay_s: 0.5\n"))
    assert "no public address" in str(crawled.error)
    assert site.paths == []


def test_a_crawl_delay_in_robots_txt_is_kept(site: Site, tmp_path: Path) -> None:
    site.pages["/robots.txt"] = Page(body=b"User-agent: *\nCrawl-delay: 0.6\n", content_type="text/plain")
    site.pages["/list"] = listing([1, 2])
    moments: list[float] = []

    def timed(handler: Handler) -> Page:
        moments.append(time.monotonic())
        return message(int(handler.path[-1]))

    site.pages["/detail"] = timed
    crawl_into(tmp_path, catalogue(f"{site.url}/list").replace("delay_s: 0", "delay_s: 0.05"))
    # Scrapy spreads its delay by half, up and down.
    assert moments[1] - moments[0] > 0.25


def test_a_settled_message_is_not_visited_again(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = listing([1, 2], next_page="/list2")
    site.pages["/list2"] = listing([3], next_page="/list3")
    site.pages["/list3"] = listing([4])
    for number, status in enumerate(("待回复", "已办理", "已办理", "待回复"), start=1):
        site.pages[f"/detail?id={number}"] = message(number, status=status)
    assert crawl(site, tmp_path, extra="settled: [已办理]").counts.stored == 4
    site.forget_requests()
    crawled = crawl(site, tmp_path, extra="settled: [已办理]", now=NOW + timedelta(days=30))
    assert sorted(site.paths) == ["/detail?id=1", "/detail?id=4", "/list", "/list2", "/list3"]
    assert crawled.counts.unchanged == crawled.counts.fetched == 2


def test_a_killed_crawl_loses_and_repeats_nothing(site: Site, tmp_path: Path) -> None:
    go_on = Event()

    def answer(handler: Handler) -> Page:
        number = int(handler.path.rpartition("=")[2])
        if number == 50:
            go_on.wait(30)
        return message(number, etag=f'"{number}"')

    site.pages["/list"] = listing(range(1, 61))
    site.pages["/detail"] = answer
    process = start_crawl(tmp_path, catalogue(f"{site.url}/list"))
    while "/detail?id=50" not in site.paths:
        time.sleep(0.05)
    process.kill()
    process.join()
    go_on.set()
    kept = FileSink(tmp_path / "sink.json")
    assert len(kept.posts) == len(kept.pages) == 40  # whole batches

    site.forget_requests()
    crawled = crawl(site, tmp_path)
    assert (crawled.counts.stored, crawled.counts.fetched) == (20, 20)
    assert len(crawled.posts) == 60
    assert len(site.paths) == 21  # what was stored is not fetched again
