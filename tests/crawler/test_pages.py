from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest

from tests.crawler.boards import catalogue
from tests.crawler.crawling import ZONE, Crawled, crawl_into
from tests.crawler.site import Page, Site, html

PARAGRAPHS = "".join(
    f"<p>第{number}段：南门路地下管网改造工程即将开工，沿线单位和居民请提前做好准备，车辆绕行北环路。</p>"
    for number in range(1, 6)
)


def article(title: str, *, head: str = "", body: str = PARAGRAPHS, aside: str = "") -> Page:
    return html(
        f"<html><head><title>{title}_湖区政府网</title>{head}</head><body><nav><a href=/>首页</a></nav>"
        f"<main><article><h1>{title}</h1><div class=meta>来源：湖区住建局 作者：张三丰</div>{body}"
        "</article></main>"
        f"{aside}<footer>主办：湖区人民政府</footer></body></html>"
    )


def sitemap(*urls: str, kind: str = "url") -> Page:
    outer = "urlset" if kind == "url" else "sitemapindex"
    entries = "".join(f"<{kind}><loc>{url}</loc></{kind}>" for url in urls)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    text = f'<?xml version="1.0"?><{outer} xmlns="{space}">{entries}</{outer}>'
    return Page(body=text.encode(), content_type="application/xml")


def crawl(folder: Path, url: str, selectors: str) -> Crawled:
    text = catalogue(url, spider="pages", selectors=selectors).replace("channel: inbox", "channel: notice")
    return crawl_into(folder, text)


def test_a_sitemap_index_with_gzip_and_itself(site: Site, tmp_path: Path) -> None:
    site.pages["/sitemap.xml"] = sitemap(
        f"{site.url}/a.xml", f"{site.url}/b.xml.gz", f"{site.url}/sitemap.xml", kind="sitemap"
    )
    site.pages["/a.xml"] = sitemap(
        f"{site.url}/notice/1.html", f"{site.url}/about.html", "http://elsewhere.example/notice/9.html"
    )
    packed = gzip.compress(sitemap(f"{site.url}/notice/2.html", f"{site.url}/notice/3.html").body)
    site.pages["/b.xml.gz"] = Page(body=packed, content_type="application/gzip")
    meta = '<meta name="PubDate" content="2026-11-02 10:00">'
    comments = (
        "<div class=comment-list><p>张三丰：</p><p>说得对，赞同这位网友的意见和看法，顶一下。</p></div>"
    )
    site.pages["/notice/1.html"] = article("停水通知", head=meta, aside=comments)
    site.pages["/notice/2.html"] = article("没有日期", aside="<p>热门 2026-11-01</p>")
    site.pages["/notice/3.html"] = article("没有正文", head=meta, body="")
    crawled = crawl(
        tmp_path,
        f"{site.url}/sitemap.xml",
        "article_url: /notice/\nid_from_url: notice/(\\d+)\ndate: {meta: PubDate}\n",
    )
    assert crawled.error is None
    post = crawled.posts["1"]
    assert (post.title, post.asked_at) == ("停水通知", datetime(2026, 11, 2, 10, tzinfo=ZONE))
    assert "第5段" in post.text
    assert "网友" not in post.text
    assert "首页" not in post.text
    assert crawled.counts.rejected == {"no_date": 1, "offsite": 1}
    assert crawled.counts.fetched == 4
    assert site.paths.count("/sitemap.xml") == 1


@pytest.mark.parametrize(
    ("rule", "head", "url"),
    [
        (
            "{json_ld: datePublished}",
            '<script type="application/ld+json">{"datePublished":"2026-11-02"}</script>',
            "/n/1",
        ),
        ("{selector: .when}", "", "/n/1"),
        ("{url: '/(\\d{4}-\\d{2}-\\d{2})/'}", "", "/2026-11-02/1"),
    ],
)
def test_a_list_page_and_the_sites_own_date_rule(
    site: Site, tmp_path: Path, rule: str, head: str, url: str
) -> None:
    site.pages["/list"] = html(
        f'<div class=l><a href="{url}">一</a></div><a class=n href="/list2">下一页</a>'
    )
    site.pages["/list2"] = html("<p>没有了</p>")
    site.pages[url] = article(
        "封路", head=head, body=f"<span class=when>2026年11月2日</span><div id=c>{PARAGRAPHS}</div>"
    )
    crawled = crawl(
        tmp_path, f"{site.url}/list", f"item: .l a\nnext_page: a.n::attr(href)\nbody: '#c'\ndate: {rule}\n"
    )
    (post,) = crawled.posts.values()
    assert (crawled.error, post.asked_at) == (None, datetime(2026, 11, 2, tzinfo=ZONE))
    assert post.text.count("第") == 5


def test_a_list_selector_that_matches_nothing_is_an_error(site: Site, tmp_path: Path) -> None:
    site.pages["/list"] = html("<p>改版了</p>")
    crawled = crawl(tmp_path, f"{site.url}/list", "item: .l a\ndate: {meta: PubDate}\n")
    assert 'selectors.item ".l a": matches no link on' in str(crawled.error)


def test_a_page_that_is_no_sitemap_is_an_error(site: Site, tmp_path: Path) -> None:
    site.pages["/sitemap.xml"] = html("<p>改版了</p>")
    crawled = crawl(tmp_path, f"{site.url}/sitemap.xml", "date: {meta: PubDate}\n")
    assert "no sitemap (check the address" in str(crawled.error)
