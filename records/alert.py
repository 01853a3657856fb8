"""An alert: a rule found a problem or a count that a person should look at. Never about a person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AlertState(StrEnum):
    """active → acknowledged (somebody looks) → assigned (to the office that owes the answer) → resolved."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


class Verdict(StrEnum):
    """What a person found an alert to be: worth reading, known already, or a false alarm."""

    REAL = "real"
    KNOWN = "known"
    NOISE = "noise"


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
    `raised_at` is when it last had something new to say (it fired, or grew), `raised_value` what it counted
    then. `assigned_to` is an office, never a person. `settled_at` is when a person resolved it.
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
    raised_at: datetime
    raised_value: float
    problem_ids: tuple[str, ...] = ()
    post_ids: tuple[str, ...] = ()
    assigned_to: str | None = None
    verdict: Verdict | None = None
    settled_at: datetime | None = None


class NoticeKind(StrEnum):
    """Why a channel was told of an alert: it is new or grew, nobody acknowledged it in time, it is over."""

    TOLD = "told"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a channel last heard of an alert: as raised at `raised_at` with `value`, in the message
    `delivery_key` of the group `group`. One a channel, alert and kind."""

    channel: str
    alert_id: str
    kind: NoticeKind
    raised_at: datetime
    value: float
    told_at: datetime
    group: str
    delivery_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Alerts with the labels that `matchers` state (`place=南门街道`) are not told from start to end.

    `created_by` is an account of this installation. `ended_at` is when its end was told; None: not yet.
    """

    id: int
    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by: str
    ended_at: datetime | None = None


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
    attempted_at: datetime | None = None


def alert_id(rule: str, labels: Mapping[str, str], fired_at: datetime) -> str:
    """Return the id of the alert that `rule` raises for `labels` at `fired_at`."""
    parts = [rule, *(f"{key}={labels[key]}" for key in sorted(labels)), fired_at.isoformat()]
    return "a" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
