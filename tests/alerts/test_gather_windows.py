"""The rules that compare spans or follow an answer, from posts to alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from alerts.coverage import Coverage
from alerts.health import HealthState, SourceHealth
from alerts.rule_types import Rule
from records.alert import Alert
from records.analysis import ReplyFindingCode
from records.post import Channel, Reply
from records.problem import ProblemState
from tests.alerts.conftest import Town
from tests.alerts.samples import DAY, HOUR, NOW, rule
from tests.alerts.test_engine import SEEING, run


def alerts(town: Town, one: Rule, *, now: datetime = NOW, coverage: Coverage = SEEING) -> list[Alert]:
    assert [outcome.error for outcome in run(town, [one], now=now, coverage=coverage).rules] == [None]
    return town.database.alerts.list()


def crawled(hours_ago: int, state: HealthState = HealthState.OK) -> Coverage:
    at = NOW - hours_ago * HOUR
    board = SourceHealth(
        name="board", title="留言板", channel=Channel.INBOX, state=state, since=at, last_success=at,
        last_new_post=at, reason="",
    )  # fmt: skip
    return Coverage(health=(board,))


def posts(town: Town, count: int, *, days_ago: float, place: str = "A3区") -> list[str]:
    return [town.post(asked_at=NOW - days_ago * DAY - n * HOUR / 4, place=place) for n in range(count)]


def test_a_spike_counts_two_spans_and_brings_its_evidence(town: Town) -> None:
    posts(town, 3, days_ago=1.5)
    ids = posts(town, 9, days_ago=0.1)
    spike = rule("spike", query_key="place", timeframe="1d", spike_height=3, spike_type="up", threshold_cur=5)
    (alert,) = alerts(town, spike)
    assert alert.explanation == "A3区：24小时内9件，此前24小时3件，为3倍（界限3倍），涉及9个独立反映。"
    assert (alert.value, alert.expected, sorted(alert.post_ids)) == (9.0, 3.0, sorted(ids))


def test_nothing_falls_while_the_newest_crawl_is_old(town: Town) -> None:
    posts(town, 12, days_ago=1.5)
    fall = rule(
        "spike", query_key="place", timeframe="1d", spike_height=3, spike_type="down", threshold_ref=5
    )
    assert alerts(town, fall, coverage=crawled(30)) == []
    assert alerts(town, fall, coverage=crawled(0, HealthState.BLIND)) == []
    assert [alert.value for alert in alerts(town, fall, coverage=crawled(0))] == [0.0]


def test_a_flatline_waits_for_the_crawl(town: Town) -> None:
    for week in range(1, 6):
        posts(town, 8, days_ago=7 * week + 0.1)
    flat = rule("flatline", query_key="place", timeframe="7d", threshold=3)
    assert alerts(town, flat, coverage=crawled(0, HealthState.BLIND)) == []
    assert alerts(town, flat, coverage=crawled(12)) == []
    (alert,) = alerts(town, flat, coverage=crawled(0))
    assert alert.explanation == "A3区：7天内0件，低于3件的界限，平日约8.0件；来源抓取正常。"


def test_a_share_is_counted_with_the_language_of_search(town: Town) -> None:
    answer = (Reply(text="已修复。", department="A市水务集团", replied_at=NOW - HOUR),)
    for number in range(10):
        town.post(asked_at=NOW - DAY, replies=answer if number < 3 else ())
    waiting = rule(
        "percentage_match", query_key="department", match_bucket_filter="NOT _exists_:reply",
        max_percentage=50,
    )  # fmt: skip
    (alert,) = alerts(town, waiting)
    assert alert.explanation == "A市水务集团：7天内10件中7件符合条件，占70%，高于50%的界限。"
    assert (alert.value, alert.expected, len(alert.post_ids)) == (70.0, 50.0, 7)


def test_a_place_never_seen_before_is_a_new_term(town: Town) -> None:
    posts(town, 2, days_ago=0.2, place="C区")
    new = rule("new_term", fields=["place", "topic"])
    assert alerts(town, new) == []  # nothing is known of the time before
    posts(town, 2, days_ago=25)
    (alert,) = alerts(town, new)
    assert alert.labels == {"place": "C区"}
    assert alert.explanation == "新出现的地点“C区”：24小时内2件，此前30天没有，涉及2个独立反映。"


def test_own_topics_are_counted_looked_for_and_grouped_by(town: Town) -> None:
    for number in range(4):
        own = ("加装电梯", "夜间噪音") if number < 3 else ("夜间噪音",)
        town.post(asked_at=NOW - DAY / 4, own_topics=own)
    posts(town, 5, days_ago=25)
    keys = {"query_key": ["own_topic"], "group_by": "own_topic", "num_events": 3}
    found = alerts(town, rule("frequency", filter="NOT own_topic:暖气", **keys))
    assert {one.labels["own_topic"]: len(one.post_ids) for one in found} == {"夜间噪音": 4, "加装电梯": 3}
    new = rule("new_term", name="新主题", fields="own_topic", filter="own_topic:加装*", num_events=3)
    lifts = [one for one in alerts(town, new) if one.rule == "新主题" and "加装电梯" in one.labels.values()]
    assert [one.explanation for one in lifts] == [
        "新出现的自定义主题“加装电梯”：24小时内3件，此前30天没有，涉及3个独立反映。"
    ]


def reply(days_ago: float) -> tuple[Reply, ...]:
    return (Reply(text="您好，来信收悉。", department="A市水务集团", replied_at=NOW - days_ago * DAY),)


POOR = rule("poor_reply")


def test_a_form_letter_is_a_poor_reply_until_a_better_one_comes(town: Town) -> None:
    letter = (ReplyFindingCode.FORM_LETTER,)
    town.post(asked_at=NOW - 40 * DAY, replies=reply(3), findings=letter, problem_id="water")
    (alert,) = alerts(town, POOR)
    assert "3月15日的最新答复属于套话" in alert.explanation
    better = (ReplyFindingCode.DECIDES,)
    town.post(asked_at=NOW - 9 * DAY, replies=reply(1), findings=better, problem_id="water")
    assert run(town, [POOR]).rules[0].matches == 0


@pytest.mark.parametrize(
    ("days_ago", "findings"),
    [
        (30, (ReplyFindingCode.REFUSES,)),
        (1, (ReplyFindingCode.HANDS_OVER, ReplyFindingCode.DECIDES)),
        (1, (ReplyFindingCode.NAMES_DATE,)),
        (-1, (ReplyFindingCode.REFUSES,)),
    ],
)
def test_other_answers_are_not_poor(
    town: Town, days_ago: float, findings: tuple[ReplyFindingCode, ...]
) -> None:
    town.post(asked_at=NOW - 40 * DAY, replies=reply(days_ago), findings=findings)
    assert alerts(town, POOR) == []


def test_what_is_reported_again_after_the_answer_recurs_with_evidence(town: Town) -> None:
    again: dict[str, Any] = {"problem_id": "water", "state": ProblemState.REOPENED}
    town.post(asked_at=NOW - 20 * DAY, replies=reply(10), **again)
    later = town.post("又停水了", asked_at=NOW - 2 * DAY, **again)
    town.post("又停水了", asked_at=NOW - DAY, copy_of=later, **again)
    town.post(asked_at=NOW - 20 * DAY, replies=reply(10), problem_id="lamp", state=ProblemState.ANSWERED)
    town.post(asked_at=NOW - 2 * DAY, problem_id="lamp", state=ProblemState.ANSWERED)
    recurrence = rule("recurrence")
    (alert,) = alerts(town, recurrence)
    assert (alert.labels["problem"], alert.post_ids) == ("water", (later,))
    assert "3月8日答复或办结后，7天内又有1件反映" in alert.explanation
    assert run(town, [recurrence], now=NOW + 9 * DAY).rules[0].matches == 0


def test_a_silent_source_is_an_alert_and_resolves(town: Town) -> None:
    silent = rule("source_silent", timeframe="12h")
    (alert,) = alerts(town, silent, coverage=crawled(30, HealthState.BLIND))
    assert alert.labels == {"source": "board"}
    report = run(town, [silent], now=NOW + 2 * DAY, coverage=crawled(0))
    assert report.rules[0].resolved == 1
