"""Pages broken at random, from a seed: cut, doubled, overwritten, mislabelled, nested without an end."""

from __future__ import annotations

import json
import random

from tests.crawler.boards import SELECTORS, catalogue, listing, message
from tests.crawler.site import HTML, Handler, Page, Site

KINDS = ("board", "pages", "json")
PER_LIST = 100
TYPES = (
    HTML, HTML, HTML, "text/html; charset=gbk", "text/html", "text/plain", "application/xhtml+xml",
    "application/json", "application/octet-stream", "image/png", "text/html; charset=utf-16",
    "text/html; charset=nonsense", "",
)  # fmt: skip
PIECES = (
    b"\x00", b"\xff\xfe", b"<div>" * 2000, b"</div>", b"<!--", b"-->", b"<script>", b"<![CDATA[", b"]]>",
    b"&#xD800;", b"&#1114112;", b"&lt" * 50, b"<table><tr><td>", b'<meta charset="utf-7">', b"<svg><title>",
    "㐂".encode("gb18030"), b"\xed\xa0\x80", "\u202e\u200b".encode(), b'"' * 99, b"{" * 3000, b"[" * 3000,
    b"<h1>", b"&#0;", b"9" * 400, b"2026-13-45", b"<plaintext>", b"<frameset>", b"<base href='http://[::1'>",
    b"\r\n\r\n",
)  # fmt: skip


READ = {
    "board": SELECTORS,
    "pages": """\
item: ul.list li a
next_page: a.next::attr(href)
id_from_url: id=(\\d+)
date: {meta: d}
""",
    "json": """\
item: ul.list li
next_page: a.next::attr(href)
id_from_url: id=(\\d+)
title: json:data.title
body: json:data.content
asked_at: json:data.asked
reply: "json:data.answers[]"
reply_text: json:text
""",
}


def mutate(body: bytes, dice: random.Random) -> bytes:
    """Return the page with one to six of its parts broken."""
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(body) + 1)
        end = min(len(body), start + int(dice.expovariate(1 / 60)))
        match dice.randrange(6):
            case 0:
                body = body[:start] + body[end:]
            case 1:
                body = body[:end] + body[start:]
            case 2:
                body = body[:start] + dice.randbytes(end - start) + body[end:]
            case 3:
                body = body[:start] + dice.choice(PIECES) + body[start:]
            case 4:
                body = body[:start]
            case _:
                other = dice.randrange(len(body) + 1)
                body = body[:start] + body[other : other + 200] + body[end:]
    return body


def whole(kind: str, number: int) -> bytes:
    """Return the page before it is broken."""
    date, text = "2026-11-01 09:30", f"第{number}盏路灯坏了三天，晚上看不清路，请派人维修。"
    if kind == "json":
        letter = {
            "title": f"第{number}封信",
            "content": text,
            "asked": date,
            "answers": [{"text": "已修复。"}],
        }
        return json.dumps({"data": letter}, ensure_ascii=False).encode()
    if kind == "pages":
        paragraphs = "".join(f"<p>{text}</p>" for _ in range(4))
        return (
            f"<html><head><meta name=d content='{date}'><title>通知</title></head><body><article>"
            f"<h1>第{number}号通知</h1>{paragraphs}</article></body></html>"
        ).encode()
    return message(number, text=text, date=date, replies=[("城管局", date, "已修复。")]).body


def serve(site: Site, kind: str, pages: int, *, seed: int) -> str:
    """Let the site have so many mutated pages; return the catalogue of a source that reads them."""

    def broken(handler: Handler) -> Page:
        number = int(handler.path.rpartition("=")[2])
        dice = random.Random(f"{seed} {kind} {number}")
        return Page(body=mutate(whole(kind, number), dice), content_type=dice.choice(TYPES))

    site.pages["/detail"] = broken
    numbers = range(pages)
    for start in range(0, pages, PER_LIST):
        following = f"/list?page={start + PER_LIST}" if start + PER_LIST < pages else ""
        site.pages[f"/list?page={start}"] = listing(numbers[start : start + PER_LIST], next_page=following)
    return catalogue(
        f"{site.url}/list?page=0",
        spider="pages" if kind == "pages" else "board",
        selectors=READ[kind],
        extra=f"max_pages: {pages // PER_LIST + 1}\nmax_items: {pages + 1}",
    )
