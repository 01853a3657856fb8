"""Reports that come late: they fire once, in the window they were asked in, and say that they are late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.backtest import moments
from alerts.looking import LATEST
from alerts.rule_types import Rule
from records.alert import Alert, AlertState
from records.times import Period
from storage.database import Database
from tests.alerts.conftest import Town
from tests.alerts.samples import DAY, HOUR, NOW, rule
from tests.alerts.test_backtest import tried
from tests.alerts.test_engine import quiet_weeks, run

MANY = rule("frequency", filter="停水", query_key="place", num_events=3)
CAME = NOW + 3 * DAY


def cut(town: Town, count: int = 3, *, came: datetime = CAME, **stated: Any) -> list[str]:
    """Reports asked within the day before NOW, gathered when they `came`."""
    return [
        town.post(asked_at=NOW - (number + 1) * HOUR, fetched_at=came, **stated) for number in range(count)
    ]


def rounds(town: Town, one: Rule, *times: datetime) -> list[Alert]:
    """Return the alerts after a round at each of the times."""
    for now in times:
        assert run(town, [one], now=now).rules[0].error is None
    return town.database.alerts.list()


def test_what_comes_three_days_late_fires_once_and_says_so(town: Town) -> None:
    assert rounds(town, MANY, NOW, CAME) == []
    ids = cut(town)
    (alert,) = rounds(town, MANY, CAME + HOUR / 2)
    assert (alert.fired_at, alert.value, alert.state) == (CAME + HOUR / 2, 3.0, AlertState.ACTIVE)
    assert sorted(alert.post_ids) == sorted(ids)
    assert "迟到3件：最早03-18 06:30提出，03-21 09:30才收到" in alert.explanation
    assert "以上为截至03-18 14:00的情况" in alert.explanation
    (later,) = rounds(town, MANY, CAME + HOUR, CAME + 2 * HOUR, CAME + 2 * DAY)
    assert (later.id, later.raised_at, later.state) == (alert.id, alert.raised_at, AlertState.RESOLVED)


def test_it_does_not_fire_again_after_a_restart(town: Town) -> None:
    rounds(town, MANY, NOW, CAME)
    cut(town)
    (alert,) = rounds(town, MANY, CAME + HOUR / 2)
    url = str(town.database._engine.url)
    town.database.close()
    town.database = Database.open(url)
    town.database.alerts.set_state(alert.id, AlertState.RESOLVED, now=CAME + HOUR / 2)
    assert [one.id for one in rounds(town, MANY, CAME + HOUR * 0.6, CAME + DAY)] == [alert.id]


def test_after_days_without_a_round_it_still_fires(town: Town) -> None:
    rounds(town, MANY, NOW - 2 * DAY)
    cut(town, came=NOW + 2 * DAY)
    (alert,) = rounds(town, MANY, CAME)
    assert alert.fired_at == CAME


@pytest.mark.parametrize(("late", "fires"), [(LATEST - DAY, 1), (LATEST + DAY, 0)])
def test_it_never_fires_later_than_the_bound(town: Town, late: timedelta, fires: int) -> None:
    rounds(town, MANY, NOW + late - HOUR)
    cut(town, came=NOW + late)
    assert len(rounds(town, MANY, NOW + late + HOUR / 2)) == fires


def test_an_archive_of_years_is_no_news(town: Town) -> None:
    rounds(town, MANY, NOW)
    for day in range(10, 1000, 10):
        for hour in range(3):
            town.post(asked_at=NOW - day * DAY - hour * HOUR, fetched_at=NOW + HOUR / 4)
    assert rounds(town, MANY, NOW + HOUR) == []


def test_a_clock_that_was_put_back_stops_no_rule(town: Town) -> None:
    rounds(town, MANY, NOW + 2 * DAY)
    cut(town, came=NOW)
    assert len(rounds(town, MANY, NOW)) == 1


def test_a_new_rule_looks_only_at_what_is_new(town: Town) -> None:
    cut(town)
    assert rounds(town, MANY, CAME + HOUR / 2) == []


def test_what_was_told_in_time_is_not_told_again(town: Town) -> None:
    cut(town, came=NOW)
    (alert,) = rounds(town, MANY, NOW, NOW + 2 * DAY, CAME)
    assert alert.state is AlertState.RESOLVED
    cut(town, 2, place="A4区")  # too few
    town.post(asked_at=NOW - HOUR, fetched_at=CAME)
    assert [one.id for one in rounds(town, MANY, CAME + HOUR / 2)] == [alert.id]


def test_some_in_time_and_the_rest_late_fire_together(town: Town) -> None:
    cut(town, 2, came=NOW)
    assert rounds(town, MANY, NOW, CAME) == []
    town.post(asked_at=NOW - 5 * HOUR, fetched_at=CAME)
    (alert,) = rounds(town, MANY, CAME + HOUR / 2)
    assert (alert.value, "迟到1件" in alert.explanation) == (3.0, True)


def test_a_failed_round_loses_nothing(town: Town) -> None:
    rounds(town, MANY, NOW)
    cut(town)
    town.catch_up()
    broken = MANY.model_copy(update={"filter": "("})
    assert run(town, [broken], now=CAME + HOUR / 2).rules[0].error
    (alert,) = rounds(town, MANY, CAME + 3 * HOUR)
    assert alert.fired_at == CAME + 3 * HOUR


PERIOD = Period(start=NOW - 6 * DAY, end=NOW + 6 * DAY)
RULES = [
    MANY,
    rule("any", name="紧急", filter="urgency:>=3"),
    rule("surge", name="突增", query_key=["place", "topic"], baseline="28d", num_events=3, num_voices=2),
    rule("spike", name="翻倍", timeframe="24h", spike_height=3, spike_type="up", threshold_cur=3),
    rule("new_term", name="新地点", fields="place", timeframe="24h", terms_window_size="21d"),
]


def test_a_backtest_knows_what_came_late(town: Town, tmp_path: Any) -> None:
    quiet_weeks(town, place="A1区")
    on_time = [(NOW - 4 * DAY - n * HOUR, "A5区", {"urgency": 3, "problem_id": "gas"}) for n in range(2)]
    late = [(NOW - n * HOUR, "A9区", {}) for n in range(1, 7)]
    waiting = [(asked, asked, place, more) for asked, place, more in on_time]
    waiting += [(asked + 3 * DAY, asked, place, more) for asked, place, more in late]
    waiting.sort(key=lambda one: one[:2])
    live = set()
    for now in moments(PERIOD, every=DAY):
        while waiting and waiting[0][0] < now:
            came, asked, place, more = waiting.pop(0)
            town.post(asked_at=asked, fetched_at=came, place=place, **more)
        assert [outcome.error for outcome in run(town, RULES, now=now).rules] == [None] * len(RULES)
        live |= {said(one) for one in town.database.alerts.list() if one.fired_at == now}
    tested = {said(found.alert) for one in RULES for found in tried(town, one, tmp_path, period=PERIOD)}
    assert tested == live
    assert {name for name, is_late, *_ in live if is_late} == {"规则", "突增", "翻倍", "新地点"}


def said(alert: Alert) -> tuple[str, bool, datetime, float, str | None]:
    return alert.rule, "迟到" in alert.explanation, alert.fired_at, alert.value, alert.labels.get("place")
