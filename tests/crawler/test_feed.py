from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.crawler.boards import catalogue
from tests.crawler.crawling import ZONE, crawl_into
from tests.crawler.site import Page, Site, html

RSS = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0"><channel><title>湖区新闻</title><link>http://x.example/</link><description>d</description>
{items}</channel></rss>"""


def item(
    name: str, date: str, *, text: str = "<p>今日起分段<b>停水</b>检修。</p>", guid: str | None = None
) -> str:
    return (
        f"<item><title>{name}</title><link>/news/{name}.html</link>"
        f"<author>a@example.org (张三丰)</author>"
        f"<guid>{guid or name}</guid><pubDate>{date}</pubDate>"
        f"<description><![CDATA[{text}]]></description></item>"
    )


def rss(*items: str, encoding: str = "utf-8", said: str | None = None, **options: object) -> Page:
    options = {"content_type": "application/rss+xml", **options}
    return html(RSS.format(encoding=said or encoding, items="".join(items)), encoding=encoding, **options)


def feed(url: str) -> str:
    return catalogue(url, spider="feed", selectors="").replace("channel: inbox", "channel: news")


def test_a_feed_with_bad_dates_and_duplicate_ids(site: Site, tmp_path: Path) -> None:
    site.pages["/rss"] = rss(
        item("one", "Sun, 01 Nov 2026 09:00:00 +0800"),
        item("two", "Sun, 01 Nov 2026 01:00:00 GMT"),
        item("three", "2026-11-01 09:00:00"),  # no zone: the site's own, not UTC
        item("four", "昨天"),
        item("five", ""),
        item("again", "Sun, 01 Nov 2026 09:00:00 +0800", guid="one"),
        item("six", "2026-11-01T09:00:00+08:00", text=""),
    )
    crawled = crawl_into(tmp_path, feed(f"{site.url}/rss"))
    assert crawled.error is None
    assert crawled.counts.stored == 4
    assert crawled.counts.rejected == {"bad_date": 1, "no_date": 1, "duplicate_id": 1}
    posts = {post.title: post for post in crawled.posts.values()}
    assert {post.asked_at for post in posts.values()} == {datetime(2026, 11, 1, 9, tzinfo=ZONE)}
    assert posts["one"].text == "今日起分段停水检修。"
    assert posts["one"].url == f"{site.url}/news/one.html"
    assert posts["six"].text == "six"
    assert "张三丰" not in str(posts)


def test_an_unchanged_feed_costs_one_conditional_request(site: Site, tmp_path: Path) -> None:
    site.pages["/rss"] = rss(item("one", "2026-11-01 09:00:00"), etag='"1"')
    assert crawl_into(tmp_path, feed(f"{site.url}/rss")).counts.stored == 1
    site.forget_requests()
    crawled = crawl_into(tmp_path, feed(f"{site.url}/rss"))
    assert (crawled.counts.fetched, crawled.counts.unchanged) == (1, 1)
    assert site.requests[0][1]["If-None-Match"] == '"1"'


def test_open_messages_of_a_feed_are_looked_for_in_the_feed_alone(site: Site, tmp_path: Path) -> None:
    site.pages["/rss"] = rss(item("one", "2026-11-01 09:00:00"))
    site.pages["/news/one.html"] = html("<h1>one</h1>")
    letters = feed(f"{site.url}/rss").replace("channel: news", "channel: inbox")
    asked = datetime(2026, 11, 2, tzinfo=ZONE)
    assert crawl_into(tmp_path, letters, now=asked).counts.stored == 1
    assert crawl_into(tmp_path, letters, now=asked + timedelta(days=20)).error is None
    assert set(site.paths) == {"/rss"}


def test_an_atom_feed_in_gbk_that_says_utf_8(site: Site, tmp_path: Path) -> None:
    atom = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>湖区</title>'
        "<entry><id>tag:1</id><title>道路封闭</title><updated>2026-11-02T08:00:00+08:00</updated>"
        "<summary>短</summary>"
        '<content type="html">&lt;p&gt;南门路全天封闭。&lt;/p&gt;</content></entry></feed>'
    )
    site.pages["/atom"] = html(atom, encoding="gb18030", content_type="application/atom+xml")
    (post,) = crawl_into(tmp_path, feed(f"{site.url}/atom")).posts.values()
    assert (post.title, post.text) == ("道路封闭", "南门路全天封闭。")


@pytest.mark.parametrize(
    "page",
    [
        html("<html><body>没有订阅</body></html>"),
        rss(),
        Page(body=b"\x00\x01\x02" * 99, content_type="application/octet-stream"),
        Page(body=b"/etc/passwd", content_type="text/plain"),
    ],
)
def test_what_is_no_feed_is_an_error(site: Site, tmp_path: Path, page: Page) -> None:
    site.pages["/rss"] = page
    crawled = crawl_into(tmp_path, feed(f"{site.url}/rss"))
    assert "no feed, or one without entries" in str(crawled.error)
    assert crawled.counts.fetched == 0


def test_a_json_feed_gives_its_entries_and_no_author(site: Site, tmp_path: Path) -> None:
    items = [
        {"id": "a", "url": "/n/1", "title": "停水 < 通知", "content_html": "<p>今日<b>停水</b>。</p>",
         "date_published": "2026-11-01T09:00:00+08:00", "authors": [{"name": "张三丰"}]},
        {"id": 2, "content_text": "1 < 2，道路封闭。", "date_modified": "2026-11-02"},
        {"id": "c", "title": "没有日期", "summary": "s"},
        "no entry",
    ]  # fmt: skip
    feed_text = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "湖区", "items": items})
    site.pages["/feed.json"] = html(feed_text, content_type="application/feed+json")
    crawled = crawl_into(tmp_path, feed(f"{site.url}/feed.json"))
    assert (crawled.error, crawled.counts.stored, crawled.counts.rejected) == (None, 2, {"no_date": 1})
    first, second = sorted(crawled.posts.values(), key=lambda post: post.asked_at)
    assert (first.title, first.text, first.url) == ("停水 < 通知", "今日停水。", f"{site.url}/n/1")
    assert second.text == "1 < 2，道路封闭。"
    assert "张三丰" not in str(crawled.posts)


def test_json_that_is_no_feed_is_an_error(site: Site, tmp_path: Path) -> None:
    site.pages["/feed.json"] = html('{"version": 1, "items": []}', content_type="application/json")
    assert "no feed, or one without entries" in str(crawl_into(tmp_path, feed(f"{site.url}/feed.json")).error)
