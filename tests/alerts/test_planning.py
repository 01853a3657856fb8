from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from alerts.channels import Receiver
from alerts.inhibition import InhibitRule
from alerts.notifications import Notifications
from alerts.planning import Plan, Situation, held_back, plan
from alerts.routing import Route
from alerts.rule_types import Rule
from alerts.time_intervals import TimeSpan
from records.alert import Alert, AlertState, DeliveryState, Notice, NoticeKind, Silence
from records.times import DEFAULT_ZONE
from tests.alerts.samples import DAY, HOUR, NOW, alert, rule

RULE = rule("frequency", query_key=["place"], num_events=5, title="停水")
NIGHT = (TimeSpan.model_validate({"start_time": "22:00", "end_time": "07:00"}),)
LATE = NOW.replace(hour=23, minute=0)
MORNING = LATE.replace(hour=7) + DAY


def situation(
    alerts: Sequence[Alert],
    *,
    route: Mapping[str, Any] | None = None,
    rules: Sequence[Rule] = (RULE,),
    now: datetime = NOW,
    told: Sequence[Notice] = (),
    inhibit: Sequence[Mapping[str, Any]] = (),
    silences: Sequence[Silence] = (),
) -> Situation:
    names = ("default", "群", "主任")
    policy = Notifications(
        receivers={name: Receiver(name=name, url="json://127.0.0.1/") for name in names},
        route=Route.model_validate(route or {"receiver": "群"}),
        inhibit_rules=tuple(InhibitRule.model_validate(one) for one in inhibit),
        time_intervals={"夜间": NIGHT},
    )
    return Situation(
        standing=alerts,
        notices={(one.channel, one.alert_id, one.kind): one for one in told},
        silences=silences,
        rules={one.name: one for one in rules},
        policy=policy,
        now=now,
        zone=DEFAULT_ZONE,
        console_url="http://127.0.0.1:8731/",
    )


def sent(found: Plan) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.channel, one.alert_ids) for one in found.deliveries]


def silence(*matchers: str, **stated: Any) -> Silence:
    values: dict[str, Any] = {
        "id": 1, "matchers": matchers, "starts_at": NOW - HOUR, "ends_at": NOW + HOUR, "reason": "计划停水",
        "created_by": "值班台",
    }  # fmt: skip
    return Silence(**{**values, **stated})


def test_alerts_of_a_rule_are_one_message() -> None:
    found = plan(situation([alert(1), alert(2)]))
    (message,) = found.deliveries
    assert message.title == "【停水】2条预警"
    assert message.body.splitlines()[:2] == [f"1. {alert(1).explanation}", f"2. {alert(2).explanation}"]
    assert message.body.endswith("查看：http://127.0.0.1:8731/alerts")
    assert message.state is DeliveryState.PENDING
    assert [(one.alert_id, one.raised_at, one.delivery_key) for one in found.notices] == [
        ("a1", NOW, message.key),
        ("a2", NOW, message.key),
    ]


def test_what_was_told_is_not_told_again_until_it_grows() -> None:
    first = plan(situation([alert(1), alert(2)]))
    again = situation([alert(1), alert(2)], told=first.notices, now=NOW + HOUR)
    assert plan(again).deliveries == ()
    grown = replace(alert(1), value=12.0, raised_at=NOW + DAY, raised_value=12.0)
    (message,) = plan(situation([grown, alert(2)], told=first.notices, now=NOW + DAY)).deliveries
    assert message.alert_ids == ("a1",)
    assert "告知时为5" in message.body


def test_planned_twice_it_has_the_same_key() -> None:
    keys = [
        plan(situation(alerts)).deliveries[0].key for alerts in ([alert(1), alert(2)], [alert(2), alert(1)])
    ]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    "state", [AlertState.ACKNOWLEDGED, AlertState.ASSIGNED, AlertState.RESOLVED], ids=str
)
def test_what_somebody_has_seen_is_not_told(state: AlertState) -> None:
    assert plan(situation([replace(alert(1), state=state)])).deliveries == ()


def test_the_rules_own_groups_and_receivers_hold() -> None:
    by_place = rule(
        "frequency", query_key=["place"], num_events=5, group_by=["place"], receivers=["群", "没有的群"]
    )
    found = plan(situation([alert(1), alert(2)], rules=[by_place], route={"receiver": "default"}))
    assert sent(found) == [("群", ("a1",)), ("群", ("a2",))]
    nowhere = by_place.model_copy(update={"receivers": ("没有的群",)})
    found = plan(situation([alert(1)], rules=[nowhere], route={"receiver": "default"}))
    assert sent(found) == [("default", ("a1",))]


def test_the_tree_takes_the_first_route_that_matches_and_goes_on_where_it_says() -> None:
    tree = {
        "receiver": "default",
        "routes": [
            {"matchers": ["severity=1"], "receiver": "主任", "continue": True},
            {"matchers": ["rule=规则", "place=~A.区"], "receiver": "群"},
        ],
    }
    grave = replace(alert(1), severity=1)
    other = replace(alert(2), rule="别的")
    assert sent(plan(situation([grave, other], route=tree))) == [
        ("主任", ("a1",)), ("群", ("a1",)), ("default", ("a2",)),
    ]  # fmt: skip


def test_a_route_groups_over_rules_by_its_labels() -> None:
    other = replace(alert(1), id="b1", rule="别的")
    tree = {"receiver": "群", "group_by": ["place"]}
    found = plan(situation([alert(1), other, alert(2)], route=tree))
    assert sent(found) == [("群", ("a1", "b1")), ("群", ("a2",))]
    assert found.deliveries[0].title == "【A1区】2条预警"


