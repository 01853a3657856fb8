"""What sites do to crawlers: each page ends in one counted outcome, in time and within bounds of memory."""

from __future__ import annotations

import gzip
import random
import resource
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from scrapy.http import HtmlResponse, XmlResponse

from crawler.open311_requests import read_requests
from crawler.spiders.feed import parse_feed
from crawler.spiders.pages import read_sitemap, sitemap_body
from crawler.tally import Quarantined
from records.run import RunCounts
from tests.crawler import mutations
from tests.crawler.boards import catalogue, listing, message
from tests.crawler.crawling import Crawled, crawl_into
from tests.crawler.site import Handler, Page, Site, html

BOMB = gzip.compress(b"<html><h1>" + bytes(200_000_000), 9)
PACKED = {"Content-Encoding": "gzip"}


def adds_up(counts: RunCounts) -> bool:
    saved = counts.stored + counts.updated + counts.unchanged
    return counts.fetched == saved + sum(counts.rejected.values()) + sum(counts.quarantined.values())


def crawl(site: Site, folder: Path, **options: str) -> Crawled:
    crawled = crawl_into(folder, catalogue(f"{site.url}/list", **options))
    assert adds_up(crawled.counts)
    return crawled


def says_another_length(handler: Handler, *, said: int) -> None:
    body = message(9).body
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html; charset=utf-8")
    handler.send_header("Content-Length", str(len(body) + said))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


def resets(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "9000")
    handler.end_headers()
    handler.wfile.write(b"<html><h1>")
    handler.wfile.flush()
    handler.connection.shutdown(2)


AWKWARD: dict[str, object] = {
    "bomb": Page(body=BOMB, headers=PACKED),
    "bomb in a bomb": Page(body=gzip.compress(BOMB), headers={"Content-Encoding": "gzip, gzip"}),
    "broken gzip": Page(body=gzip.compress(message(9).body)[:-20], headers=PACKED),
    "gzip that is none": Page(body=message(9).body, headers=PACKED),
    "raw deflate": Page(body=zlib.compress(message(9).body)[2:-4], headers={"Content-Encoding": "deflate"}),
    "50 MB": Page(body=bytes(50_000_000)),
    "too long a length": lambda handler: says_another_length(handler, said=500),
    "too short a length": lambda handler: says_another_length(handler, said=-300),
    "reset": resets,
    "binary as HTML": Page(body=random.Random(7).randbytes(30_000)),
    "an image as HTML": Page(body=b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
    "unclosed": html("<html><body><h1>井盖<div class=content>丢了<span class=date>2026-11-01"),
    "deep": html("<html><h1>深</h1>" + "<div class=content>" * 30_000 + "<span class=date>2026-11-01"),
    "empty": Page(body=b""),
    "only NUL": Page(body=bytes(5000)),
    "UTF-16": html(message(9).body.decode(), encoding="utf-16"),
    "many attributes": html("<html><h1 " + " ".join(f"a{n}=1" for n in range(50_000)) + ">多</h1>"),
    "204": Page(status=204),
    "206": message(9, status="x"),
    "a loop of two": Page(status=302, headers={"Location": "/detail?id=a loop back"}),
    "a loop back": Page(status=302, headers={"Location": "/detail?id=a loop of two"}),
    "to nowhere": Page(status=302, headers={"Location": "http://[::1"}),
    "to a file": Page(status=302, headers={"Location": "file:///etc/passwd"}),
    "503 for ever": Page(status=503),
}  # fmt: skip


def test_each_awkward_page_is_counted_once_and_the_crawl_goes_on(site: Site, tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    links = "".join(f'<li><a href="/detail?id={name}">x</a></li>' for name in AWKWARD)
    site.pages["/list"] = html(f'<ul class=list>{links}<li><a href="http://[::1">x</a></li>'
                               '<li><a href="/detail?id=well">x</a></li></ul>')  # fmt: skip
    for name, page in AWKWARD.items():
        site.pages[f"/detail?id={name.replace(' ', '%20')}"] = page  # type: ignore[assignment]
    site.pages["/detail?id=well"] = message(1)
    selectors = mutations.READ["board"].replace("id=(\\d+)", "id=([^&]+)")
    crawled = crawl(site, tmp_path, selectors=selectors)
    assert crawled.error is None
    assert crawled.counts.fetched == len(AWKWARD) + 1
    assert "page_broke_parser" not in crawled.counts.quarantined
    assert {"too_large", "redirect_loop", "connection_lost", "http_503"} <= crawled.counts.rejected.keys()
    assert crawled.counts.rejected["too_large"] == 3
    assert {"well", "unclosed", "raw deflate", "UTF-16"} <= crawled.posts.keys()
    assert max(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before, 0) < 400_000  # kB


@pytest.mark.parametrize("base", ["http://[::1", "javascript:", "//", "http://elsewhere.example/"])
def test_a_list_with_a_strange_base_does_not_break(site: Site, tmp_path: Path, base: str) -> None:
    site.pages["/list"] = html(f"<head><base href='{base}'></head>" + listing([1]).body.decode())
    site.pages["/detail?id=1"] = message(1)
    crawled = crawl(site, tmp_path)
    assert crawled.counts.stored + crawled.counts.rejected.get("offsite", 0) == 1 or crawled.error is not None
    assert "broke the parser" not in str(crawled.error)


@pytest.mark.parametrize(
    "robots",
    [
        html("<html><body><h1>404</h1><p>Disallow: /</p></body></html>"),
        Page(body=random.Random(3).randbytes(3000), content_type="text/plain"),
        Page(status=500),
        html("User-agent: *\nDisallow: /admin\nCrawl-delay: 很慢\n", encoding="gb18030"),
        Page(body=BOMB, headers=PACKED),
    ],
)
def test_a_strange_robots_txt_forbids_nothing(site: Site, tmp_path: Path, robots: Page) -> None:
    site.pages["/robots.txt"] = robots
    site.pages["/list"] = listing([1])
    site.pages["/detail?id=1"] = message(1)
    assert crawl(site, tmp_path).counts.stored == 1


def test_redirects_into_private_addresses_are_refused_at_every_step(site: Site, tmp_path: Path) -> None:
    """The site stands as the proxy of a public name: nothing else on this machine can."""
    board = "http://board.example.org"
    site.pages[f"{board}/list"] = listing([1, 2, 3, 4])
    site.pages[f"{board}/detail?id=1"] = Page(status=302, headers={"Location": "/step"})
    site.pages[f"{board}/step"] = Page(status=301, headers={"Location": "http://10.0.0.7/admin"})
    site.pages[f"{board}/detail?id=2"] = Page(
        status=302, headers={"Location": "http://169.254.169.254/latest"}
    )
    site.pages[f"{board}/detail?id=3"] = Page(status=302, headers={"Location": "http://127.0.0.1:22/"})
    site.pages[f"{board}/detail?id=4"] = message(4)
    text = catalogue(f"{board}/list", extra="also_hosts: [10.0.0.7, 169.254.169.254, 127.0.0.1]")
    text = text.replace("local: true\n    delay_s: 0\n", "delay_s: 0.5\n")
    crawled = crawl_into(tmp_path, text, environment={"http_proxy": site.url, "no_proxy": ""})
    assert (crawled.error, crawled.counts.stored) == (None, 1)
    assert crawled.counts.rejected == {"private_address": 3}
    assert not [path for path in site.paths if "board.example.org" not in path]


@pytest.mark.parametrize("kind", mutations.KINDS)
def test_mutated_pages_are_each_counted_once(site: Site, tmp_path: Path, kind: str) -> None:
    crawled = crawl_into(tmp_path, mutations.serve(site, kind, 40, seed=20261122), patience_s=120)
    assert crawled.error is None
    assert crawled.counts.fetched == 40
    assert adds_up(crawled.counts)
    assert "page_broke_parser" not in crawled.counts.quarantined


FEED = (
    '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>湖区</title>'
    + "".join(
        f"<item><guid>{n}</guid><title>停水{n}</title><link>/n/{n}</link><pubDate>2026-11-01</pubDate>"
        "<description>&lt;p&gt;今日停水。&lt;/p&gt;</description></item>"
        for n in range(5)
    )
    + "</channel></rss>"
).encode()
SITEMAP = (
    b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    + b"".join(
        b"<url><loc>http://a.example/%d</loc><lastmod>2026-11-01</lastmod></url>" % n for n in range(5)
    )
    + b"</urlset>"
)
REQUESTS = (
    "<service_requests><request><service_request_id>1</service_request_id><description>路灯</description>"
    "</request></service_requests>"
).encode()
JSON_FEED = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 1, "content_text": "x"}]}'


