from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.announce import Desk, announce
from alerts.channels import Receiver
from alerts.coverage import Coverage
from alerts.deadlines import load_deadlines
from alerts.engine import RuleReport, run_rules
from alerts.health import HealthState, SourceHealth
from alerts.notifications import Notifications
from alerts.rule_types import Rule
from alerts.rules import DEFAULT_RULES, RuleSet, load_rules
from alerts.yaml_file import FileError
from records.alert import AlertState, DeliveryState
from records.plain import plain
from records.post import Channel, Reply
from records.problem import ProblemState
from records.run import RunKind, RunState
from records.times import DEFAULT_ZONE
from tests.alerts.conftest import Town
from tests.alerts.samples import DAY, HOUR, NOW, rule

SURGE = rule("surge", name="突增", query_key=["place", "topic"], receivers=["群"])
URGENT = rule("any", name="紧急", filter="urgency:>=3", severity=1, receivers=["群"])
VOICES = rule("frequency", name="多人", query_key="problem", num_events=5, timeframe="7d")
OVERDUE = rule("overdue", name="超时", preset="留言板")
SEEING = Coverage()


def run(
    town: Town,
    rules: Sequence[Rule],
    *,
    now: datetime = NOW,
    errors: Sequence[FileError] = (),
    coverage: Coverage = SEEING,
) -> RuleReport:
    town.catch_up()
    chosen = RuleSet(rules=tuple(rules), errors=tuple(errors), deadlines=load_deadlines())
    return run_rules(chosen, town.database, town.index, now=now, zone=DEFAULT_ZONE, coverage=coverage)


def tell(town: Town, rules: Sequence[Rule], *, now: datetime = NOW) -> int:
    """Return how many messages are new in the ledger."""
    chosen = RuleSet(rules=tuple(rules), errors=(), deadlines=load_deadlines())
    policy = Notifications(receivers={"群": Receiver(name="群", url="json://127.0.0.1/")})
    desk = Desk(database=town.database, rules=chosen, policy=policy, zone=DEFAULT_ZONE)
    return announce(desk, now=now)


def quiet_weeks(town: Town, *, source: str = "board", place: str = "A3区") -> None:
    """Every other day one report, for eight weeks and a half up to yesterday."""
    for day in range(2, 60, 2):
        town.post("路灯不亮", asked_at=NOW - day * DAY + HOUR, source=source, place=place)


def rush(town: Town, count: int = 9, *, copies: bool = False, **stated: Any) -> list[str]:
    first: str | None = None
    ids = []
    for number in range(count):
        ids.append(town.post(asked_at=NOW - (number + 1) * HOUR, copy_of=first if copies else None, **stated))
        first = first or ids[0]
    return ids


def blind(name: str) -> SourceHealth:
    return SourceHealth(
        name=name, title=name, channel=Channel.INBOX, state=HealthState.BLIND, since=NOW - 3 * DAY,
        last_success=NOW - 3 * DAY, last_new_post=NOW - 3 * DAY, reason="",
    )  # fmt: skip


def test_a_rush_after_quiet_weeks_is_one_alert_with_its_evidence(town: Town) -> None:
    quiet_weeks(town)
    ids = rush(town)
    report = run(town, [SURGE])
    (alert,) = town.database.alerts.list()
    assert (alert.labels, alert.value, alert.state) == (
        {"place": "A3区", "topic": "城乡建设"}, 9.0, AlertState.ACTIVE,
    )  # fmt: skip
    assert alert.explanation.startswith("A3区·城乡建设：24小时内9件，平日约0.5件（近56天），为")
    assert "涉及9个独立反映" in alert.explanation
    assert sorted(alert.post_ids) == sorted(ids)
    assert len(alert.problem_ids) == 9
    (outcome,) = report.rules
    assert (outcome.matches, outcome.new, outcome.error) == (1, 1, None)
    assert report.errors == ()


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({}, None),
        ({"keywords": ("停水", "水压")}, "9个都说到“停水”。"),
        ({"problem_id": "cut"}, "9个反映“A3区停水三天了”。"),
        ({"problem_id": "cut", "copies": True}, None),
    ],
)
def test_a_busy_day_of_many_matters_is_no_event(town: Town, stated: dict[str, Any], said: str | None) -> None:
    quiet_weeks(town)
    rush(town, **stated)
    run(town, [SURGE.model_copy(update={"num_alike": 3})])
    alerts = town.database.alerts.list()
    assert [alert.explanation.split("，")[-1] for alert in alerts] == ([said] if said else [])


