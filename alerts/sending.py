"""Send one message the way its channel wants it."""

from __future__ import annotations

from alerts.channels import Receiver
from alerts.push import push
from alerts.webhook import post
from records.alert import Delivery


def send(receiver: Receiver, delivery: Delivery) -> None:
    """Raises PushFailedError or PushUnconfirmedError."""
    if receiver.is_webhook:
        post(receiver, delivery)
    else:
        push(receiver.url, delivery.title, delivery.body)
