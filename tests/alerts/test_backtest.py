"""What a rule would have done: as the live code would have, and nothing but shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.backtest import Past, TriedAlert, backtest, by_day, compare, moments
from alerts.coverage import Coverage
from alerts.deadlines import load_deadlines
from alerts.past import Clock
from alerts.rule_types import Rule
from nlp.segment import words
from records.errors import ConfigurationError
from records.post import Reply
from records.problem import ProblemState
from records.times import DEFAULT_ZONE, Period
from storage.tantivy_index import TantivyIndex
from tests.alerts.conftest import Town
from tests.alerts.samples import DAY, HOUR, NOW, problem, rule
from tests.alerts.test_engine import run

PERIOD = Period(start=NOW - 14 * DAY, end=NOW)
ANSWERED_AT = NOW - 3 * DAY
FREQUENCY: dict[str, Any] = {"filter": "停水", "query_key": "place", "num_events": 3}
RULES = [
    rule("frequency", name="多件", **FREQUENCY),
    rule("frequency", name="同一问题", query_key="problem", num_events=2, timeframe="7d"),
    rule("any", name="紧急", filter="urgency:>=3"),
    rule("surge", name="突增", query_key=["place", "topic"], baseline="14d", num_events=3, num_voices=2),
    rule("surge", name="数日", query_key="topic", timeframe="48h", baseline="16d", num_events=3),
    rule("spike", name="翻倍", timeframe="7d", spike_height=1.5, spike_type="up", threshold_cur=3),
    rule("new_term", name="新地点", fields="place", timeframe="3d", terms_window_size="7d"),
    rule("percentage_match", name="占比", match_bucket_filter="停水", max_percentage=20),
    rule("overdue", name="超时", preset="留言板", query_key="problem"),
]


def reports() -> list[dict[str, Any]]:
    """Return what comes in: a lamp a day, and a cut of the water in the second week, urgent."""
    lamp, cut = {"text": "路灯不亮", "topic": "交通运输"}, {"urgency": 3, "problem_id": "cut"}
    lamps = [
        {**lamp, "asked_at": NOW - day * DAY + day % 5 * HOUR, "place": f"A{day % 3}区"}
        for day in range(40, 0, -1)
    ]
    cuts = [{**cut, "asked_at": NOW - 8 * DAY - n * HOUR, "place": "A9区"} for n in range(6)]
    return sorted(lamps + cuts, key=lambda one: one["asked_at"])


def answer(town: Town) -> None:
    """Answer the reports of the cut."""
    members = town.database.problems.members("cut")
    posts = town.database.posts.get_many(member.post_id for member in members).values()
    reply = Reply(text="已修复。", department="A市水务集团", replied_at=ANSWERED_AT)
    town.database.posts.save([replace(post, replies=(reply,)) for post in posts])
    found = problem(id="cut", place="A9区", state=ProblemState.ANSWERED)
    town.database.problems.commit([], [found])
    town.catch_up()


@pytest.fixture
def filled(town: Town) -> Town:
    for stated in reports():
        town.post(**stated)
    town.catch_up()
    answer(town)
    return town


def tried(
    town: Town, one: Rule, folder: Path, *, every: timedelta = DAY, period: Period = PERIOD
) -> list[TriedAlert]:
    clock = Clock(now=NOW)
    index = TantivyIndex(folder / "index", segment=words, zone=DEFAULT_ZONE, clock=clock)
    past = Past(
        database=town.database, index=index, clock=clock, coverage=Coverage(), deadlines=load_deadlines(),
        due_at=lambda post, _: post.asked_at + 5 * DAY, zone=DEFAULT_ZONE,
    )  # fmt: skip
    return backtest(one, past, moments(period, every=every))


def live_alerts(town: Town) -> set[tuple[str, datetime, tuple[str, ...], float]]:
    """Return what the rules say of a town that is filled as time goes by, with a round a day."""
    waiting, said = reports(), set()
    for now in moments(PERIOD, every=DAY):
        while waiting and waiting[0]["asked_at"] < now:
            town.post(**waiting.pop(0))
        town.catch_up()
        if now - DAY <= ANSWERED_AT < now:
            answer(town)
        assert [outcome.error for outcome in run(town, RULES, now=now).rules] == [None] * len(RULES)
        identity = {one.name: one.identity for one in RULES}
        said |= {
            (one.rule, now, tuple(one.labels.get(label, "") for label in identity[one.rule]), one.value)
            for one in town.database.alerts.list()
            if one.fired_at == now
        }
    return said


def test_it_says_what_the_rules_would_have_said_live(town: Town, tmp_path: Path) -> None:
    live = live_alerts(town)
    tested = {
        (one.name, found.alert.fired_at, tuple(found.alert.labels.get(label, "") for label in one.identity),
         found.alert.value)
        for one in RULES
        for found in tried(town, one, tmp_path)
    }  # fmt: skip
    assert tested == live
    assert {name for name, *_ in live} == {one.name for one in RULES}


def test_an_answer_is_not_known_before_it_came(filled: Town, tmp_path: Path) -> None:
    (late,) = tried(filled, rule("overdue", preset="留言板", query_key="problem", filter="停水"), tmp_path)
    assert late.alert.fired_at < ANSWERED_AT
    assert late.held_until <= ANSWERED_AT + DAY


def test_relative_dates_count_from_the_moment_tried(filled: Town, tmp_path: Path) -> None:
    one = rule("frequency", **{**FREQUENCY, "filter": "停水 AND asked:P1D"})
    assert [found.alert.fired_at for found in tried(filled, one, tmp_path)] == [NOW - 8 * DAY]


def test_every_hour_finds_it_within_the_hour(filled: Town, tmp_path: Path) -> None:
    (found,) = tried(filled, rule("frequency", **FREQUENCY), tmp_path, every=HOUR)
    assert found.alert.fired_at == NOW - 8 * DAY - 2 * HOUR
    assert len(found.raised) == 1


def test_nothing_is_stored(filled: Town, tmp_path: Path) -> None:
    before = filled.database.outbox.newest()
    assert tried(filled, rule("frequency", **FREQUENCY), tmp_path)
    assert filled.database.alerts.list() == []
    assert filled.database.runs.list(limit=5) == []
    assert filled.database.outbox.newest() == before


def test_versions_are_compared_by_what_they_rest_on(filled: Town, tmp_path: Path) -> None:
    present = tried(filled, rule("frequency", **FREQUENCY), tmp_path)
    by_topic = tried(filled, rule("frequency", **{**FREQUENCY, "query_key": "topic"}), tmp_path)
    wider = tried(filled, rule("frequency", query_key="topic", num_events=1), tmp_path)
    stricter = tried(filled, rule("frequency", **{**FREQUENCY, "num_events": 7}), tmp_path)
    assert compare(present, by_topic).both == tuple(present)
    assert compare(present, stricter).only_first == tuple(present)
    found = compare(present, wider)
    assert (found.both, found.only_first) == (tuple(present), ())
    assert {one.alert.labels["topic"] for one in found.only_second} == {"交通运输"}


def test_days_are_local_and_midnight_ends_one(filled: Town, tmp_path: Path) -> None:
    found = tried(filled, rule("frequency", **FREQUENCY), tmp_path)
    days = by_day(found, PERIOD, zone=DEFAULT_ZONE)
    assert (len(days), sum(days), days.index(1)) == (15, 1, 6)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (rule("source_silent", timeframe="1d"), "looks at crawls"),
        (rule("frequency", **{**FREQUENCY, "timeframe": "6h"}), "shorter than the time between two looks"),
    ],
)
def test_what_cannot_be_tried_is_said(filled: Town, tmp_path: Path, one: Rule, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        tried(filled, one, tmp_path)
