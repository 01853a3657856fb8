"""An alert: a rule found a problem or a count that a person should look at. Never about a person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertState(StrEnum):
    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class DeliveryState(StrEnum):
    """pending → sending → sent, or failed (will be retried) → dead (given up).

    `unconfirmed`: the process died between the push and its mark; it is shown, never sent again.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DEAD = "dead"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What one rule says about one set of labels.

    `severity` is 1 (highest) to 5. `value` is what was counted, `expected` what would be normal (None
    where the rule has no expectation). `explanation` is one Chinese sentence with its numbers.
    """

    id: str
    rule: str
    labels: Mapping[str, str]
    severity: int
    state: AlertState
    fired_at: datetime
    updated_at: datetime
    value: float
    expected: float | None
    explanation: str
    problem_ids: tuple[str, ...] = ()
    post_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notification in the ledger: a group of alerts to one channel. `key` is unique."""

    key: str
    channel: str
    alert_ids: tuple[str, ...]
    title: str
    body: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    sent_at: datetime | None = None
    error: str | None = None


def alert_id(rule: str, labels: Mapping[str, str], fired_at: datetime) -> str:
    """Return the id of the alert that `rule` raises for `labels` at `fired_at`."""
    parts = [rule, *(f"{key}={labels[key]}" for key in sorted(labels)), fired_at.isoformat()]
    return "a" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
