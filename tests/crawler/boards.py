"""Message boards as markup, invented: a list and its messages, and the catalogue entry that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import indent

from tests.crawler.site import Page, html

SELECTORS = """\
item: ul.list li
next_page: a.next::attr(href)
id_from_url: id=(\\d+)
title: h1
body: div.content
asked_at: span.date
status: span.status
department: span.office
reply: div.reply
reply_text: div.text
reply_department: b
reply_date: i
"""


def catalogue(url: str, *, selectors: str = SELECTORS, extra: str = "", spider: str = "board") -> str:
    """Return a catalogue with one source, on this machine and without delay."""
    text = f"""\
sources:
  - name: lake
    title: 湖区信箱
    channel: inbox
    place: 湖区
    spider: {spider}
    start_urls: ["{url}"]
    local: true
    delay_s: 0
"""
    if extra:
        text += indent(extra.strip(), "    ") + "\n"
    if selectors:
        text += "    selectors:\n" + indent(selectors, "      ")
    return text


def listing(numbers: Sequence[int], *, next_page: str = "", **options: object) -> Page:
    """Return a list page that links to the messages `numbers`."""
    items = "".join(f'<li><a href="/detail?id={number}">信件{number}</a></li>' for number in numbers)
    following = f'<a class="next" href="{next_page}">下一页</a>' if next_page else ""
    return html(f'<html><body><ul class="list">{items}</ul>{following}</body></html>', **options)


def message(
    number: int,
    *,
    title: str | None = None,
    text: str = "路灯已经坏了三天，晚上看不清路。",
    date: str = "2026-11-01 09:30",
    replies: Sequence[tuple[str, str, str]] = (),
    head: str = '<meta charset="utf-8">',
    status: str = "待回复",
    **options: object,
) -> Page:
    """Return a message's page; `replies` are (department, date, text)."""
    blocks = "".join(
        f'<div class="reply"><b>{office}</b><i>{when}</i><div class="text">{answer}</div></div>'
        for office, when, answer in replies
    )
    return html(
        f"""<html><head>{head}<title>信箱</title></head><body><h1>{title or f"第{number}封信"}</h1>
        <p>来信人：<span class="writer">张三丰</span> 时间：<span class="date">{date}</span>
        <span class="status">{status}</span> <span class="office">城管局</span></p>
        <div class="content"><p>{text}</p><script>var a = 1;</script></div>{blocks}</body></html>""",
        **options,
    )
