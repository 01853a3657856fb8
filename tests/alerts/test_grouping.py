from __future__ import annotations

from dataclasses import replace

from alerts.grouping import BODY_BYTES, PLANNED_FOR, compose, plan
from alerts.lifecycle import Generation
from records.alert import AlertState, DeliveryState
from tests.alerts.samples import DAY, HOUR, NOW, alert, rule

RULE = rule("frequency", query_key=["place"], num_events=5, title="停水", receivers=["值班群", "default"])
CHANNELS = {"值班群"}


def since(*numbers: int) -> dict[str, Generation]:
    return {f"a{number}": Generation(since=NOW, value=5) for number in numbers}


def test_alerts_of_one_moment_are_one_message() -> None:
    (message,) = plan(RULE, [alert(1), alert(2)], since(1, 2), now=NOW, channels=CHANNELS)
    assert message.title == "【停水】2条预警"
    assert message.body.splitlines() == [f"1. {alert(1).explanation}", f"2. {alert(2).explanation}"]
    assert (message.channel, message.alert_ids, message.state) == (
        "值班群",
        ("a1", "a2"),
        DeliveryState.PENDING,
    )


def test_group_by_makes_one_message_a_group_and_channel() -> None:
    by_place = RULE.model_copy(update={"group_by": ("place",)})
    messages = plan(by_place, [alert(1), alert(2)], since(1, 2), now=NOW, channels={"值班群", "default"})
    assert sorted((m.channel, m.alert_ids) for m in messages) == [
        ("default", ("a1",)), ("default", ("a2",)), ("值班群", ("a1",)), ("值班群", ("a2",)),
    ]  # fmt: skip
    assert len({m.key for m in messages}) == 4


def test_the_key_is_the_same_whenever_it_is_planned_and_whoever_is_left() -> None:
    (first,) = plan(RULE, [alert(1), alert(2)], since(1, 2), now=NOW, channels=CHANNELS)
    resolved = replace(alert(1), state=AlertState.RESOLVED)
    (again,) = plan(RULE, [resolved, alert(2)], since(1, 2), now=NOW + HOUR, channels=CHANNELS)
    assert again.key == first.key


def test_a_grown_alert_speaks_apart_from_what_was_said() -> None:
    (first,) = plan(RULE, [alert(1)], since(1), now=NOW, channels=CHANNELS)
    later = since(1) | {"a2": Generation(since=NOW + DAY, value=9)}
    messages = plan(RULE, [alert(1), alert(2)], later, now=NOW + DAY, channels=CHANNELS)
    assert [m.alert_ids for m in messages] == [("a1",), ("a2",)]
    assert messages[0].key == first.key != messages[1].key


def test_what_needs_nobody_is_not_planned() -> None:
    acknowledged = replace(alert(1), state=AlertState.ACKNOWLEDGED)
    assert plan(RULE, [acknowledged], since(1), now=NOW, channels=CHANNELS) == []
    assert plan(RULE, [alert(1)], since(1), now=NOW + PLANNED_FOR + HOUR, channels=CHANNELS) == []
    assert plan(RULE, [alert(1)], since(1), now=NOW, channels=()) == []


def test_the_message_ends_with_the_office_and_the_link() -> None:
    owned = RULE.model_copy(update={"owner": "A市12345热线办"})
    title, body = compose(owned, [alert(1)], console_url="http://127.0.0.1:8000/")
    assert title == "【停水】"
    assert body.splitlines() == [
        alert(1).explanation, "责任单位：A市12345热线办", "查看：http://127.0.0.1:8000/alerts/a1",
    ]  # fmt: skip


def test_a_long_message_is_summed_up_never_cut() -> None:
    many = [alert(number) for number in range(1, 61)]
    title, body = compose(RULE, many, console_url="http://127.0.0.1:8000")
    lines = body.splitlines()
    assert title == "【停水】60条预警"
    assert len(body.encode()) <= BODY_BYTES
    assert lines[-2:] == ["……等60条，其余见控制台。", "查看：http://127.0.0.1:8000/alerts"]
    assert 5 < len(lines) - 2 < 60
    assert all(line.endswith("。") for line in lines[:-1])


def test_one_sentence_longer_than_any_message_is_counted_instead() -> None:
    endless = [replace(alert(1), explanation="长" * 2000), alert(2)]
    assert compose(RULE, endless)[1] == "共2条，详见控制台。"
