"""Replies on pages of their own, and letters that stand on the list and have no page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.crawler.boards import SELECTORS, catalogue, listing, message
from tests.crawler.crawling import Crawled, crawl_into
from tests.crawler.site import Page, Site, html

WITH_PAGES = SELECTORS + "reply_page: a.more::attr(href)\n"
ON_LIST = """\
item: div.one
title: h3
body: p
asked_at: i
reply: blockquote
"""


def linking(number: int, address: str) -> Page:
    """Return the page of a message that links to its reply."""
    page = message(number)
    link = f'<a class="more" href="{address}">查看答复</a></body>'
    return html(page.body.decode().replace("</body>", link), etag=f'"{number}"')


def answer(text: str) -> Page:
    return html(f'<div class="reply"><b>城管局</b><div class="text">{text}</div><i>2026-11-10</i></div>')


def crawl(site: Site, folder: Path) -> Crawled:
    return crawl_into(folder, catalogue(f"{site.url}/list", selectors=WITH_PAGES))


def test_a_reply_is_read_from_its_own_page_and_again_when_it_changes(site: Site, tmp_path: Path) -> None:
    site.pages.update({"/list": listing([1, 2]), "/detail?id=1": linking(1, "/reply/1")})
    site.pages.update({"/detail?id=2": message(2), "/reply/1": answer("已派人维修。")})
    first = crawl(site, tmp_path)
    assert (first.error, first.counts.stored) == (None, 2)
    (reply,) = first.posts["1"].replies
    assert (reply.department, reply.text) == ("城管局", "已派人维修。")
    assert first.posts["2"].replies == ()
    site.pages["/reply/1"] = answer("已修复。")
    # A day later the message is looked at again, though its own page is what it was.
    again = crawl_into(
        tmp_path,
        catalogue(f"{site.url}/list", selectors=WITH_PAGES),
        now=first.posts["1"].fetched_at.replace(day=21),
    )
    assert (again.counts.updated, again.posts["1"].replies[0].text) == (1, "已修复。")


@pytest.mark.parametrize(
    ("address", "page", "stored", "rejected"),
    [
        ("/reply/1", Page(status=404), 1, {}),
        ("https://elsewhere.example.org/reply/1", None, 1, {}),
        ("/reply/1", Page(status=503), 0, {"http_503": 1}),
        ("/reply/1", Page(body=b"\x89PNG\x00", content_type="image/png"), 1, {}),
    ],
)
def test_a_message_waits_for_a_reply_page_that_may_come_and_not_for_one_that_is_gone(
    site: Site, tmp_path: Path, address: str, page: Page | None, stored: int, rejected: dict[str, int]
) -> None:
    site.pages.update({"/list": listing([1]), "/detail?id=1": linking(1, address)})
    if page is not None:
        site.pages["/reply/1"] = page
    counts = crawl(site, tmp_path).counts
    assert (counts.fetched, counts.stored, counts.rejected) == (1, stored, rejected)


def test_a_letter_on_the_list_is_known_by_its_words_and_its_reply_is_a_revision(
    site: Site, tmp_path: Path
) -> None:
    def letters(replies: Sequence[str]) -> Page:
        rows = "".join(
            f"<div class=one><h3>咨询</h3><p>第{number}个问题：路灯何时修好？</p><i>2026-11-01</i>"
            f"<blockquote>{reply}</blockquote></div>"
            for number, reply in enumerate(replies)
        )
        return html(f"<body>{rows}</body>")

    text = catalogue(f"{site.url}/list", selectors=ON_LIST, extra="whole_in_list: true")
    site.pages["/list"] = letters(["", ""])
    assert crawl_into(tmp_path, text).counts.stored == 2
    site.pages["/list"] = letters(["", "下周修好。"])
    again = crawl_into(tmp_path, text)
    assert (again.counts.updated, again.counts.unchanged, len(again.posts)) == (1, 1, 2)
    assert sorted(len(post.replies) for post in again.posts.values()) == [0, 1]