def test_the_hour_a_rule_runs_at_does_not_matter(town: Town) -> None:
    quiet_weeks(town)
    rush(town, 9)
    for now in (NOW + 5 * HOUR, NOW + timedelta(hours=9, minutes=17)):
        report = run(town, [SURGE], now=now)
        assert report.rules[0].matches == 1
    assert run(town, [SURGE], now=NOW + 25 * HOUR).rules[0].matches == 0


def test_a_surge_within_hours_is_measured_by_the_same_hours(town: Town) -> None:
    quiet_weeks(town)
    rush(town, 9)
    hours = rule("surge", query_key="place", timeframe="6h", num_events=4)
    run(town, [hours])
    (alert,) = town.database.alerts.list()
    assert alert.value == 6.0
    assert alert.explanation.startswith("A3区：6小时内")


def test_one_complaint_copied_is_no_surge(town: Town) -> None:
    quiet_weeks(town)
    rush(town, 20, copies=True)
    assert run(town, [SURGE]).rules[0].matches == 0


def test_news_and_notices_are_no_reports(town: Town) -> None:
    quiet_weeks(town)
    for number in range(9):
        town.post(asked_at=NOW - (number + 1) * HOUR, channel=Channel.NEWS, source="news")
    assert run(town, [SURGE, URGENT]).rules[0].matches == 0


def test_a_second_run_updates_and_says_nothing(town: Town) -> None:
    quiet_weeks(town)
    rush(town, 6)
    run(town, [SURGE])
    assert tell(town, [SURGE]) == 1
    rush(town, 2)
    again = run(town, [SURGE], now=NOW + HOUR)
    (alert,) = town.database.alerts.list()
    assert (alert.value, alert.updated_at) == (8.0, NOW + HOUR)
    assert again.rules[0].held == 1
    assert tell(town, [SURGE], now=NOW + HOUR) == 0


def test_what_a_person_settled_does_not_fire_anew_in_the_next_round(town: Town) -> None:
    quiet_weeks(town)
    rush(town, 6)
    run(town, [SURGE])
    (alert,) = town.database.alerts.list()
    town.database.alerts.set_state(alert.id, AlertState.RESOLVED, now=NOW)
    for hours in range(1, 13):
        report = run(town, [SURGE], now=NOW + hours * HOUR)
        assert (report.rules[0].new, report.rules[0].held) == (0, 1)
    assert [one.state for one in town.database.alerts.list()] == [AlertState.RESOLVED]
    assert tell(town, [SURGE], now=NOW + 12 * HOUR) == 0


def test_it_resolves_when_it_is_over(town: Town) -> None:
    quiet_weeks(town)
    rush(town, 6)
    run(town, [SURGE])
    assert run(town, [SURGE], now=NOW + 2 * DAY).rules[0].resolved == 1
    assert town.database.alerts.list()[0].state is AlertState.RESOLVED


def test_an_urgent_problem_is_one_alert_however_many_write(town: Town) -> None:
    for number in range(4):
        town.post("燃气泄漏", urgency=3, problem_id="gas", asked_at=NOW - (number + 1) * HOUR, n_posts=4)
    town.post("路灯不亮", urgency=1)
    run(town, [URGENT])
    (alert,) = town.database.alerts.list()
    assert (alert.labels["problem"], alert.value, len(alert.post_ids)) == ("gas", 4.0, 4)
    assert (alert.severity, alert.problem_ids) == (1, ("gas",))