def test_mutated_feeds_sitemaps_and_request_lists_break_nothing() -> None:
    dice = random.Random(20261122)
    for _ in range(250):
        for whole in (FEED, JSON_FEED):
            body = mutations.mutate(whole, dice)
            assert isinstance(
                parse_feed(HtmlResponse("http://a.example/f", body=body, encoding="utf-8")), list
            )
        body = mutations.mutate(SITEMAP, dice)
        found = sitemap_body(XmlResponse("http://a.example/s", body=body, encoding="utf-8"))
        if found is not None:
            assert all("loc" in entry for entry in read_sitemap(found)[1])
        body = mutations.mutate(REQUESTS, dice)
        with suppress(Quarantined):
            assert isinstance(read_requests(body, body.decode("utf-8", "replace")), list)


def test_entities_of_a_feed_are_not_expanded(site: Site, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("秘密", "utf-8")
    bomb = "".join(f"<!ENTITY b{n} '{f'&b{n - 1};' * 10}'>" for n in range(1, 10))
    site.pages["/list"] = html(
        f"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY x SYSTEM '{(tmp_path / 'secret').as_uri()}'>"
        f"<!ENTITY b0 'ha'>{bomb}]>"
        "<rss version='2.0'><channel><item><guid>1</guid><title>停水&x;&b9;</title>"
        "<pubDate>2026-11-01</pubDate><description>停水。&x;</description></item></channel></rss>",
        content_type="application/rss+xml",
    )  # fmt: skip
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list", spider="feed", selectors=""))
    assert "秘密" not in str(crawled.posts) + crawled.log
    assert "haha" not in str(crawled.posts)
