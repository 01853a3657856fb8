"""Alerts in the console: assigned, judged with one key, silenced after a look; the rules' heartbeat."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from alerts.explain import condition
from console.security import CSRF_FIELD
from console.services import Services
from records.alert import AlertState, Verdict
from records.run import RunCounts, RunKind, RunState
from tests.console.conftest import browser
from tests.console.reading import read_page
from tests.console.town_cases import OLD_ALERT, WATER_ALERT
from tests.console.town_posts import NOW


def form_token(client: TestClient) -> str:
    found = re.search(f'name="{CSRF_FIELD}" value="([^"]+)"', client.get("/alerts").text)
    assert found is not None
    return found[1]


def test_a_verdict_is_one_key_and_acknowledges(fresh_town: Services) -> None:
    client = browser(fresh_town)
    page = client.get("/alerts").text
    assert all(f'data-action="{key}"' in page for key in (1, 2, 3))
    answer = client.post(
        f"/alerts/{WATER_ALERT}/verdict", data={"verdict": "noise", CSRF_FIELD: form_token(client)}
    )
    assert "已判断为“误报”" in answer.text
    alert = fresh_town.database.alerts.get(WATER_ALERT)
    assert alert is not None
    assert (alert.state, alert.verdict) == (AlertState.ACKNOWLEDGED, Verdict.NOISE)
    (row,) = fresh_town.database.audit.list(subject=WATER_ALERT)
    assert (row.action, row.detail) == ("judge_alert", "noise")


def test_an_alert_says_which_rule_made_it_and_when_that_fires(fresh_town: Services) -> None:
    client = browser(fresh_town)
    page = client.get(f"/alerts/{WATER_ALERT}").text
    rule = fresh_town.rules.live("停水成片")
    assert rule is not None
    assert f"停水成片：{condition(rule)}。" in read_page(page).text
    assert condition(rule) in client.get("/rules/versions", params={"rule": rule.name}).text
    of_a_rule_no_more = client.get(f"/alerts/{OLD_ALERT}").text
    assert "规则 路灯\n" in read_page(of_a_rule_no_more).text


def test_an_alert_is_assigned_to_an_office(fresh_town: Services) -> None:
    client = browser(fresh_town)
    page = client.get(f"/alerts/{WATER_ALERT}").text
    assert "值班群" in page
    assert "已告知（当时为6）" in page
    data = {"office": " 清河市水务局 ", CSRF_FIELD: form_token(client)}
    assert client.post(f"/alerts/{WATER_ALERT}/assign", data=data).status_code == 200
    alert = fresh_town.database.alerts.get(WATER_ALERT)
    assert alert is not None
    assert (alert.state, alert.assigned_to) == (AlertState.ASSIGNED, "清河市水务局")
    assert "清河市水务局" in client.get("/alerts?state=assigned").text


@pytest.mark.parametrize("office", ["", " ", "长" * 61, "联系13812345678"])
def test_an_alert_is_not_assigned_to_anything_else(fresh_town: Services, office: str) -> None:
    client = browser(fresh_town)
    data = {"office": office, CSRF_FIELD: form_token(client)}
    assert client.post(f"/alerts/{WATER_ALERT}/assign", data=data).status_code in (400, 422)
    alert = fresh_town.database.alerts.get(WATER_ALERT)
    assert alert is not None
    assert alert.state is AlertState.ACTIVE


def test_a_silence_shows_what_it_would_hold_before_it_is_made(fresh_town: Services) -> None:
    client = browser(fresh_town)
    wanted = {"matchers": "place=南门街道", "length": "4h", "reason": "计划停水"}
    page = client.get("/silences", params=wanted).text
    assert "会压下现有预警 1 条" in page
    assert fresh_town.database.silences.list() == []
    made = client.post("/silences", data={**wanted, CSRF_FIELD: form_token(client)})
    assert "静默 1 已生效" in made.text
    (silence,) = fresh_town.database.silences.list()
    assert (silence.matchers, silence.created_by) == (("place=南门街道",), "console")
    ended = client.post("/silences/1/end", data={CSRF_FIELD: form_token(client)})
    assert "提前结束" not in ended.text
    assert fresh_town.database.silences.list()[0].ends_at == NOW


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"matchers": "plase=x"}, "is no label of an alert"),
        ({"matchers": "author=x"}, "would make a person the subject"),
        ({"matchers": "place='x"}, "No closing quotation"),
        ({"length": "soon"}, "is not a length of time"),
        ({"length": "99999w"}, "longer than ten years"),
        ({"reason": "找13812345678"}, "personal detail"),
    ],
)
def test_a_bad_silence_is_a_400_that_says_why(
    fresh_town: Services, wanted: dict[str, str], said: str
) -> None:
    client = browser(fresh_town)
    whole = {"matchers": "place=南门街道", "length": "4h", "reason": "计划停水", **wanted}
    for answer in (
        client.get("/silences", params=whole),
        client.post("/silences", data={**whole, CSRF_FIELD: form_token(client)}),
    ):
        assert answer.status_code == 400
        assert said in answer.text
    kept = [field for field in ("plase=x", "author=x", "soon") if field in wanted.values()]
    assert all(f'value="{typed}"' in client.get("/silences", params=whole).text for typed in kept)
    assert fresh_town.database.silences.list() == []


def test_forms_from_elsewhere_change_nothing(fresh_town: Services) -> None:
    client = browser(fresh_town)
    data = {
        "office": "x",
        "verdict": "real",
        "matchers": "place=x",
        "length": "4h",
        "reason": "x",
        CSRF_FIELD: "x",
    }
    for path in (
        f"/alerts/{WATER_ALERT}/assign",
        f"/alerts/{WATER_ALERT}/verdict",
        "/silences",
        "/silences/1/end",
    ):
        assert client.post(path, data=data).status_code == 403
    assert fresh_town.database.silences.list() == []


def test_the_heartbeat_names_run_matches_and_error(fresh_town: Services) -> None:
    runs = fresh_town.database.runs
    number = runs.start(RunKind.RULE, "停水成片", now=NOW)
    runs.finish(number, RunState.FAILED, RunCounts(fetched=7), now=NOW, error="index away")
    (fresh_town.rules.folder / "broken.yaml").write_text("name: 坏\n", encoding="utf-8")
    page = browser(fresh_town).get("/rules").text
    assert "index away" in page
    assert "broken.yaml:1" in page