def test_the_message_holds_titles_and_numbers_and_no_text(town: Town) -> None:
    town.post(
        "燃气泄漏味道很大全楼都闻得到",
        urgency=3,
        problem_id="gas",
        title="幸福路燃气泄漏",
        asked_at=NOW - HOUR,
    )
    run(town, [URGENT])
    tell(town, [URGENT])
    (message,) = town.database.deliveries.list()
    assert "幸福路燃气泄漏" in message.body
    assert "味道很大" not in message.body


def test_many_voices_on_one_problem(town: Town) -> None:
    for number in range(5):
        town.post(problem_id="one", asked_at=NOW - (number + 1) * DAY)
        town.post(problem_id="two", asked_at=NOW - (number + 1) * DAY, copy_of="board/2" if number else None)
    run(town, [VOICES])
    (alert,) = town.database.alerts.list()
    assert (alert.labels, alert.value) == ({"problem": "one"}, 5.0)


def test_overdue_is_counted_for_the_office_on_working_days(town: Town) -> None:
    asked = NOW - 30 * DAY
    town.post("下水道堵了", asked_at=asked, problem_id="open")
    town.post("下水道又堵了", asked_at=asked + DAY, problem_id="open")
    town.post("答了的", asked_at=asked, replies=(Reply(text="已处理", replied_at=asked + DAY),))
    town.post("别处答了的", asked_at=asked, state=ProblemState.ANSWERED)
    town.post("新来的", asked_at=NOW - 3 * DAY)
    run(town, [OVERDUE])
    (alert,) = town.database.alerts.list()
    assert alert.labels == {"department": "A市水务集团"}
    assert alert.value == 1.0
    # Asked on 16 February 2026, in the Spring Festival: offices work from the 24th on, and on the 28th.
    assert alert.explanation.startswith("A市水务集团：1个问题超过时限未答复，最久的已等18个工作日：")


def test_an_answer_that_we_cannot_see_is_not_overdue(town: Town) -> None:
    town.post("下水道堵了", asked_at=NOW - 30 * DAY, source="deaf")
    assert run(town, [OVERDUE], coverage=Coverage(health=(blind("deaf"),))).rules[0].matches == 0
    assert run(town, [OVERDUE]).rules[0].matches == 1


def test_a_source_that_went_blind_is_left_out_of_past_and_present(town: Town) -> None:
    quiet_weeks(town)
    for day in range(4, 60):
        for _ in range(3):
            town.post("路灯不亮", asked_at=NOW - day * DAY + HOUR, source="deaf")
    rush(town, 6)
    assert run(town, [SURGE]).rules[0].matches == 0  # with the deaf one, six are not many
    seeing = Coverage(health=(blind("deaf"),))
    assert run(town, [SURGE], coverage=seeing).rules[0].matches == 1


def test_nothing_is_judged_before_there_are_two_weeks(town: Town) -> None:
    for day in range(2, 12):
        town.post(asked_at=NOW - day * DAY)
    rush(town, 9)
    assert run(town, [SURGE]).rules[0].matches == 0


def test_a_deleted_rule_resolves_its_alerts_and_takes_back_its_messages(town: Town) -> None:
    quiet_weeks(town)
    rush(town, 6)
    town.post("燃气泄漏", urgency=3, asked_at=NOW - HOUR)
    run(town, [SURGE, URGENT])
    assert tell(town, [SURGE, URGENT]) == 2
    report = run(town, [URGENT], now=NOW + HOUR)
    assert report.retired == 1
    by_rule = {alert.rule: alert.state for alert in town.database.alerts.list()}
    assert by_rule == {"突增": AlertState.RESOLVED, "紧急": AlertState.ACTIVE}
    states = sorted(message.state for message in town.database.deliveries.list())
    assert states == [DeliveryState.DEAD, DeliveryState.PENDING]


