"""The signed webhook: what Alertmanager sends (version 4), so that what receives that receives this too.

Headers: X-Huiying-Delivery names the message, the same at every try; X-Huiying-Timestamp is when it was sent,
in seconds since 1970; X-Huiying-Signature is `sha256=` and the hexadecimal HMAC-SHA256, by the secret, of
timestamp, a full stop and the body. The body's schema is docs/webhook.schema.json.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from alerts.channels import Receiver
from alerts.matchers import labels_of
from alerts.push import PushFailedError, PushUnconfirmedError, may_have_arrived, quiet, refusal
from records.alert import Alert, AlertState, Delivery
from records.times import utc_now

# Seconds to connect, and between two bytes of the answer.
TIMEOUT_S = (5.0, 10.0)
# Alertmanager's zero time: the alert has not ended.
_NOT_ENDED = "0001-01-01T00:00:00Z"


class WebhookAlert(BaseModel):
    """One alert. `labels` has `alertname` (the rule) and `severity`, 1 (highest) to 5."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: datetime  # noqa: N815  # the field's name
    endsAt: str  # noqa: N815
    generatorURL: str  # noqa: N815
    fingerprint: str


class WebhookMessage(BaseModel):
    """One message, of the alerts of one group."""

    model_config = ConfigDict(extra="forbid")

    version: Literal["4"] = "4"
    groupKey: str  # noqa: N815
    truncatedAlerts: Literal[0] = 0  # noqa: N815
    status: Literal["firing", "resolved"]
    receiver: str
    groupLabels: dict[str, str]  # noqa: N815
    commonLabels: dict[str, str]  # noqa: N815
    commonAnnotations: dict[str, str]  # noqa: N815
    externalURL: str  # noqa: N815
    alerts: list[WebhookAlert]


def payload(receiver: str, group: str, alerts: Sequence[Alert], *, summary: str, console_url: str) -> str:
    """Return the body: counts, labels and explanations, never the text of a post."""
    labels = [_labels(alert) for alert in alerts]
    in_group = (part.partition("=") for part in group.split("\n"))
    message = WebhookMessage(
        groupKey=group,
        status="resolved" if alerts and all(map(_is_over, alerts)) else "firing",
        receiver=receiver,
        groupLabels={name: value for name, sign, value in in_group if sign},
        commonLabels=_common(labels),
        commonAnnotations={"summary": summary},
        externalURL=console_url,
        alerts=[
            WebhookAlert(
                status="resolved" if _is_over(alert) else "firing",
                endsAt=alert.updated_at.isoformat() if _is_over(alert) else _NOT_ENDED,
                labels=own,
                annotations={"summary": alert.explanation, "value": f"{alert.value:g}"},
                startsAt=alert.fired_at,
                generatorURL=f"{console_url.rstrip('/')}/alerts/{alert.id}" if console_url else "",
                fingerprint=alert.id,
            )
            for alert, own in zip(alerts, labels, strict=True)
        ],
    )
    return message.model_dump_json()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of X-Huiying-Signature."""
    return "sha256=" + hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def post(receiver: Receiver, delivery: Delivery) -> None:
    """Send the message, signed. Raises PushFailedError or PushUnconfirmedError, which never name the URL."""
    import requests  # 0.1 s, and most commands send nothing

    body = delivery.body.encode()
    timestamp = str(int(utc_now().timestamp()))
    headers = {
        "Content-Type": "application/json",
        "X-Huiying-Delivery": delivery.key,
        "X-Huiying-Timestamp": timestamp,
        "X-Huiying-Signature": signature(receiver.secret, timestamp, body),
    }
    try:
        with quiet():
            answer = requests.post(
                receiver.url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
            )
    except requests.RequestException as err:
        if may_have_arrived(err):
            raise PushUnconfirmedError("the receiver took the message and did not answer in time") from None
        raise PushFailedError("the receiver cannot be reached") from None
    if not 200 <= answer.status_code < 300:
        raise PushFailedError(f"the receiver answered {answer.status_code}")
    if said := refusal("webhook", answer.content):
        raise PushFailedError(f"the receiver answered {answer.status_code} but refused it ({said})")


def _is_over(alert: Alert) -> bool:
    return alert.state is AlertState.RESOLVED


def _labels(alert: Alert) -> dict[str, str]:
    labels = labels_of(alert)
    return {"alertname": labels.pop("rule"), **labels}


def _common(labels: Sequence[Mapping[str, str]]) -> dict[str, str]:
    first = labels[0] if labels else {}
    return {name: value for name, value in first.items() if all(one.get(name) == value for one in labels)}
