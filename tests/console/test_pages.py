"""What each page shows."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from console.services import Services
from nlp.subtopics import Below, word_weights
from records.post import Channel
from tests.console.conftest import browser
from tests.console.town_cases import WAGES, WATER
from tests.console.town_posts import EDITED, TODAY, UNSURE

PAGES = (
    "/",
    "/alerts",
    "/alerts?state=resolved",
    "/alerts?state=assigned",
    "/alerts/awater",
    "/silences",
    "/silences?matchers=place%3D南门街道&reason=检修",
    "/rules",
    "/problems",
    f"/problems/{WATER}",
    "/search",
    "/search?q=停水",
    "/search?q=((",
    f"/posts/{EDITED}",
    "/posts/board/hostile",
    "/sources",
    "/sources/lake",
    "/sources/case",
    "/topics",
    "/briefings",
    "/briefings/1",
    "/nowhere",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_there_in_both_languages(client: TestClient, path: str) -> None:
    chinese = client.get(path, headers={"Accept-Language": "de"})
    english = client.get(path, headers={"Accept-Language": "en"})
    expected = {"/nowhere": 404, "/search?q=((": 400}.get(path, 200)
    assert (chinese.status_code, english.status_code) == (expected, expected)
    assert '<html lang="zh-Hans">' in chinese.text
    assert '<html lang="en">' in english.text


def test_the_overview_counts_the_day_and_says_what_was_blind(client: TestClient, town: Services) -> None:
    page = client.get("/").text
    counts = town.database.posts.service_counts(_today(town), now=town.clock())
    assert f"<b>{counts['asked']}</b>" in page
    assert "期间有 2 个来源未正常采集" in page
    assert page.count("缺 2 个来源") >= counts["asked"] > 0
    assert "工地拖欠工资半年" in page
    assert "南门街道一天内收到6件停水来件" in page


def test_the_overview_of_a_day_without_messages_leads_to_the_latest(client: TestClient) -> None:
    page = client.get("/?date=2020-01-01").text
    assert f'href="/?date={TODAY}"' in page
    assert client.get("/?date=2020-13-01").status_code == 400


def test_the_overview_of_an_empty_installation_says_so(fresh_town: Services) -> None:
    fresh_town.index.clear()
    page = browser(fresh_town).get("/?date=2020-01-01")
    assert page.status_code == 200


def test_a_post_shows_how_it_was_read(client: TestClient) -> None:
    page = client.get(f"/posts/{EDITED}").text
    assert "写明时间：<q" in page
    assert "3月18日" in page
    assert "<ins>，昨天有人摔伤</ins>" in page
    assert "<del>办理中</del>" in page
    assert "没有需要遮去的个人信息" in page
    assert f'href="/problems/{"phole"}"' in page


def test_a_post_that_the_model_is_unsure_of_says_so(client: TestClient) -> None:
    page = client.get(f"/posts/{UNSURE}").text
    assert "拿不准" in page
    assert "最像“环境保护”" in page
    assert "其次“交通运输”" in page
    assert "文中没有写明" in page


def test_the_second_level_is_marked_as_a_suggestion_or_unknown(client: TestClient) -> None:
    page = client.get("/posts/board/water-0").text
    assert '<b lang="zh">城市建设和市政管理</b> <span class="quiet">机器的建议</span>' in page
    assert '<dt>自定义主题</dt><dd lang="zh">二次供水</dd>' in page
    page = client.get(f"/posts/{UNSURE}").text
    assert '<dt>二级主题</dt><dd><b class="unknown">未知</b></dd>' in page
    assert "自定义主题" not in page


def test_reasons_quote_the_words(client: TestClient) -> None:
    page = client.get("/posts/board/water-0").text
    assert ">清河市市长信箱</a>" in page
    assert '断水断电断气：<q lang="zh">一直没有来水</q>' in page


def test_looking_at_a_post_is_in_the_audit_log(fresh_town: Services) -> None:
    client = browser(fresh_town)
    client.get(f"/posts/{EDITED}")
    client.get("/posts/board/none")
    rows = fresh_town.database.audit.list()
    assert [(row.action, row.subject) for row in rows] == [("read_post", EDITED)]
    assert rows[0].at == fresh_town.clock()


def test_a_problem_shows_posts_and_voices_side_by_side(client: TestClient) -> None:
    page = client.get(f"/problems/{WAGES}").text
    assert "<b>2</b> 件来件" in page
    assert "<b>1</b> 个独立反映" in page
    assert "同文重复" in page
    assert "归入原因" in page
    assert "超期 11天" in page


def test_problems_are_filtered_and_ordered(client: TestClient) -> None:
    assert "湖滨路路灯不亮" not in client.get("/problems?state=open").text
    assert "湖滨路路灯不亮" in client.get("/problems?state=closed").text
    by_size = client.get("/problems?order=size").text
    assert by_size.index(WATER) < by_size.index(WAGES)
    by_age = client.get("/problems?order=age").text
    assert by_age.index(WAGES) < by_age.index(WATER)
    assert "工地拖欠工资" not in client.get("/problems?topic=城乡建设").text
    assert client.get("/problems?order=best").status_code == 400


def test_a_source_shows_its_state_and_how_its_runs_ended(client: TestClient) -> None:
    page = client.get("/sources/lake").text
    assert "失联" in page
    assert "selector_empty" in page
    assert "503 Service Unavailable" in page


def test_what_is_not_stored_is_a_404_that_names_it(client: TestClient) -> None:
    for path in ("/posts/board/none", "/problems/pnone", "/alerts/anone", "/sources/none", "/briefings/99"):
        page = client.get(path)
        assert page.status_code == 404
        assert path.rsplit("/", 1)[1] in page.text


def test_a_page_number_past_the_end_is_an_empty_page(client: TestClient) -> None:
    assert "没有这样的问题" in client.get("/problems?page=999").text
    assert client.get("/alerts?page=-5").status_code == 200


def test_the_title_and_language_of_the_installation_hold(town: Services) -> None:
    page = browser(town).get("/", headers={"Accept-Language": ""}).text
    assert "<title>概览 · 清河回应</title>" in page


def _today(services: Services):  # type: ignore[no-untyped-def]  # a test's shorthand
    from records.times import day_period

    assert Channel.INBOX.carries_reports
    return day_period(TODAY, zone=services.zone)


def test_the_register_names_every_topic_and_the_words_of_each_class(client: TestClient) -> None:
    page = client.get("/topics").text
    assert [page.count(mark) for mark in ("<h2", "建议，按", "老旧小区加装电梯的申请和费用。")] == [8, 31, 1]
    n_words = len(word_weights()[Below("城乡建设", "城乡规划")])
    assert f'<span lang="zh">城乡规划</span> <span class="quiet">建议，按 {n_words} 个词' in page
    assert "容积率" in page
    english = client.get("/topics", headers={"Accept-Language": "en"}).text
    assert f"suggested by {n_words} words" in english
