"""Boards whose lists and messages are JSON, or whose pages are numbered: no browser is needed for them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.crawler.boards import SELECTORS, catalogue, listing, message
from tests.crawler.crawling import ZONE, crawl_into
from tests.crawler.site import Handler, Page, Site, html

IN_JSON = """\
item: "json:data.rows[]"
link: "json:letterId"
total: "json:data.total"
page_count: "json:data.pages"
title: "json:data.title"
body: "json:data.content"
asked_at: "json:data.askTime"
status: "json:data.state"
department: "json:data.dept.name"
attachment: "json:data.files[].name"
reply: "json:data.answers[]"
reply_text: "json:text"
reply_department: "json:dept"
reply_date: "json:time"
"""


def as_json(value: Any, **options: Any) -> Page:
    text = json.dumps(value, ensure_ascii=False)
    return html(text, **{"content_type": "application/json; charset=utf-8", **options})


def letter(number: int, **values: Any) -> dict[str, Any]:
    return {
        "letterId": number,
        "userName": "张三丰",
        "title": f"第{number}封信",
        "content": "<p>路灯坏了。</p><p>请派人看看。</p>",
        "askTime": 1793496600000,
        "state": "已答复",
        "dept": {"name": "城管局"},
        "files": [{"name": "现场 13912345678.jpg", "url": "/f/1.jpg"}, {"name": "图二.png"}],
        "answers": [{"text": "已修复。", "dept": "城管局", "time": "2026-11-03 10:00"}],
        **values,
    }


def sent_form(handler: Handler) -> str:
    return handler.rfile.read(int(handler.headers["Content-Length"])).decode()


def test_a_json_endpoint_with_details_of_their_own(site: Site, tmp_path: Path) -> None:
    site.pages["/api/list?page=0"] = as_json(
        {"data": {"rows": [letter(7), letter(8)], "total": 4, "pages": 2}}
    )
    site.pages["/api/list?page=20"] = as_json({"data": {"rows": [letter(9)], "total": 4, "pages": 2}})
    for number in (7, 8, 9):
        site.pages[f"/api/letter/{number}"] = as_json({"data": letter(number)})
    extra = (
        f"detail_url: '{site.url}/api/letter/{{id}}'\npublic_url: '{site.url}/letter/{{id}}.html'\n"
        f"paging: {{url: '{site.url}/api/list?page={{page}}', first: 0, step: 20}}\nids_in_sequence: true"
    )
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/api/list?page=0", selectors=IN_JSON, extra=extra))
    assert crawled.error is None
    assert sorted(crawled.posts) == ["7", "8", "9"]
    post = crawled.posts["7"]
    assert post.text.startswith("路灯坏了。\n请派人看看。\n附件：现场")
    assert "13912345678" not in post.text
    assert post.text.endswith("图二.png")
    assert post.asked_at == datetime(2026, 11, 1, 9, 30, tzinfo=ZONE)
    assert (post.url, post.addressed_to) == (f"{site.url}/letter/7.html", "城管局")
    assert post.replies[0].replied_at == datetime(2026, 11, 3, 10, tzinfo=ZONE)
    assert "张三丰" not in str(crawled.posts)
    assert crawled.counts.gaps == {"messages": 1}
    assert "/f/1.jpg" not in site.paths


def test_messages_that_stand_in_the_list_asked_for_by_post(site: Site, tmp_path: Path) -> None:
    asked: list[Any] = []

    def answer(handler: Handler) -> Page:
        asked.append(json.loads(sent_form(handler)))
        number = asked[-1]["pageNo"]
        return as_json({"rows": [letter(number), letter(number + 1, askTime="")] if number < 3 else []})

    site.pages["/query"] = answer
    selectors = IN_JSON.replace("data.rows", "rows").replace("json:data.", "json:").replace("link:", "id:")
    extra = "whole_in_list: true\npaging: {form: {pageNo: '{page}', size: 10}, as_json: true}"
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/query", selectors=selectors, extra=extra))
    assert crawled.error is None
    assert asked == [{"pageNo": number, "size": 10} for number in (1, 2, 3)]
    assert sorted(crawled.posts) == ["1"]
    assert crawled.counts.rejected == {"no_date": 2}
    assert crawled.counts.fetched == 3  # the second page shows one of the first again


def test_pages_asked_for_by_a_form(site: Site, tmp_path: Path) -> None:
    def answer(handler: Handler) -> Page:
        number = int(parse_qs(sent_form(handler))["page"][0])
        return listing([number] if number < 3 else [])

    site.pages["/list"] = answer
    site.pages["/detail"] = lambda handler: message(int(handler.path[-1]))
    selectors = SELECTORS.replace("next_page: a.next::attr(href)\n", "")
    extra = "paging: {form: {page: '{page}', kind: letters}}"
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list", selectors=selectors, extra=extra))
    assert (crawled.error, sorted(crawled.posts)) == (None, ["1", "2"])
    assert site.paths.count("/list") == 3


def test_state_embedded_in_the_pages(site: Site, tmp_path: Path) -> None:
    def page(value: Any) -> Page:
        state = json.dumps(value, ensure_ascii=False)
        return html(
            f"<html><div id=app></div><script id=s>window.__STATE__ = {state};(function(){{}}())</script>"
        )

    site.pages["/list"] = page({"data": {"rows": [{"letterId": "/letter?id=7"}]}})
    site.pages["/letter?id=7"] = page({"data": letter(7)})
    selectors = f'{IN_JSON}state: "#s::text"\nid_from_url: id=(\\d+)\n'
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list", selectors=selectors))
    assert (crawled.error, list(crawled.posts)) == (None, ["7"])
    assert crawled.posts["7"].title == "第7封信"

    site.pages["/list"] = html("<script id=s>window.__STATE__ = {broken</script>")
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list", selectors=selectors))
    assert 'has broken JSON in what selectors.state "#s::text" matches' in str(crawled.error)


def test_a_forum_in_json_is_refused(site: Site, tmp_path: Path) -> None:
    rows = [{"letterId": n, "avatar": f"/head/{n}.png", "home": f"/user/{n}"} for n in (1, 2)]
    site.pages["/list"] = as_json({"data": {"rows": rows}})
    extra = f"detail_url: '{site.url}/api/letter/{{id}}'"
    crawled = crawl_into(tmp_path, catalogue(f"{site.url}/list", selectors=IN_JSON, extra=extra))
    assert "is a forum by its markup" in str(crawled.error)
    assert site.paths == ["/list"]
