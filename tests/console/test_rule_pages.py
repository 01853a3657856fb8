"""Rules in the console: tried out over the past, put into force with a reason, compared, restored."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from xml.etree import ElementTree

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from console.security import CSRF_FIELD
from console.services import Services
from records.alert import Verdict
from tests.console.conftest import browser
from tests.console.reading import read_page

NAME = "停水成片"
LIVE = """\
name: 停水成片
title: 停水成片
description: 停水。
type: frequency
filter: 停水 OR 断水
query_key: [place]
timeframe: 48h
num_events: 2
"""


def send(client: TestClient, path: str, **data: str) -> Response:
    found = re.search(f'name="{CSRF_FIELD}" value="([^"]+)"', client.get("/alerts").text)
    assert found is not None
    return client.post(path, data={CSRF_FIELD: found[1], **data})


def kept(services: Services) -> list[tuple[int, str, str, bool]]:
    versions = services.database.rule_versions.list(NAME)
    return [(one.number, one.changed_by, one.reason, one.tried is not None) for one in versions]


def test_a_rule_is_tried_beside_the_present_one_and_goes_live(fresh_town: Services) -> None:
    client = browser(fresh_town)
    page = client.get("/rules/draft", params={"rule": NAME}).text
    assert "filter: 停水 OR 断水" in page
    assert "来不及回看" in page
    assert "data-slow" in page
    assert "正在回看" in page
    tried = send(client, "/rules/draft", text=LIVE, base=NAME, days="30")
    assert tried.status_code == 200
    assert "两版都有" in tried.text
    assert "间隔太长" in tried.text
    picture = re.search(r'<img class="chart" src="([^"]+)"', tried.text)
    assert picture is not None
    drawn = client.get(unescape(picture[1]))
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert "两版都有" in "".join(ElementTree.fromstring(drawn.text).itertext())
    live = send(client, "/rules", text=LIVE, base=NAME, how="tried", why="太吵")
    assert "第 2 版已生效" in live.text
    assert "2026-02-18 至 2026-03-19：" in live.text
    assert kept(fresh_town) == [(2, "console", "太吵", True), (1, "file", "", False)]
    lines = re.findall(r"<(?:ins|del)>([^<]*)", live.text)
    assert "-type: any" in lines
    assert "+type: frequency" in lines


def test_a_trial_says_how_it_agrees_with_what_people_judged(fresh_town: Services) -> None:
    client = browser(fresh_town)
    assert "召回率" not in send(client, "/rules/draft", text=LIVE, base=NAME, days="30").text
    alerts = fresh_town.database.alerts
    first, *_ = alerts.list(rule=NAME)
    before = first.fired_at - timedelta(days=2)
    alerts.save([replace(first, id="a0", fired_at=before, updated_at=before, verdict=Verdict.NOISE)])
    tried = send(client, "/rules/draft", text=LIVE, base=NAME, days="30").text
    assert tried.count("召回率 —") == 2


def test_without_a_backtest_it_goes_live_only_by_force(fresh_town: Services) -> None:
    client = browser(fresh_town)
    before = fresh_town.rules.load().rules
    refused = send(client, "/rules", text=LIVE, base=NAME, how="tried", why="太吵")
    assert (refused.status_code, "not tried out on the past" in refused.text) == (400, True)
    assert "num_events: 2" in refused.text
    assert fresh_town.rules.load().rules == before
    assert send(client, "/rules", text=LIVE, base=NAME, how="forced", why="事故").status_code == 200
    assert kept(fresh_town)[0] == (2, "console", "事故", False)
    (row,) = fresh_town.database.audit.list(subject=f"rule/{NAME}", limit=1)
    assert (row.actor, row.detail) == ("console", "version 2, forced, without a backtest: 事故")


def test_an_earlier_version_is_the_draft_of_the_next(fresh_town: Services) -> None:
    client = browser(fresh_town)
    assert send(client, "/rules", text=LIVE, base=NAME, how="forced", why="事故").status_code == 200
    page = client.get("/rules/versions", params={"rule": NAME}).text
    assert f"/rules/draft?rule={'%E5%81%9C%E6%B0%B4%E6%88%90%E7%89%87'}&amp;version=1" in page
    assert "type: any" in client.get("/rules/draft", params={"rule": NAME, "version": 1}).text
    same = client.get("/rules/versions", params={"rule": NAME, "first": 2, "second": 2}).text
    assert "<ins>" not in same


def test_nights_are_counted_where_it_looks_every_hour(fresh_town: Services) -> None:
    tried = send(browser(fresh_town), "/rules/draft", text=LIVE, base=NAME, days="10", hourly="true")
    assert "夜会把人叫醒" in tried.text
    longer = send(browser(fresh_town), "/rules/draft", text=LIVE, base=NAME, days="90", hourly="true")
    assert (longer.status_code, "every hour of at most 31" in longer.text) == (400, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LIVE.replace("停水 OR 断水", "'*'"), 'rule.yaml:5: "停水成片" filter: "*" matches everything'),
        (LIVE.replace("num_events", "num_evnts"), 'unknown key "num_evnts"'),
        (LIVE.replace("name: 停水成片", "name: 别的"), 'name: "别的" is not "停水成片"'),
        (LIVE.replace("timeframe: 48h", "timeframe: 1m"), "shorter than the 300 s between two rounds"),
        (LIVE.replace("timeframe: 48h", "query_key: author"), "stands here and on line"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_said_above_the_text_that_was_typed(
    fresh_town: Services, text: str, said: str
) -> None:
    client = browser(fresh_town)
    for path in ("/rules/draft", "/rules"):
        answer = send(client, path, text=text, base=NAME, how="forced", why="试")
        assert answer.status_code == 400
        assert said in unescape(answer.text)
        assert text.splitlines()[-1] in unescape(answer.text)
    assert [one.name for one in fresh_town.rules.load().rules] == ["停水成片", "欠薪久拖"]


def test_a_new_rule_takes_the_name_of_no_other(fresh_town: Services) -> None:
    client = browser(fresh_town)
    assert "新规则" in client.get("/rules/draft").text
    answer = send(client, "/rules", text=LIVE, how="forced", why="试")
    assert (answer.status_code, "there is one already" in answer.text) == (400, True)
    fresh = LIVE.replace("停水成片", "停水两件")
    assert send(client, "/rules", text=fresh, how="forced", why="试").status_code == 200
    assert len(fresh_town.rules.load().rules) == 3


def test_a_rule_about_sources_goes_live_only_by_force(fresh_town: Services) -> None:
    text = "name: 失联\ntitle: 失联\ndescription: 由。\ntype: source_silent\ntimeframe: 12h\n"
    answer = send(browser(fresh_town), "/rules/draft", text=text)
    assert (answer.status_code, "looks at crawls" in answer.text) == (400, True)


def test_forms_from_elsewhere_change_no_rule(fresh_town: Services) -> None:
    client = browser(fresh_town)
    for path in ("/rules", "/rules/draft"):
        data = {"text": LIVE, "base": NAME, "how": "forced", "why": "试", CSRF_FIELD: "x"}
        assert client.post(path, data=data).status_code == 403
    assert "type: any" in next(fresh_town.rules.folder.glob("停水*")).read_text("utf-8")


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"new": "1.2", "gone": "1"},
        {"new": "1.x"},
        {"new": ".".join("1" * 80)},
        {"new": "1", "days": "8"},
    ],
)
def test_a_picture_of_nothing_is_refused(fresh_town: Services, wanted: dict[str, str]) -> None:
    answer = browser(fresh_town).get("/charts/trial.svg", params={"first": "2026-03-01", **wanted})
    assert answer.status_code == 400


def test_the_pages_are_read_in_both_languages(fresh_town: Services) -> None:
    client = browser(fresh_town)
    for path, chinese, english in (
        ("/rules/versions?rule=停水成片", "生效前的回看", "Backtest before"),
        ("/rules/draft?rule=停水成片", "先回看这条规则过去会发出哪些预警", "First see"),
    ):
        assert chinese in client.get(path).text
        page = read_page(client.get(f"{path}&lang=en").text)
        client.cookies.clear()
        assert english in page.text
        assert page.blocked == []
