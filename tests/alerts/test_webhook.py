"""The signed webhook: Alertmanager's form, a signature that holds, and no secret anywhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.announce import Desk, announce
from alerts.channels import Receiver as Channel
from alerts.deadlines import load_deadlines
from alerts.notifications import Notifications
from alerts.push import PushFailedError, PushUnconfirmedError
from alerts.routing import Route
from alerts.rules import RuleSet
from alerts.sending import send
from alerts.webhook import WebhookMessage, payload, signature
from records.alert import AlertState, Delivery, DeliveryState
from records.times import DEFAULT_ZONE
from storage.database import Database
from tests.alerts.receiver import Receiver, receiving
from tests.alerts.samples import HOUR, NOW, alert

SECRET = "signedwith42signedwith42"
SCHEMA = Path(__file__).parents[2] / "docs" / "webhook.schema.json"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def message() -> Delivery:
    alerts = [alert(1), replace(alert(2), severity=1)]
    body = payload(
        "平台", "rule=规则", alerts, summary="【停水】2条预警", console_url="http://127.0.0.1:8731/"
    )
    return Delivery(
        key="d1", channel="平台", alert_ids=("a1", "a2"), title="【停水】2条预警", body=body,
        state=DeliveryState.SENDING, attempts=1, created_at=NOW, next_attempt_at=NOW,
    )  # fmt: skip


def channel(receiver: Receiver) -> Channel:
    return Channel(name="平台", url=receiver.webhook, secret=SECRET)


def test_it_is_what_alertmanager_sends(receiver: Receiver) -> None:
    send(channel(receiver), message())
    (got,) = receiver.got
    assert (got["version"], got["receiver"], got["groupLabels"]) == ("4", "平台", {"rule": "规则"})
    assert got["commonLabels"] == {"alertname": "规则"}
    first = got["alerts"][0]
    assert first["labels"] == {"alertname": "规则", "severity": "3", "place": "A1区"}
    assert (first["status"], first["fingerprint"]) == ("firing", "a1")
    assert first["generatorURL"] == "http://127.0.0.1:8731/alerts/a1"
    assert first["annotations"]["summary"] == alert(1).explanation


def test_it_says_once_that_an_alert_is_over(tmp_path: Path) -> None:
    policy = Notifications(
        receivers={"平台": Channel(name="平台", url="http://127.0.0.1/", secret=SECRET)},
        route=Route(receiver="平台"),
    )
    rules = RuleSet(rules=(), errors=(), deadlines=load_deadlines())
    with Database.open(f"sqlite:///{tmp_path / 'town.sqlite'}") as database:
        database.alerts.save([alert(1), alert(2)])

        def tell(now: datetime) -> list[dict[str, Any]]:
            before = {one.key for one in database.deliveries.list()}
            announce(Desk(database=database, rules=rules, policy=policy, zone=DEFAULT_ZONE), now=now)
            return [json.loads(one.body) for one in database.deliveries.list() if one.key not in before]

        assert [one["status"] for one in tell(NOW)] == ["firing"]
        database.alerts.set_state("a1", AlertState.RESOLVED, now=NOW + HOUR)
        (over,) = tell(NOW + HOUR)
        assert [(one["fingerprint"], one["status"]) for one in over["alerts"]] == [("a1", "resolved")]
        assert over["alerts"][0]["endsAt"] == "2026-03-18T10:30:00+08:00"
        assert tell(NOW + 2 * HOUR) == []
        again = alert(1, raised_at=NOW + 3 * HOUR, raised_value=12.0, value=12.0)
        database.alerts.save([again])
        assert [one["status"] for one in tell(NOW + 3 * HOUR)] == ["firing"]
        database.alerts.set_state("a1", AlertState.RESOLVED, now=NOW + 4 * HOUR)
        assert [one["status"] for one in tell(NOW + 4 * HOUR)] == ["resolved"]


def test_the_signature_holds_for_this_body_alone(receiver: Receiver) -> None:
    send(channel(receiver), message())
    ((headers, body),) = receiver.signed
    timestamp = headers["X-Huiying-Timestamp"]
    assert headers["X-Huiying-Signature"] == signature(SECRET, timestamp, body)
    assert headers["X-Huiying-Signature"] != signature(SECRET, timestamp, body + b" ")
    assert headers["X-Huiying-Delivery"] == "d1"
    assert SECRET not in str(headers) + body.decode()


def test_the_schema_is_written_down() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == WebhookMessage.model_json_schema()


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("error", "the receiver answered 500"),
        ("refused", "the receiver answered 200 but refused it (code 310000)"),
    ],
)
def test_what_it_does_not_take_has_failed(receiver: Receiver, mood: str, said: str) -> None:
    receiver.mood = mood
    with pytest.raises(PushFailedError) as caught:
        send(channel(receiver), message())
    assert str(caught.value) == said


def test_a_late_answer_counts_and_none_is_unconfirmed(receiver: Receiver) -> None:
    receiver.mood = "late"
    send(channel(receiver), message())
    receiver.mood = "drop"
    with pytest.raises(PushUnconfirmedError):
        send(channel(receiver), message())


def test_no_error_names_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving() as gone:
        nobody = channel(gone)
    with pytest.raises(PushFailedError) as caught:
        send(nobody, message())
    assert str(caught.value) == "the receiver cannot be reached"
    assert caught.value.__cause__ is None
    with receiving() as there:
        send(channel(there), message())
    for secret in ("tokensecret42", SECRET):
        assert secret not in repr(nobody) + str(caught.value) + caplog.text
