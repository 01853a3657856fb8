"""The delivery ledger: written before, marked after, tried again, never twice.

pending → sending (durable, before the push) → sent | failed (again later) → dead, or unconfirmed: the process
died, or the service took it and did not answer. That is shown to people, and never sent again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.channels import Channels
from alerts.push import PushFailedError, PushUnconfirmedError, push
from records.alert import Delivery, DeliveryState
from storage.database import Database

logger = logging.getLogger(__name__)

Send = Callable[[str, str, str], None]

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# Eight tries with doubling waits span about two hours: a restart of the service, not a forgotten token.
MOST_ATTEMPTS = 8
JITTER = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """How the due messages of one round ended; each in exactly one."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    unconfirmed: int = 0


def deliver(database: Database, receivers: Channels, *, now: datetime, send: Send = push) -> DeliveryReport:
    """Send what is due, one after the other. One process at a time; call `recover` once when it starts."""
    ends = dict.fromkeys(DeliveryState, 0)
    for delivery in database.deliveries.due(now):
        ends[_deliver_one(database, receivers, delivery, now=now, send=send)] += 1
    return DeliveryReport(
        sent=ends[DeliveryState.SENT],
        failed=ends[DeliveryState.FAILED],
        dead=ends[DeliveryState.DEAD],
        unconfirmed=ends[DeliveryState.UNCONFIRMED],
    )


def recover(database: Database, *, now: datetime) -> int:
    """Mark what a dead process left `sending` as unconfirmed, never sent again; return how many."""
    return database.deliveries.recover(now)


def wait_before(attempt: int, key: str) -> timedelta:
    """Return the wait after failed attempt `attempt` (from 1): doubling, with jitter that the key decides."""
    wait = min(FIRST_WAIT * (1 << (attempt - 1)), LONGEST_WAIT)
    draw = int.from_bytes(hashlib.sha256(f"{key}{attempt}".encode()).digest()[:4]) / 2**32
    return wait * (1 + JITTER * (2 * draw - 1))


def _deliver_one(
    database: Database,
    receivers: Channels,
    delivery: Delivery,
    *,
    now: datetime,
    send: Send,
) -> DeliveryState:
    database.deliveries.mark(delivery.key, DeliveryState.SENDING, now=now)
    try:
        send(_url(receivers, delivery.channel), delivery.title, delivery.body)
    except PushUnconfirmedError as err:
        return _mark(database, delivery, DeliveryState.UNCONFIRMED, now=now, error=str(err))
    except PushFailedError as err:
        attempt = delivery.attempts + 1
        if attempt >= MOST_ATTEMPTS:
            return _mark(database, delivery, DeliveryState.DEAD, now=now, error=str(err))
        again = now + wait_before(attempt, delivery.key)
        return _mark(database, delivery, DeliveryState.FAILED, now=now, error=str(err), next_attempt_at=again)
    return _mark(database, delivery, DeliveryState.SENT, now=now)


def _url(receivers: Channels, channel: str) -> str:
    if channel not in receivers:
        raise PushFailedError(f'there is no receiver "{channel}" (add it to the receivers file)')
    return receivers[channel].url


def _mark(
    database: Database,
    delivery: Delivery,
    state: DeliveryState,
    *,
    now: datetime,
    error: str | None = None,
    next_attempt_at: datetime | None = None,
) -> DeliveryState:
    if error:
        logger.warning('delivery %s to "%s": %s: %s', delivery.key, delivery.channel, state, error)
    database.deliveries.mark(delivery.key, state, now=now, next_attempt_at=next_attempt_at, error=error)
    return state