def test_a_rule_switched_off_is_as_good_as_deleted(town: Town) -> None:
    town.post("燃气泄漏", urgency=3, asked_at=NOW - HOUR)
    run(town, [URGENT])
    report = run(town, [URGENT.model_copy(update={"is_enabled": False})])
    assert (report.rules, report.retired) == ((), 1)


@pytest.mark.parametrize("name", ["紧急", None])
def test_a_rule_file_with_a_mistake_is_not_a_deleted_rule(town: Town, name: str | None) -> None:
    town.post("燃气泄漏", urgency=3, asked_at=NOW - HOUR)
    run(town, [URGENT])
    broken = FileError(DEFAULT_RULES / "urgent.yaml", 3, "unknown key", name=name)
    report = run(town, [], errors=[broken])
    assert report.retired == 0
    assert "urgent.yaml:3" in report.errors[0]
    assert town.database.alerts.list()[0].state is AlertState.ACTIVE


def test_one_failing_rule_is_recorded_and_never_stops_the_others(town: Town) -> None:
    town.post("燃气泄漏", urgency=3, asked_at=NOW - HOUR)
    failing = URGENT.model_copy(update={"name": "坏", "filter": "urgency:("})
    report = run(town, [failing, URGENT])
    assert report.rules[0].error is not None
    assert report.rules[1].new == 1
    runs = town.database.runs.latest(RunKind.RULE)
    assert (runs["坏"].state, runs["紧急"].state) == (RunState.FAILED, RunState.DONE)
    assert runs["坏"].error == report.rules[0].error
    assert runs["紧急"].counts.stored == 1


def test_a_failing_rule_leaves_its_alerts_as_they_are(town: Town) -> None:
    town.post("燃气泄漏", urgency=3, asked_at=NOW - HOUR)
    run(town, [URGENT])
    run(town, [URGENT.model_copy(update={"filter": "urgency:("})], now=NOW + 3 * DAY)
    assert town.database.alerts.list()[0].state is AlertState.ACTIVE


def test_the_shipped_rules_run_and_no_alert_names_a_person(town: Town) -> None:
    quiet_weeks(town)
    rush(town, 9, keywords=("停水",))
    town.post("工地拖欠工资不发", asked_at=NOW - 40 * DAY, problem_id="wages")
    town.post("燃气泄漏", urgency=3, asked_at=NOW - HOUR)
    shipped = load_rules(DEFAULT_RULES)
    report = run(town, shipped.rules)
    assert [outcome.error for outcome in report.rules] == [None] * len(shipped.rules)
    alerts = town.database.alerts.list()
    assert {alert.rule for alert in alerts} >= {"地点类别突增", "水电气暖中断", "欠薪久等", "紧急诉求"}
    for alert in alerts:
        assert set(alert.labels) <= {"place", "topic", "department", "problem"}
        assert plain(alert)["explanation"].endswith("。")


def test_what_is_urgent_or_owed_by_the_way_is_no_alert(town: Town) -> None:
    shipped = {one.name: one for one in load_rules(DEFAULT_RULES).rules}
    for number, title in enumerate(("三栋电梯又困人了", "盼早日公布学区划分", "")):
        town.post("电梯里关过人", title=title, urgency=3, asked_at=NOW - HOUR, problem_id=f"urgent{number}")
    for number, title in enumerate(("工地拖欠我们工资", "盼早日公布学区划分", "")):
        asked_at = NOW - 40 * DAY
        town.post("包工头拖欠工资", title=title, asked_at=asked_at, problem_id=f"wages{number}")
    run(town, [shipped["紧急诉求"], shipped["欠薪久等"]])
    told = {alert.labels["problem"] for alert in town.database.alerts.list()}
    assert told == {"urgent0", "urgent2", "wages0", "wages2"}