def test_a_new_group_waits_and_a_known_one_waits_longer() -> None:
    tree = {"receiver": "群", "group_wait": "30s", "group_interval": "10m"}
    minute = HOUR / 60
    assert plan(situation([alert(1)], route=tree)).deliveries == ()
    first = plan(situation([alert(1)], route=tree, now=NOW + minute))
    assert sent(first) == [("群", ("a1",))]
    later = replace(alert(2), raised_at=NOW + 2 * minute)
    soon = situation([alert(1), later], route=tree, told=first.notices, now=NOW + 5 * minute)
    assert plan(soon).deliveries == ()
    due = replace(soon, now=NOW + 11 * minute)
    assert sent(plan(due)) == [("群", ("a2",))]


def test_it_is_repeated_only_where_a_route_says_so() -> None:
    first = plan(situation([alert(1)]))
    assert plan(situation([alert(1)], told=first.notices, now=NOW + 9 * DAY)).deliveries == ()
    tree = {"receiver": "群", "repeat_interval": "4h"}
    early = situation([alert(1)], route=tree, told=first.notices, now=NOW + 3 * HOUR)
    assert plan(early).deliveries == ()
    again = plan(replace(early, now=NOW + 4 * HOUR))
    assert sent(again) == [("群", ("a1",))]
    assert again.deliveries[0].key != first.deliveries[0].key


def test_quiet_hours_are_kept_and_what_waited_comes_in_the_morning_as_one() -> None:
    tree = {
        "receiver": "群",
        "mute_time_intervals": ["夜间"],
        "routes": [{"matchers": ["severity=1"], "receiver": "主任"}],
    }
    waits = [replace(alert(1), raised_at=LATE), replace(alert(2), raised_at=LATE, rule="别的")]
    urgent = replace(alert(3), severity=1, raised_at=LATE)
    night = situation([*waits, urgent], route=tree, now=LATE)
    assert sent(plan(night)) == [("主任", ("a3",))]
    (message,) = plan(situation(waits, route=tree, now=MORNING)).deliveries
    assert (message.alert_ids, message.title) == (("a1", "a2"), "【免打扰时段】2条预警")


def test_on_call_times_are_the_other_way_round() -> None:
    tree = {"receiver": "群", "active_time_intervals": ["夜间"]}
    assert plan(situation([alert(1)], route=tree, now=NOW)).deliveries == ()
    assert sent(plan(situation([alert(1)], route=tree, now=LATE))) == [("群", ("a1",))]


def test_what_nobody_acknowledges_goes_up_once() -> None:
    tree = {"receiver": "群", "escalation": [{"after": "30m", "receiver": "主任"}]}
    first = plan(situation([alert(1)], route=tree))
    early = situation([alert(1)], route=tree, told=first.notices, now=NOW + HOUR / 3)
    assert plan(early).deliveries == ()
    up = plan(replace(early, now=NOW + HOUR / 2))
    (message,) = up.deliveries
    assert (message.channel, message.title) == ("主任", "【30分钟无人确认】1条预警")
    assert [one.kind for one in up.notices] == [NoticeKind.ESCALATED]
    both = situation([alert(1)], route=tree, told=[*first.notices, *up.notices], now=NOW + DAY)
    assert plan(both).deliveries == ()
    seen = replace(alert(1), state=AlertState.ACKNOWLEDGED)
    assert plan(replace(both, standing=[seen])).deliveries == ()


def test_a_source_gone_blind_holds_back_what_follows_from_it() -> None:
    inhibit = {"source_matchers": ["rule=来源失联"], "target_matchers": ["rule=规则"]}
    blind = replace(alert(9), rule="来源失联", labels={"source": "board"}, state=AlertState.ACKNOWLEDGED)
    here = situation([alert(1), blind], inhibit=[inhibit])
    assert plan(here).deliveries == ()
    hold = held_back(alert(1), here)
    assert hold is not None
    assert "被预警 a9（来源失联）抑制" in hold
    assert sent(plan(replace(here, standing=[alert(1)]))) == [("群", ("a1",))]


def test_a_label_that_both_lack_is_not_equal() -> None:
    inhibit = {"source_matchers": ["rule=全市"], "target_matchers": ["rule=规则"], "equal": ["topic"]}
    city = replace(alert(9), rule="全市", labels={"topic": "供水"}, state=AlertState.ACKNOWLEDGED)
    same, other = (
        replace(alert(n), labels={"topic": t, "place": "A"}) for n, t in ((1, "供水"), (2, "噪声"))
    )
    nameless = replace(city, labels={})
    assert sent(plan(situation([same, other, city], inhibit=[inhibit]))) == [("群", ("a2",))]
    assert sent(plan(situation([alert(3), nameless], inhibit=[inhibit]))) == [("群", ("a3",))]


def test_a_silence_holds_what_it_matches_while_it_lasts() -> None:
    held = silence("place=A1区")
    here = situation([alert(1), alert(2)], silences=[held])
    assert sent(plan(here)) == [("群", ("a2",))]
    assert held_back(alert(1), here) == "静默 1 压下，到03-18 10:30为止：计划停水"
    for other in (silence("place=A1区", starts_at=NOW + HOUR / 2), silence("place!=A1区", "rule=别的")):
        assert held_back(alert(1), replace(here, silences=[other])) is None
