"""Drills of the ledger against a receiver that fails, hangs, refuses politely or drops; and kill -9."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.channels import Channels
from alerts.channels import Receiver as Channel
from alerts.delivery import (
    FIRST_WAIT,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    OWN_ATTEMPTS,
    DeliveryReport,
    deliver,
    failing_channels,
    recover,
    wait_before,
)
from alerts.push import refusal
from alerts.sending import send
from records.alert import Delivery, DeliveryState
from storage.database import Database
from tests.alerts.receiver import Receiver, receiving
from tests.alerts.samples import DAY, HOUR, NOW


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.sqlite'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with Database.open(url) as opened:
        opened.deliveries.enqueue([message()])
        yield opened


def message(key: str = "d1", channel: str = "群") -> Delivery:
    return Delivery(
        key=key, channel=channel, alert_ids=("a1",), title="【停水】", body="A3区：24小时内14件。",
        state=DeliveryState.PENDING, attempts=0, created_at=NOW, next_attempt_at=NOW,
    )  # fmt: skip


def channels(receiver: Receiver) -> Channels:
    return {"群": Channel(name="群", url=receiver.url)}


def entry(database: Database) -> Delivery:
    (only,) = database.deliveries.list()
    return only


def test_a_message_is_sent_once_and_marked(database: Database, receiver: Receiver) -> None:
    assert deliver(database, channels(receiver), now=NOW) == DeliveryReport(sent=1)
    assert (entry(database).state, entry(database).sent_at, entry(database).attempts) == (
        DeliveryState.SENT,
        NOW,
        1,
    )
    assert deliver(database, channels(receiver), now=NOW + DAY) == DeliveryReport()
    (got,) = receiver.got
    assert (got["title"], got["message"]) == ("【停水】", "A3区：24小时内14件。")


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("error", "the service answered 500"),
        ("refused", "the service answered 200 but refused it (code 310000)"),
    ],
)
def test_what_did_not_arrive_is_sent_again_later(
    database: Database, receiver: Receiver, mood: str, said: str
) -> None:
    receiver.mood = mood
    assert deliver(database, channels(receiver), now=NOW) == DeliveryReport(failed=1)
    failed = entry(database)
    assert (failed.state, failed.error, failed.attempts) == (DeliveryState.FAILED, said, 1)
    assert deliver(database, channels(receiver), now=NOW) == DeliveryReport()  # its time has not come
    receiver.mood = "ok"
    assert deliver(database, channels(receiver), now=failed.next_attempt_at) == DeliveryReport(sent=1)
    assert len(receiver.got) == 2
    assert entry(database).error is None


def test_a_service_that_is_not_there_is_tried_until_it_is_dead(database: Database) -> None:
    with receiving() as gone:
        nobody = channels(gone)
    now = NOW
    for attempt in range(1, MOST_ATTEMPTS):
        assert deliver(database, nobody, now=now) == DeliveryReport(failed=1), attempt
        now = entry(database).next_attempt_at
    assert deliver(database, nobody, now=now) == DeliveryReport(dead=1)
    assert (entry(database).state, entry(database).error) == (
        DeliveryState.DEAD,
        "the service cannot be reached",
    )
    assert deliver(database, nobody, now=now + DAY) == DeliveryReport()
    assert now - NOW > 1.5 * HOUR


@pytest.mark.parametrize("mood", ["hang", "drop"])
def test_what_may_have_arrived_is_never_sent_again(database: Database, receiver: Receiver, mood: str) -> None:
    receiver.mood = mood
    assert deliver(database, channels(receiver), now=NOW) == DeliveryReport(unconfirmed=1)
    assert entry(database).state is DeliveryState.UNCONFIRMED
    receiver.mood = "ok"
    assert deliver(database, channels(receiver), now=NOW + DAY) == DeliveryReport()
    assert len(receiver.got) == 1


def test_one_bad_channel_does_not_hold_up_the_others(database: Database, receiver: Receiver) -> None:
    database.deliveries.enqueue([message("d2", "没有的群")])
    assert deliver(database, channels(receiver), now=NOW) == DeliveryReport(sent=1, failed=1)
    (failed,) = database.deliveries.list(states=[DeliveryState.FAILED])
    assert failed.error == 'there is no receiver "没有的群" (add it to the receivers file)'


def with_fallback(first: Receiver, second: Receiver) -> Channels:
    return {
        "群": Channel(name="群", url=first.url, fallback="邮箱"),
        "邮箱": Channel(name="邮箱", url=second.url, fallback="群"),
    }


def test_what_a_channel_does_not_take_goes_to_the_other_one(database: Database, receiver: Receiver) -> None:
    with receiving() as other:
        both = with_fallback(receiver, other)
        receiver.mood, now = "error", NOW
        for _ in range(OWN_ATTEMPTS - 1):
            assert deliver(database, both, now=now) == DeliveryReport(failed=1)
            now = entry(database).next_attempt_at
        assert deliver(database, both, now=now) == DeliveryReport(dead=1, sent=1)
        assert [one["title"] for one in other.got] == ["（“群”送不到，改由此处）【停水】"]
        # While it is down, the next one tries it once.
        database.deliveries.enqueue([message("d2")])
        assert deliver(database, both, now=now + HOUR) == DeliveryReport(dead=1, sent=1)
        assert failing_channels(database) == {"群": 2}
        receiver.mood = "ok"
        database.deliveries.enqueue([message("d3")])
        assert deliver(database, both, now=now + 2 * HOUR) == DeliveryReport(sent=1)
        assert failing_channels(database) == {}
        assert len(other.got) == 2


def test_it_is_not_passed_to_and_fro(database: Database, receiver: Receiver) -> None:
    receiver.mood = "error"
    both = with_fallback(receiver, receiver)
    now = NOW
    for _ in range(OWN_ATTEMPTS + MOST_ATTEMPTS):
        deliver(database, both, now=now)
        now += DAY
    assert {one.state for one in database.deliveries.list()} == {DeliveryState.DEAD}
    assert {one.key for one in database.deliveries.list()} == {"d1", "d1+"}
    assert len(receiver.got) == OWN_ATTEMPTS + MOST_ATTEMPTS


def test_what_may_have_arrived_is_not_passed_on_either(database: Database, receiver: Receiver) -> None:
    receiver.mood = "drop"
    assert deliver(database, with_fallback(receiver, receiver), now=NOW) == DeliveryReport(unconfirmed=1)
    assert len(receiver.got) == 1


KILLED = """
import os, signal, sys
from datetime import datetime
from alerts.delivery import deliver
from alerts.sending import send
from alerts.channels import Receiver
from storage.database import Database

