"""Beside every count stands which sources were not read in its days, and near its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from alerts.coverage import Coverage
from console.coverage import seen
from console.services import Services
from console.view import make_environment
from crawler.catalogue import Catalogue
from records.times import day_period
from tests.console.conftest import browser, open_town
from tests.console.town_cases import WATER, WATER_ALERT
from tests.console.town_posts import TODAY, ZONE

# `lake` has not been reached for nine days, `works` never; both are of 湖滨区.
HERE, ELSEWHERE = "湖滨区", "北城区"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with open_town(tmp_path_factory.mktemp("town")) as services:
        yield services


@pytest.fixture(scope="module")
def client(services: Services) -> TestClient:
    return browser_of(services, HERE)


def browser_of(services: Services, place: str) -> TestClient:
    """Return a browser on the town, all sources of which declare the place."""
    placed = [source.model_copy(update={"place": place}) for source in services.catalogue.sources]
    return browser(replace(services, catalogue=Catalogue(sources=tuple(placed))))


def days_ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("days", "place", "missing"),
    [((5, 3), None, 2), ((5, 3), HERE, 2), ((5, 3), ELSEWHERE, 0), ((15, 12), None, 1)],
)
def test_a_search_says_what_was_not_read_in_its_days_and_near_its_place(
    client: TestClient, days: tuple[int, int], place: str | None, missing: int
) -> None:
    asked: dict[str, Any] = {"since": days_ago(days[0]), "until": days_ago(days[1])}
    page = client.get("/search", params=asked | ({"place": place} if place else {})).text
    said = f"缺 {missing} 个来源" if missing else "4 个来源都在线"
    assert said in page
    assert (f"湖滨区区长信箱（失联，自 {days_ago(9)}" in page) is (missing == 2)
    assert ("住建局公告（从未成功）；计数可能偏低。" in page) is (missing == 1)


def test_a_search_without_days_counts_from_its_oldest_message(client: TestClient) -> None:
    english = client.get("/search?q=停水", headers={"Accept-Language": "en"}).text
    assert "Sources not read as usual in this time: 2, namely 住建局公告 (Never succeeded), " in english


def test_the_overview_of_an_earlier_day_tells_of_that_day(client: TestClient) -> None:
    assert "期间有 2 个来源未正常采集" in client.get("/").text
    assert "期间有 1 个来源未正常采集" in client.get(f"/?date={days_ago(12)}").text


def test_problems_are_told_by_their_time_and_place(client: TestClient) -> None:
    assert "缺 2 个来源" in client.get(f"/problems/{WATER}").text
    assert "缺 2 个来源" in client.get("/problems", params={"place": HERE}).text
    assert "4 个来源都在线" in client.get("/problems", params={"place": ELSEWHERE}).text


def test_days_whose_crawls_were_not_looked_at_are_not_called_heard() -> None:
    period = day_period(TODAY - timedelta(days=3), days=2)
    coverage = Coverage(known_from=period.start + timedelta(days=1))
    told = seen(coverage, period, translate=str, zone=ZONE).told
    assert told == f"{days_ago(2)} 00:00 以前的采集情况未核查。"
    later = seen(replace(coverage, known_from=period.start), period, translate=str, zone=ZONE)
    assert later.told == ""


def test_a_banner_of_days_that_were_not_looked_at_tells_so(services: Services) -> None:
    parts: Any = make_environment("zh", services, "").get_template("parts.html").module
    period = day_period(TODAY - timedelta(days=3))
    unknown = seen(Coverage(known_from=period.end), period, translate=str, zone=ZONE)
    assert "以前的采集情况未核查。" in parts.blind_banner(unknown)


def test_an_alert_is_told_by_its_time_and_place(client: TestClient, services: Services) -> None:
    assert "缺 2 个来源" in client.get(f"/alerts/{WATER_ALERT}").text
    elsewhere = browser_of(services, "北关镇").get(f"/alerts/{WATER_ALERT}").text  # the alert is on 南门街道
    assert "4 个来源都在线" in elsewhere


def test_the_api_gives_the_gaps_with_its_counts_and_alone(client: TestClient) -> None:
    asked = {"since": days_ago(12), "until": days_ago(3)}
    alone = client.get("/api/coverage", params=asked).json()
    assert alone["sources"] == 4
    lake, works = sorted(alone["gaps"], key=lambda gap: str(gap["source"]))
    assert (lake["source"], lake["state"], lake["place"], lake["lasts"]) == ("lake", "blind", HERE, True)
    assert date.fromisoformat(lake["start"][:10]) == TODAY - timedelta(days=9)
    assert lake["end"].startswith(days_ago(2))
    assert (works["state"], works["start"]) == ("never", None)
    assert client.get("/api/posts", params=asked).json()["coverage"] == alone
    problems = client.get("/api/problems", params={"state": "open"}).json()
    assert [gap["source"] for gap in problems["coverage"]["gaps"]] == ["works", "lake"]
    assert client.get("/api/coverage", params=asked | {"place": ELSEWHERE}).json()["gaps"] == []
    assert client.get("/api/coverage", params={"since": "gestern"}).status_code == 400
