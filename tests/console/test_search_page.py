"""The search page, its exports and the JSON beside it."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from console import exports, searching
from console.services import Services
from records.query import SortOrder
from tests.console.conftest import browser
from tests.console.town_posts import HOSTILE_TEXT


def test_hits_are_marked_and_counted(client: TestClient) -> None:
    page = client.get("/search", params={"q": "停水"}).text
    assert "<b>6 件来件</b>" in page
    assert "<mark>停水</mark>" in page
    assert "缺 2 个来源" in page


def test_the_reply_that_was_found_is_shown(client: TestClient) -> None:
    page = client.get("/search", params={"q": "reply:修补"}).text
    assert "<mark>修补</mark>" in page
    assert "<b>1 件来件</b>" in page


def test_the_page_says_how_the_query_was_read(client: TestClient) -> None:
    query = "（停水 OR “断电”^2） urgency:>=2 NOT channel:news asked:[2026-03-01 TO 2026-03-31]"
    page = client.get("/search", params={"q": query}).text
    assert "规整为：" in page
    assert unescape(page.split('<pre class="query"')[1].split("</pre>")[0]).splitlines() == [
        ' lang="zh">下面各条都要符合',
        "  下面至少符合一条",
        "    文中有“停水”",
        "    文中连着有“断电”（排序时算 2 倍）",
        "  紧急程度 ≥ 2",
        "  去掉符合下面这条的",
        "    渠道是“新闻”",
        "  提问时间 ≥ 2026-03-01 00:00 < 2026-04-01 00:00",
    ]
    near = client.get("/search", params={"q": '"停水 小区"~3 _exists_:reply 停*', "lang": "en"}).text
    assert "text has these words near each other: 停水 小区 ~3" in near
    client.get("/search?lang=zh")


def test_facets_narrow_and_can_be_left_again(client: TestClient) -> None:
    page = client.get("/search", params={"q": "施工", "place": "南门街道"}).text
    assert "<b>12 件来件</b>" in page
    assert "地点：南门街道 ×" in page
    both = client.get("/search", params={"q": "施工", "place": ["南门街道", "湖滨区"]}).text
    assert "<b>45 件来件</b>" in both
    # A narrowed facet still offers its other values.
    assert "<span>湖滨区</span>" in page


def test_the_second_level_and_own_topics_are_facets(client: TestClient) -> None:
    page = client.get("/search", params={"own_topic": "二次供水", "subtopic": "城市建设和市政管理"}).text
    assert "<b>6 件来件</b>" in page
    assert "自定义主题：二次供水 ×" in page
    assert "二级主题：城市建设和市政管理 ×" in page
    assert "<span>二次供水</span><small>6</small>" in client.get("/search").text
    found = client.get("/api/posts", params={"own_topic": "二次供水", "limit": 1}).json()
    read = found["items"][0]["analysis"]
    assert (found["total"], read["subtopic"], read["own_topics"]) == (6, "城市建设和市政管理", ["二次供水"])


def test_a_facet_value_may_hold_any_character(client: TestClient) -> None:
    page = client.get("/search", params={"place": '<b>"南门"</b>'})
    assert page.status_code == 200
    assert "<b>1 件来件</b>" in page.text
    assert client.get("/search", params={"place": 'a" OR "b\\'}).status_code == 200


def test_days_are_local_and_both_included(client: TestClient) -> None:
    one_day = client.get("/search", params={"q": "停水", "since": "2026-03-20", "until": "2026-03-20"}).text
    assert "<b>4 件来件</b>" in one_day
    assert "<b>6 件来件</b>" in client.get("/search", params={"q": "停水", "since": "2026-03-19"}).text
    assert client.get("/search", params={"since": "2026-03-20", "until": "2026-03-01"}).status_code == 200


def test_pages_follow_each_other_without_gap(client: TestClient) -> None:
    seen: list[str] = []
    after = ""
    while after is not None:
        answer = client.get("/api/posts", params={"q": "施工", "after": after, "sort": "newest"}).json()
        seen += [item["id"] for item in answer["items"]]
        after = answer["next_cursor"]
    assert len(seen) == len(set(seen)) == answer["total"] == 45


@pytest.mark.parametrize("sort", SortOrder)
def test_the_page_is_turned_to_the_last_and_back_to_the_first(client: TestClient, sort: SortOrder) -> None:
    page = client.get("/search", params={"q": "施工", "sort": sort.value}).text
    assert 'rel="first"' not in page
    hits, number = _hits(page), 1
    while turned := re.search('rel="next" href="([^"]+)"', page):
        page, number = client.get(unescape(turned[1])).text, number + 1
        assert f"第 {number} 页" in page
        hits += _hits(page)
    assert (len(hits), len(set(hits)), number) == (45, 45, 3)
    back = re.search('rel="first" href="([^"]+)"', page)
    assert back is not None
    assert _hits(client.get(unescape(back[1])).text) == hits[:20]


def test_a_cursor_of_another_search_is_a_400_that_says_what_to_do(client: TestClient) -> None:
    cursor = client.get("/api/posts", params={"q": "施工"}).json()["next_cursor"]
    for after in (cursor, "x"):
        page = client.get("/search", params={"q": "停水", "after": after})
        assert page.status_code == 400
        assert "ask again for the first page" in page.text


@pytest.mark.parametrize(
    ("since", "until", "slots", "first"),
    [
        ("2026-03-18", "2026-03-20", 72, "2026-03-18 00:00"),
        ("2026-02-20", "2026-03-20", 29, "2026-02-20"),
        ("2025-03-20", "2026-03-20", 53, "2025-03-17"),
    ],
)
def test_bars_are_hours_days_or_weeks_by_the_length(
    client: TestClient, since: str, until: str, slots: int, first: str
) -> None:
    page = client.get("/search", params={"since": since, "until": until}).text
    assert page.count('class="slot"') == slots
    assert f"<figcaption><span>{first}</span>" in page


@pytest.mark.parametrize(
    ("query", "position", "said"),
    [
        ("((", 2, "这里的写法不完整"),
        ("*a", 0, "词的开头不能是"),
        ("停水 topic:", 9, "这里的写法不完整"),
        ("停水 tipic:a", 3, "没有这个字段"),
        ("“停水", 0, "这里的写法不完整"),
        ("asked:昨天", 6, "日期读不懂"),
        ("urgency:高", 8, "数字读不懂"),
        ("channel:weibo", 8, "没有这个值"),
    ],
)
def test_a_query_that_cannot_be_read_is_a_400_with_its_position(
    client: TestClient, query: str, position: int, said: str
) -> None:
    page = client.get("/search", params={"q": query, "place": "湖滨区"})
    assert page.status_code == 400
    assert f"问题在第 {position + 1} 个字" in page.text
    assert said in page.text
    answer = client.get("/api/posts", params={"q": query, "place": "湖滨区"})
    assert answer.status_code == 400
    assert answer.json()["error"]["position"] == position
    assert client.get("/search/export.csv", params={"q": query}).status_code == 400


@pytest.mark.parametrize(
    "params",
    [
        {"page": "0"},
        {"page": "2"},
        {"after": "x" * 501},
        {"page": "x"},
        {"sort": "best"},
        {"channel": "weibo"},
        {"urgency": "9"},
        {"author": "someone"},
        {"q": "停" * 2001},
        {"since": "2026-02-30"},
    ],
)
def test_wrong_parameters_are_a_400_never_a_500(client: TestClient, params: dict[str, str]) -> None:
    assert client.get("/search", params=params).status_code == 400
    answer = client.get("/api/posts", params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_parameter"


def test_the_csv_is_for_spreadsheets_and_its_formulas_are_disarmed(fresh_town: Services) -> None:
    answer = browser(fresh_town).get("/search/export.csv", params={"q": "停水"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 6
    assert [row["asked_at"] for row in rows] == sorted((row["asked_at"] for row in rows), reverse=True)
    assert not any(name in rows[0] for name in ("author", "user", "phone"))
    assert "export" in [row.action for row in fresh_town.database.audit.list()]


def test_the_jsonl_holds_every_hit_as_it_is_stored(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "BATCH", 7)
    lines = client.get("/search/export.jsonl").text.splitlines()
    posts = [json.loads(line) for line in lines]
    assert len({post["id"] for post in posts}) == len(posts) == 60
    assert HOSTILE_TEXT in [post["text"] for post in posts]
    assert all("analysis" in post for post in posts)


def test_an_export_without_hits_is_only_a_header(client: TestClient) -> None:
    assert len(client.get("/search/export.csv", params={"q": "恐龙"}).text.splitlines()) == 1
    assert client.get("/search/export.jsonl", params={"q": "恐龙"}).text == ""
    [sheet] = load_workbook(
        io.BytesIO(client.get("/search/export.xlsx", params={"q": "恐龙"}).content)
    ).worksheets
    assert [row[0].value for row in sheet.rows] == ["id"]
    assert client.get("/search/export.exe").status_code == 400


def test_problems_as_json(client: TestClient) -> None:
    answer = client.get("/api/problems", params={"state": "open", "order": "size", "limit": 1}).json()
    assert answer["has_more"] is True
    assert answer["items"][0]["n_posts"] == 6
    assert len(answer["items"][0]["post_ids"]) == 6
    wrong = client.get("/api/problems", params={"state": "lost"})
    assert wrong.status_code == 400
    assert wrong.json()["error"]["code"] == "bad_parameter"
    assert client.get("/api/nothing").json()["error"]["code"] == "not_found"


def test_searching_is_noted_only_where_something_was_seen(fresh_town: Services) -> None:
    client = browser(fresh_town)
    client.get("/search", params={"q": "恐龙"})
    client.get("/search", params={"q": "停水"})
    rows = fresh_town.database.audit.list()
    assert [(row.action, row.subject, row.detail) for row in rows] == [("search", "(停水)", "6 posts")]


def test_a_word_deep_in_a_long_message_is_shown_with_what_stands_around_it(town: Services) -> None:
    from nlp.segment import words
    from storage.query import parse_query

    node = parse_query("水管", now=town.clock(), zone=town.zone, segment=words)
    marker = searching._Marker(node, town)
    pieces = marker.snippet("前情很长。" * 20_000 + "后来水管爆了。" + "后话也长。" * 20_000, "text")
    assert ("水管", True) in pieces
    assert (pieces[0], pieces[-1]) == (("…", False), ("…", False))
    assert sum(len(text) for text, _ in pieces) < 200
    assert marker.snippet("没有找到的词", "text") == [("没有找到的词", False)]


def _hits(page: str) -> list[str]:
    return re.findall(r'<h3><a href="(/posts/[^"]+)"', page)
