"""Why a rule found a post or did not: each clause and number, with its value and the threshold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from alerts.rule_trace import RuleTrace
from records.post import Channel
from tests.alerts.conftest import Town
from tests.alerts.samples import DAY, HOUR, NOW, rule

FREQUENCY: dict[str, Any] = {"filter": "停水 channel:inbox", "query_key": "place", "num_events": 3}


def checks(
    town: Town, post_id: str, *, now: datetime = NOW, kind: str = "frequency", **stated: Any
) -> dict[str, tuple[bool, str]]:
    town.catch_up()
    post = town.database.posts.get(post_id)
    assert post is not None
    traced = RuleTrace(rule(kind, **stated), post, town.sight(), now=now)
    return {check.asked.split("：", 1)[-1]: (check.holds, check.found) for check in traced.checks()}


def test_each_clause_of_the_filter_is_asked_alone(town: Town) -> None:
    town.post("停水", asked_at=NOW - HOUR)
    other = town.post("路灯不亮", asked_at=NOW - HOUR)
    said = checks(town, other, **FREQUENCY)
    assert said["检索式 停水"] == (False, "不符合")
    assert said["检索式 channel:inbox"] == (True, "符合")
    assert list(said)[-1] == "检索式 channel:inbox"


def test_the_count_and_the_voices_stand_beside_their_thresholds(town: Town) -> None:
    first = town.post(asked_at=NOW - HOUR, problem_id="cut")
    town.post(asked_at=NOW - 2 * HOUR, problem_id="cut")
    assert checks(town, first, **FREQUENCY)["至少 3 件"] == (False, "2 件")
    town.post(asked_at=NOW - 3 * HOUR, problem_id="cut", copy_of=first)
    said = checks(town, first, **FREQUENCY)
    assert said["至少 3 件"] == (True, "3 件")
    assert said["至少 3 个独立反映"] == (False, "2 个")
    assert [holds for holds, _ in said.values()][-1] is False


def test_what_fired_is_said_as_the_alert_says_it_even_afterwards(town: Town) -> None:
    ids = [town.post(asked_at=NOW - n * HOUR) for n in (1, 2, 3)]
    for now in (NOW, NOW + 30 * DAY):
        said = checks(town, ids[0], now=now, **FREQUENCY)
        assert all(holds for holds, _ in said.values()), said
        assert list(said.values())[-1][1].startswith("A3区：24小时内3件")


def test_a_surge_tells_what_is_usual(town: Town) -> None:
    for day in range(1, 40):
        town.post(asked_at=NOW - day * DAY - HOUR)
    one = town.post(asked_at=NOW - HOUR)
    said = checks(town, one, kind="surge", query_key="place", baseline="28d", num_events=2)
    assert said["至少 2 件"] == (False, "1 件")
    assert said["至少为平日的 2 倍"] == (False, "平日约 1.0 件，为 1.0 倍")


def test_a_surge_tells_how_many_say_the_same(town: Town) -> None:
    for day in range(1, 40):
        town.post(asked_at=NOW - day * DAY - HOUR)
    ids = [town.post(asked_at=NOW - HOUR, keywords=("停水",) if n < 3 else ()) for n in range(9)]
    stated = {"kind": "surge", "query_key": "place", "baseline": "28d", "num_events": 2}
    for least, holds in ((3, True), (4, False)):
        said = checks(town, ids[-1], num_alike=least, **stated)
        assert said[f"至少 {least} 个独立反映说的是同一件事"] == (holds, "最多 3 个")
        assert list(said.values())[-1][0] is holds


def test_news_is_no_report(town: Town) -> None:
    news = town.post("停水通知", asked_at=NOW - HOUR, channel=Channel.NEWS)
    assert checks(town, news, **FREQUENCY)["居民来件"] == (False, "渠道 news")
