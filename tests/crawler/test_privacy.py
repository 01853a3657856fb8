"""What is planted in pages is in no post, no page state, no log record, no file."""

from __future__ import annotations

from pathlib import Path

from tests.crawler.boards import catalogue, listing, message
from tests.crawler.crawling import crawl_into
from tests.crawler.site import Site, html

MOBILE, CARD, MAIL, NAME = "13912345678", "11010519491231002X", "zhang.sanfeng@example.org", "张三丰"
PLANTED = (MOBILE, CARD, MAIL, NAME)
TEXT = f"我叫{NAME}，手机{MOBILE}，身份证{CARD}，邮箱{MAIL}。门口积水没人管。"
# Words of the messages themselves, which may be stored but never logged.
SPOKEN = "门口积水没人管"


def no_file_has(folder: Path, *needles: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            for needle in needles:
                assert needle not in text, f"{needle} is in {path.name}"


def test_a_board_leaves_nothing_planted(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = listing(range(1, 7))
    reply = [("城管局", "2026-11-03 10:00", f"{NAME}先生您好，已致电{MOBILE}说明{SPOKEN}一事。")]
    site.pages["/detail?id=1"] = message(1, title=f"联系{MOBILE}", text=TEXT, replies=reply)
    site.pages["/detail?id=2"] = message(2, text=TEXT, date=f"{MOBILE} {SPOKEN}")  # dropped by the spider
    site.pages["/detail?id=3"] = message(3, text=TEXT, date="2027-11-01")  # dropped by a pipeline
    site.pages["/detail?id=4"] = message(4, text=TEXT + "长" * 100_001)
    site.pages["/detail?id=5"] = html(f"<html><div class=content>{TEXT}</div></html>")  # quarantined
    site.pages["/detail?id=6"] = message(6, text=TEXT, status=NAME)
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list"))
    assert crawled.counts.stored == 2
    assert crawled.counts.rejected == {"bad_date": 1, "future_date": 1, "too_long": 1}
    assert SPOKEN in crawled.posts["1"].text
    no_file_has(tmp_path, MOBILE, CARD, MAIL, f"我叫{NAME}")
    assert SPOKEN not in crawled.log
    assert NAME not in crawled.log


def test_feed_and_pages_leave_nothing_planted(site: Site, tmp_path: Path) -> None:
    entry = f"<item><guid>1</guid><author>{MAIL} ({NAME})</author><title>积水</title>"
    entry += "<pubDate>2026-11-01</pubDate>"
    site.pages["/rss"] = html(
        f'<rss version="2.0"><channel>{entry}<description>{TEXT}</description></item></channel></rss>',
        content_type="application/rss+xml",
    )
    site.pages["/list"] = html('<a class=x href="/a">一</a>')
    site.pages["/a"] = html(
        f'<meta name=author content="{NAME}"><meta name=d content="2026-11-01"><h1>积水</h1><article>'
        + f"<p>{TEXT}有关部门表示将尽快安排人员到场处理，请居民耐心等待后续通知。</p>" * 4
    )
    for name, url, selectors in (
        ("feed", "/rss", ""),
        ("pages", "/list", "item: a.x\ndate: {meta: d}\n"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        crawled = crawl_into(folder, catalogue(site.url + url, spider=name, selectors=selectors))
        assert crawled.counts.stored == 1
        no_file_has(folder, MOBILE, CARD, MAIL, f"我叫{NAME}")
        assert SPOKEN not in crawled.log


def test_a_store_that_fails_ends_the_crawl_and_quotes_nothing(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = listing([1])
    site.pages["/detail?id=1"] = message(1, text=TEXT)
    (tmp_path / "sink.new").mkdir()  # where the sink writes first
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list"))
    assert crawled.error == 'source "lake": storing failed: IsADirectoryError'
    assert crawled.counts.stored == 0
    assert crawled.counts.rejected == {"not_visited": 1}
    assert SPOKEN not in crawled.log