def kill(receiver, message):
    if sys.argv[3] == "after":
        send(receiver, message)
    os.kill(os.getpid(), signal.SIGKILL)

database = Database.open(sys.argv[1])
receivers = {"群": Receiver(name="群", url=sys.argv[2])}
deliver(database, receivers, now=datetime.fromisoformat(sys.argv[4]), send=kill)
"""


@pytest.mark.parametrize(("moment", "arrived"), [("before", 0), ("after", 1)])
def test_killed_around_the_push_it_is_never_sent_twice(
    database: Database, url: str, receiver: Receiver, moment: str, arrived: int
) -> None:
    command = [sys.executable, "-c", KILLED, url, receiver.url, moment, NOW.isoformat()]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert entry(database).state is DeliveryState.SENDING
    assert recover(database, now=NOW + HOUR) == 1
    assert entry(database).state is DeliveryState.UNCONFIRMED
    assert deliver(database, channels(receiver), now=NOW + DAY) == DeliveryReport()
    assert len(receiver.got) == arrived


def test_neither_ledger_nor_log_holds_the_secret(
    database: Database, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for mood in ("error", "refused", "ok"):
        receiver.mood = mood
        deliver(database, channels(receiver), now=entry(database).next_attempt_at)
    assert entry(database).state is DeliveryState.SENT
    assert "tokensecret42" not in caplog.text + repr(database.deliveries.list()) + repr(channels(receiver))
    assert "A3区" not in caplog.text


def test_waits_double_up_to_a_limit_and_differ_between_messages() -> None:
    waits = [wait_before(attempt, "d1") for attempt in range(1, 12)]
    for attempt, wait in enumerate(waits):
        plain = min(FIRST_WAIT * 2**attempt, LONGEST_WAIT)
        assert 0.8 * plain <= wait <= 1.2 * plain
    assert waits[0] == wait_before(1, "d1") != wait_before(1, "d2")


@pytest.mark.parametrize(
    ("scheme", "body", "said"),
    [
        ("dingtalk", b'{"errcode": 0, "errmsg": "ok"}', None),
        ("dingtalk", b'{"errcode": 310000, "errmsg": "token tokensecret42"}', "code 310000"),
        ("wecombot", b'{"errcode": 93000}', "code 93000"),
        ("feishu", b'{"code": 0, "msg": "success"}', None),
        ("feishu", b'{"code": 19001, "msg": "param invalid"}', "code 19001"),
        ("lark", b'{"StatusCode": 9499}', "code 9499"),
        ("json", b'{"code": 200}', None),
        ("json", b"accepted", None),
        ("json", b"[1]", None),
        ("json", b"", None),
        ("json", b'{"success": false}', "it says no"),
        ("json", b'{"ok": true}', None),
    ],
)
def test_an_answer_is_read_as_its_service_means_it(scheme: str, body: bytes, said: str | None) -> None:
    assert refusal(scheme, body) == said


def test_a_library_that_breaks_holds_up_nobody_and_tells_no_secret(
    database: Database, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    database.deliveries.enqueue([message("d2")])

    def send_or_break(channel: Channel, one: Delivery) -> None:
        if one.key == "d1":
            raise TypeError(f"cannot post to {channel.url}")
        send(channel, one)

    report = deliver(database, channels(receiver), now=NOW, send=send_or_break)
    assert report == DeliveryReport(sent=1, unconfirmed=1)
    (broken,) = database.deliveries.list(states=[DeliveryState.UNCONFIRMED])
    assert broken.error == "sending it ended with TypeError"
    assert "tokensecret42" not in caplog.text
