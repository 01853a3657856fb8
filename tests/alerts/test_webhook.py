"""The signed webhook: Alertmanager's form, a signature that holds, and no secret anywhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels import Receiver as Channel
from alerts.push import PushFailedError, PushUnconfirmedError
from alerts.sending import send
from alerts.webhook import WebhookMessage, payload, signature
from records.alert import Delivery, DeliveryState
from tests.alerts.receiver import Receiver, receiving
from tests.alerts.samples import NOW, alert

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
