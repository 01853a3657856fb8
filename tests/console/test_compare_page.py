"""The page that sets two periods beside each other."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.console.town_posts import TODAY

ENGLISH = {"Accept-Language": "en"}


def days_ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def test_the_usual_comparison_is_of_the_last_two_weeks(client: TestClient) -> None:
    page = client.get("/compare")
    assert page.status_code == 200
    assert f"{days_ago(7)} – {days_ago(1)} 共 " in page.text
    assert f"{days_ago(14)} – {days_ago(8)} 共 " in page.text
    assert "湖滨区区长信箱（失联，" in page.text
    assert "来源 湖滨区区长信箱 有一段大半未采集，两段都不计入。" in page.text
    assert "出于偶然的不超过 3%" in page.text
    assert "环境保护" in page.text


@pytest.mark.parametrize("by", ["place", "department", "source", "channel", "intent", "status"])
def test_each_field_has_its_rows_in_words(client: TestClient, by: str) -> None:
    page = client.get("/compare", params={"by": by, "since": days_ago(10), "until": days_ago(1)})
    assert page.status_code == 200
    assert "看不出变化" in page.text


def test_a_count_leads_to_its_messages(client: TestClient) -> None:
    asked = {"by": "topic", "q": "施工", "since": days_ago(6), "until": days_ago(1)}
    page = client.get("/compare", params=asked).text
    address, count = re.findall('<a href="(/search[?]q=%28[^"]+)">(\\d+)</a>', page)[0]
    found = client.get(unescape(address)).text
    assert f"<b>{count} 件来件</b>" in found
    assert "扰民" in found


@pytest.mark.parametrize(
    ("asked", "said", "in_english"),
    [
        ({"since": days_ago(2), "until": days_ago(5)}, "起止日期颠倒了", "A period ends before it starts."),
        ({"until": days_ago(0)}, "最晚到昨天", "up to yesterday"),
        ({"with_until": days_ago(3)}, "前一段要在后一段开始之前结束", "has to end before"),
        ({"year_before": "true"}, "没有任何来件", "no message at all"),
        ({"q": "(("}, "这里的写法不完整", "unfinished"),
        ({"by": "author"}, "这个请求读不懂", ""),
        ({"colour": "red"}, "这个请求读不懂", ""),
    ],
)
def test_what_cannot_be_compared_is_said(
    client: TestClient, asked: dict[str, Any], said: str, in_english: str
) -> None:
    page = client.get("/compare", params=asked)
    assert page.status_code == 400
    assert said in page.text
    assert in_english in client.get("/compare", params=asked, headers=ENGLISH).text


def test_the_page_is_reached_from_the_overview_and_a_search(client: TestClient) -> None:
    assert 'href="/compare"' in client.get("/").text
    assert 'href="/compare?q=' in client.get("/search", params={"q": "停水"}).text
