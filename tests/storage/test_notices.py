"""What channels were told, messages taken back or passed on, and silences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from records.alert import AlertState, DeliveryState, Notice, NoticeKind, Verdict
from records.errors import Rejected
from records.times import Period
from storage import schema
from storage.database import Database
from storage.dialect import writing
from storage.engines import open_engine
from storage.migrations import bring_up_to_date
from tests.storage.samples import NOW, alert, delivery

HOUR = timedelta(hours=1)


def notice(alert_id: str = "a1", **changes: Any) -> Notice:
    values: dict[str, Any] = {
        "channel": "值班群", "alert_id": alert_id, "kind": NoticeKind.TOLD, "raised_at": NOW, "value": 9.0,
        "told_at": NOW, "group": "rule=停水激增", "delivery_key": "k1",
    }  # fmt: skip
    return Notice(**{**values, **changes})


def test_a_notice_is_written_with_its_message_and_goes_with_the_alert(database: Database) -> None:
    database.alerts.save([alert(), alert("a2")])
    both = [notice(), notice("a2", kind=NoticeKind.ESCALATED)]
    assert database.deliveries.enqueue([delivery()], notices=both) == 1
    later = notice(told_at=NOW + HOUR, delivery_key="k2")
    database.deliveries.enqueue([], notices=[later])
    found = database.deliveries.notices()
    assert sorted(found, key=lambda one: one.alert_id) == [later, both[1]]
    database.alerts.set_state("a1", AlertState.RESOLVED, now=NOW)
    assert database.deliveries.notices() == [both[1]]


def test_what_is_taken_back_leaves_the_other_alerts_to_be_told_anew(database: Database) -> None:
    database.alerts.save([alert(), alert("a2")])
    keys = {"k1": ("a1", "a2"), "k2": ("a2",), "k3": ("a1",)}
    for key, ids in keys.items():
        told = [notice(one, delivery_key=key, channel=key) for one in ids]
        database.deliveries.enqueue([delivery(key, alert_ids=ids)], notices=told)
    assert database.deliveries.begin("k3", now=NOW)
    database.deliveries.mark("k3", DeliveryState.SENT, now=NOW)
    assert database.deliveries.withdraw(["a1"], reason="its rule is gone") == 1
    states = {one.key: one.state for one in database.deliveries.list()}
    assert states == {"k1": DeliveryState.DEAD, "k2": DeliveryState.PENDING, "k3": DeliveryState.SENT}
    assert {one.delivery_key for one in database.deliveries.notices()} == {"k2", "k3"}
    assert database.deliveries.failing(tries=3) == {}


def test_a_channel_is_down_from_its_first_message_given_up_until_it_takes_one(database: Database) -> None:
    ledger = database.deliveries
    ledger.enqueue([delivery("k1"), delivery("k2"), delivery("k3", channel="邮箱")])
    assert ledger.begin("k1", now=NOW)
    ledger.pass_on("k1", delivery("k1+", channel="邮箱"), error="HTTP 500")
    assert ledger.failing(tries=3) == {"值班群": 1}
    assert [one.key for one in ledger.due(NOW)] == ["k1+", "k2", "k3"]
    assert ledger.begin("k2", now=NOW + HOUR)
    ledger.mark("k2", DeliveryState.SENT, now=NOW + HOUR)
    assert ledger.failing(tries=3) == {}
    assert ledger.begin("k3", now=NOW)
    ledger.mark("k3", DeliveryState.FAILED, now=NOW, next_attempt_at=NOW)
    assert (ledger.failing(tries=2), ledger.failing(tries=1)) == ({}, {"邮箱": 1})


def test_an_alert_is_assigned_and_judged(database: Database) -> None:
    database.alerts.save([alert()])
    judged = database.alerts.judge("a1", Verdict.NOISE, now=NOW)
    assert (judged.state, judged.verdict) == (AlertState.ACKNOWLEDGED, Verdict.NOISE)
    assert database.alerts.get("a1") == judged
    assigned = database.alerts.assign("a1", "东湖区水务局", now=NOW + HOUR)
    assert (assigned.state, assigned.assigned_to) == (AlertState.ASSIGNED, "东湖区水务局")
    assert database.alerts.judge("a1", None, now=NOW).verdict is None
    settled = database.alerts.set_state("a1", AlertState.RESOLVED, now=NOW + HOUR)
    assert settled.settled_at == NOW + HOUR
    assert database.alerts.list(settled_since=NOW) == [settled]
    assert database.alerts.list(settled_since=NOW + 2 * HOUR) == []
    assert database.alerts.list(raised=Period(start=NOW, end=NOW + HOUR)) == [settled]
    assert database.alerts.set_state("a1", AlertState.ACTIVE, now=NOW).settled_at is None


def test_a_silence_ends_once(database: Database) -> None:
    silences = database.silences
    made = silences.add(
        ["place=东湖区"], starts_at=NOW, ends_at=NOW + HOUR, reason="停水检修", created_by="console"
    )
    assert (silences.untold(), silences.list()) == ([made], [made])
    ended = silences.end(made.id, now=NOW + HOUR / 2)
    assert ended.ends_at == NOW + HOUR / 2
    for number, code in ((made.id, "silence_over"), (99, "unknown_silence")):
        with pytest.raises(Rejected) as raised:
            silences.end(number, now=NOW + HOUR)
        assert raised.value.code == code
    database.deliveries.enqueue([delivery()], ended=[made.id], now=NOW + HOUR)
    assert silences.untold() == []
    assert silences.list()[0].ended_at == NOW + HOUR


def test_what_was_told_before_the_migration_is_not_told_again(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    at = "2026-03-01 00:30:00" + ("" if engine.dialect.name == "sqlite" else "+00")
    generations = {"a1": {"since": "2026-03-02T08:00:00+08:00", "value": 7.0}}
    with writing(engine) as connection:
        bring_up_to_date(connection, "database", to="0008")
        for alert_id in ("a1", "a2"):
            connection.exec_driver_sql(
                "INSERT INTO alerts (id, rule, labels, severity, state, fired_at, updated_at, value, "
                f"explanation, problem_ids) VALUES ('{alert_id}', 'r', '{{}}', 2, 'active', '{at}', "
                f"'{at}', 3, '', '[]')"
            )
        connection.exec_driver_sql(
            "INSERT INTO deliveries (key, channel, alert_ids, title, body, state, attempts, created_at, "
            f"next_attempt_at) VALUES ('k', '群', '[\"a1\", \"gone\"]', '', '', 'sent', 1, '{at}', '{at}')"
        )
        kept = schema.kept_values.insert().values(name="alerts.generations.r", value=generations)
        connection.execute(kept)
    engine.dispose()
    with Database.open(empty_database_url) as database:
        grown, plain = database.alerts.get("a1"), database.alerts.get("a2")
        assert grown is not None
        assert plain is not None
        assert (grown.raised_at.isoformat(), grown.raised_value) == ("2026-03-02T08:00:00+08:00", 7.0)
        assert (plain.raised_at, plain.raised_value) == (plain.fired_at, 3.0)
        assert [(one.alert_id, one.channel) for one in database.deliveries.notices()] == [("a1", "群")]
        assert database.value("alerts.generations.r") is None
