from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from parsel import Selector
from scrapy.http import TextResponse

from crawler.extraction import (
    all_text,
    first_text,
    html_page,
    json_ld_value,
    meta_value,
    read_date,
    read_rating,
    text_of,
    without_comments,
)
from records.errors import Rejected

ZONE = ZoneInfo("Asia/Shanghai")


def test_text_has_a_line_for_each_block_and_no_scripts() -> None:
    page = Selector(
        text="<div>一<b>楼</b>漏水<br>多日<p>请　修 \n理</p><script>x()</script><!-- 注 -->"
        "<style>b{}</style>尾</div>"
    )
    assert text_of(page.css("div")[0]) == "一楼漏水\n多日\n请 修 理\n尾"


def test_text_of_markup_deeper_than_python_recurses() -> None:
    page = Selector(text="<div>" + "<span>" * 1500 + "深处" + "</span>" * 1500 + "</div>")
    assert "深处" in text_of(page.css("div")[0])


def test_json_deeper_than_python_reads_is_read_as_text() -> None:
    response = TextResponse("https://example.org/", body=b"[" * 3000, encoding="utf-8")
    assert html_page(response).type == "html"


def test_first_and_all_text() -> None:
    page = Selector(text='<p> </p><p>甲</p><p>乙</p><a href=" /x ">丙</a>')
    assert first_text(page, "p") == "甲"
    assert first_text(page, "//a/@href") == "/x"
    assert first_text(page, "h1") == ""
    assert all_text(page, "p") == "甲\n乙"


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("2026-03-01 08:30", ()),
        ("2026年3月1日 8时30分", ()),
        ("发布时间：2026-03-01 08:30 浏览 20261次", ()),
        ("01/03/2026 08.30", ("%d/%m/%Y %H.%M",)),
    ],
)
def test_the_sites_date(text: str, formats: tuple[str, ...]) -> None:
    assert read_date(text, formats=formats, zone=ZONE) == datetime(2026, 3, 1, 8, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "formats", "code"),
    [
        ("", (), "no_date"),
        ("昨天", (), "bad_date"),
        ("03-01", (), "bad_date"),
        ("2026-03-01 至 2026-03-05", (), "bad_date"),
        ("2026-02-30", (), "bad_date"),
        ("收到日期 2026-13-01", (), "bad_date"),
        ("张三 13812345678 昨天", ("%Y-%m-%d",), "bad_date"),
    ],
)
def test_a_date_is_never_guessed_and_never_quoted(text: str, formats: tuple[str, ...], code: str) -> None:
    with pytest.raises(Rejected) as caught:
        read_date(text, formats=formats, zone=ZONE)
    assert caught.value.code == code
    assert "张三" not in str(caught.value)


def test_ratings() -> None:
    assert [read_rating(text) for text in ("5", "评分：4", "10", "好", "")] == [5, 4, None, None, None]


def test_comment_widgets_are_cut() -> None:
    page = without_comments(
        Selector(
            text='<article>正文</article><div id="SOHUCS">甲</div><ul class="comment-list"><li>乙'
            '<div class="comments">丙</div></li></ul><section class="pinglun">丁</section>'
        )
    )
    assert text_of(page.css("body")[0]) == "正文"


def test_json_ld_and_meta() -> None:
    page = Selector(
        text='<meta property="article:published_time" content="2026-03-01">'
        '<script type="application/ld+json">{broken</script>'
        '<script type="application/ld+json">{"@graph": [{"datePublished": "2026-03-02"}]}</script>'
    )
    assert json_ld_value(page, "datePublished") == "2026-03-02"
    assert meta_value(page, "Article:Published_Time") == "2026-03-01"
    assert json_ld_value(page, "absent") == meta_value(page, "absent") == ""
