"""Search is behind, or away: every page says what it cannot know, and what needs no search goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from console.lag import STALE_AFTER, search_lag
from console.services import Services
from records.times import utc_now
from storage.indexer import drain
from storage.outbox import TRIES
from storage.search_engines import open_index
from tests.console.conftest import browser
from tests.console.town_cases import WATER, WATER_ALERT
from tests.console.town_posts import EDITED, ZONE

PAGES = (
    "/alerts",
    f"/alerts/{WATER_ALERT}",
    "/problems",
    f"/problems/{WATER}",
    f"/posts/{EDITED}",
    "/sources",
    "/briefings/1",
    "/searches",
    "/health",
)


@pytest.fixture
def behind(fresh_town: Services) -> Services:
    """A town of which one message is not indexed, an hour after it came."""
    post = fresh_town.database.posts.get(EDITED)
    assert post is not None
    fresh_town.database.posts.save([replace(post, votes_up=99)])
    return replace(fresh_town, clock=lambda: utc_now() + timedelta(hours=1))


@pytest.fixture
def down(town: Services) -> Iterator[Services]:
    """The town with a search engine that does not answer."""
    index = open_index("http://127.0.0.1:1/town", segment=town.segment, zone=ZONE)
    yield replace(town, index=index)
    index.close()


def test_every_page_says_that_search_is_behind_and_since_when(behind: Services) -> None:
    client = browser(behind)
    since = behind.database.outbox.waiting_since()
    assert since is not None
    said = f"检索滞后：自 {since:%Y-%m-%d %H:%M} 起有 1 处改动还查不到"
    for path in ("/", "/search?q=停水", *PAGES):
        assert said in client.get(path).text, path
    health = client.get("/healthz").json()
    assert (health["status"], health["index_lag"], health["waiting_since"]) == (
        "search_stale",
        1,
        since.isoformat(),
    )


def test_search_that_caught_up_is_no_longer_behind(behind: Services) -> None:
    drain(behind.database, behind.index, segment=behind.segment)
    client = browser(behind)
    assert "检索滞后" not in client.get("/").text
    health = client.get("/healthz").json()
    assert (health["status"], health["index_lag"], health["waiting_since"]) == ("ok", 0, None)


def test_what_just_came_is_not_called_behind(behind: Services) -> None:
    since = behind.database.outbox.waiting_since()
    assert since is not None
    soon = search_lag(behind, since + STALE_AFTER)
    assert (soon.is_stale, soon.waiting) == (False, 1)
    assert search_lag(behind, since + STALE_AFTER + timedelta(seconds=1)).is_stale


@pytest.mark.parametrize("path", PAGES)
def test_without_the_engine_all_that_needs_no_search_works(down: Services, path: str) -> None:
    page = browser(down).get(path)
    assert page.status_code == 200
    assert "相似留言" not in page.text


def test_without_the_engine_the_overview_counts_and_says_what_is_missing(down: Services) -> None:
    page = browser(down).get("/").text
    assert "检索引擎现在没有回答，图表暂缺" in page
    assert "收到来件" in page
    assert "待处理预警" in page


def test_a_search_without_the_engine_is_a_503_that_says_when_to_come_again(down: Services) -> None:
    client = browser(down)
    page = client.get("/search?q=停水")
    assert (page.status_code, page.headers["retry-after"]) == (503, "30")
    assert "检索引擎或数据库现在没有回答" in page.text
    answer = client.get("/api/posts?q=停水")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    health = client.get("/healthz").json()
    assert (health["status"], health["indexed"], health["posts"]) == ("search_down", None, 60)
    assert "没有回答" in client.get("/health").text


def test_what_the_engine_refuses_is_listed_with_the_reason(fresh_town: Services) -> None:
    outbox = fresh_town.database.outbox
    for _ in range(TRIES):
        outbox.put([EDITED])
        with outbox.claim(9) as claim:
            claim.done(refused={EDITED: "immense term"})
    client = browser(fresh_town)
    page = client.get("/health").text
    assert "检索引擎收不进的来件（1 件）" in page
    assert f'href="/posts/{EDITED}"' in page
    assert "immense term" in page
    assert client.get("/healthz").json()["set_aside"] == 1


def test_a_post_leads_to_others_like_it(town: Services) -> None:
    page = browser(town).get("/posts/board/noise-3").text
    alike = page.split('id="alike"')[1]
    assert "夜间施工噪音扰民" in alike
    assert "/posts/board/noise-3" not in alike
