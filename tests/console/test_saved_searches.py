"""Kept searches: what may be kept, their feeds, and the rules made of them."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import feedparser
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from alerts.rule_types import AnyRule, FrequencyRule
from console.security import CSRF_FIELD
from console.services import Services
from records.post import Channel
from records.query import SortOrder
from tests.console.conftest import browser
from tests.console.reading import read_page
from tests.console.town_posts import HOSTILE, NOW

FEED = f"/searches/{quote('停水 城南')}/feed.rss"


def keep(client: TestClient, name: str = "停水 城南", query: str = "停水", sort: str = "newest") -> Response:
    return client.post(
        "/searches", data={"name": name, "query": query, "sort": sort, CSRF_FIELD: token(client)}
    )


def token(client: TestClient) -> str:
    found = re.search(rf'name="{CSRF_FIELD}" value="(\w+)"', client.get("/search").text)
    assert found is not None
    return found[1]


def test_the_search_on_the_page_is_kept_whole(fresh_town: Services) -> None:
    client = browser(fresh_town)
    page = client.get(
        "/search", params={"q": "施工 OR 停水", "place": "南门街道", "since": "2026-03-01", "sort": "oldest"}
    ).text
    fields = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.split("/searches")[1])
    )
    answer = client.post(
        "/searches", data={name: unescape(v) for name, v in fields.items()} | {"name": "南门"}
    )
    assert answer.status_code == 200
    assert "已保存“南门”" in answer.text
    [kept] = fresh_town.database.saved_searches.list()
    assert (kept.name, kept.sort, kept.created_at) == ("南门", SortOrder.OLDEST, NOW)
    shown = re.search("<b>(\\d+) 件来件</b>", page)
    assert shown is not None
    assert fresh_town.index.count(kept.query) == int(shown[1]) > 0
    assert [row.action for row in fresh_town.database.audit.list(subject="南门")] == ["keep_search"]


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        (" ", "停水", "not one for a search"),
        ("停/水", "停水", "not one for a search"),
        ("..", "停水", "only dots"),
        ("停\N{RIGHT-TO-LEFT OVERRIDE}水", "停水", "not one for a search"),
        ("长" * 61, "停水", "not one for a search"),
        ("停水", "((", "a bracket is not closed"),
        ("停水", "停" * 2001, "at most 2,000"),
        ("某人", "13912345678", "no personal detail"),
        ("13912345678", "停水", "no personal detail"),
    ],
)
def test_what_cannot_be_kept_is_a_400_that_says_why(
    client: TestClient, town: Services, name: str, query: str, said: str
) -> None:
    answer = keep(client, name, query)
    assert answer.status_code == 400
    assert said in unescape(answer.text)
    assert town.database.saved_searches.list() == []


def test_a_second_search_of_a_name_is_refused(fresh_town: Services) -> None:
    client = browser(fresh_town)
    assert keep(client).status_code == 200
    assert keep(client, query="施工").status_code == 400
    assert [each.query for each in fresh_town.database.saved_searches.list()] == ["停水"]


def test_forms_from_elsewhere_neither_keep_nor_delete(fresh_town: Services) -> None:
    client = browser(fresh_town)
    keep(client)
    for path in ("/searches", f"/searches/{quote('停水 城南')}/forget"):
        answer = client.post(path, data={"name": "b", "query": "施工", CSRF_FIELD: "x"})
        assert answer.status_code == 403
    assert len(fresh_town.database.saved_searches.list()) == 1


def test_the_feed_has_title_page_and_date_of_the_newest_and_nobody_else(fresh_town: Services) -> None:
    client = browser(fresh_town)
    keep(client)
    assert FEED in client.get("/searches").text
    answer = client.get(FEED)
    feed = feedparser.parse(answer.content)
    assert (feed.bozo, feed.version, feed.feed.title) == (False, "rss20", "停水 城南 · 清河回应")
    assert len(feed.entries) == 6
    newest = feed.entries[0]
    assert newest.title == "南门街道连续三天停水，老人小孩没水用"
    assert newest.link == newest.id == "http://127.0.0.1:8731/posts/board/water-0"
    assert newest.published == "Fri, 20 Mar 2026 10:00:00 +0800"
    assert not any(set(entry) & {"author", "authors", "summary", "content"} for entry in feed.entries)
    assert "author" not in answer.text
    assert [row.action for row in fresh_town.database.audit.list(subject="停水 城南")] == [
        "read_feed",
        "keep_search",
    ]


def test_hostile_titles_are_text_in_a_feed(fresh_town: Services) -> None:
    client = browser(fresh_town)
    keep(client, query="井盖")
    feed = feedparser.parse(client.get(FEED).content)
    assert not feed.bozo
    [entry] = feed.entries
    assert entry.link.endswith(f"/posts/{HOSTILE}")


def test_a_reader_that_has_the_feed_is_told_so(fresh_town: Services) -> None:
    client = browser(fresh_town)
    keep(client)
    first = client.get(FEED)
    tag, modified = first.headers["etag"], first.headers["last-modified"]
    assert first.headers["cache-control"] == "private, no-cache"
    for headers in (
        {"If-None-Match": tag},
        {"If-None-Match": f'"other", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": modified},
        {"If-Modified-Since": "Sun, 22 Mar 2026 00:00:00 GMT"},
    ):
        again = client.get(FEED, headers=headers)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), headers
    for headers in (
        {"If-None-Match": '"other"', "If-Modified-Since": modified},
        {"If-Modified-Since": "Thu, 19 Mar 2026 00:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Sun, 22 Mar 2026 00:00:00"},
    ):
        assert client.get(FEED, headers=headers).status_code == 200, headers


def test_a_changed_title_is_a_new_state_of_the_feed(fresh_town: Services) -> None:
    client = browser(fresh_town)
    keep(client)
    tag = client.get(FEED).headers["etag"]
    fresh_town.database.purge(Channel.INBOX, before=NOW, now=NOW)
    again = client.get(FEED, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert "文本已按期删除" in again.text


def test_a_deleted_search_has_no_feed(fresh_town: Services) -> None:
    client = browser(fresh_town)
    keep(client)
    page = client.post(f"/searches/{quote('停水 城南')}/forget", data={CSRF_FIELD: token(client)})
    assert "还没有保存的检索" in page.text
    assert client.get(FEED).status_code == 404


def test_a_kept_search_is_the_draft_of_a_rule(fresh_town: Services) -> None:
    client = browser(fresh_town)
    keep(client, query='停水 AND place:"南门街道"')
    assert 'action="/rules/draft/search"' in client.get("/searches").text
    wanted = {"search": "停水 城南", "type": "frequency", "timeframe": "7d", "num_events": "5"}
    page = client.get("/rules/draft/search", params=wanted)
    rule = fresh_town.rules.read(textarea(page.text))
    assert isinstance(rule, FrequencyRule)
    assert (rule.name, rule.filter) == ("停水 城南", '停水 AND place:"南门街道"')
    assert (rule.query_key, rule.num_events, rule.timeframe.days) == (("place",), 5, 7)
    assert "最近" not in rule.description
    assert isinstance(
        fresh_town.rules.read(textarea(client.get("/rules/draft/search?search=停水 城南").text)), AnyRule
    )
    assert len(fresh_town.rules.load().rules) == 2


def textarea(page: str) -> str:
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert found is not None
    return unescape(found[1])


@pytest.mark.parametrize(
    ("wanted", "status", "said"),
    [
        ({"search": "没有"}, 404, "not kept here"),
        ({"timeframe": "soon"}, 400, "not a length of time"),
        ({"type": "surge"}, 400, "parameter"),
        ({"num_events": "x"}, 400, "parameter"),
    ],
)
def test_what_makes_no_draft_is_said(
    fresh_town: Services, wanted: dict[str, str], status: int, said: str
) -> None:
    client = browser(fresh_town)
    keep(client)
    answer = client.get("/rules/draft/search", params={"search": "停水 城南", **wanted})
    assert (answer.status_code, said in unescape(answer.text)) == (status, True)


def test_the_list_is_read_in_both_languages(fresh_town: Services) -> None:
    client = browser(fresh_town)
    keep(client)
    assert "从此检索生成规则" in client.get("/searches").text
    english = read_page(client.get("/searches?lang=en").text)
    assert "Make a rule of this search" in english.text
    assert english.blocked == []
