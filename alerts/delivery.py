"""The delivery ledger: written before, marked after, tried again, never twice.

pending → sending (durable, before the push) → sent | failed (again later) → dead, or unconfirmed: the process
died, or the service took it and did not answer. That is shown to people, and never sent again. What a channel
does not take goes to its fallback, as a message of its own.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.channels import Channels, Receiver
from alerts.push import PushFailedError, PushUnconfirmedError
from alerts.sending import send
from records.alert import Delivery, DeliveryState
from storage.database import Database

logger = logging.getLogger(__name__)

Send = Callable[[Receiver, Delivery], None]

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
# Eight tries with doubling waits span about two hours: a restart of the service, not a forgotten token.
MOST_ATTEMPTS = 8
JITTER = 0.2
# Failed tries, over about three minutes, after which a message goes to the other channel; at once where the
# channel did not take the ones before either.
OWN_ATTEMPTS = 3
# Ends the key of a message that came from another channel.
PASSED_ON = "+"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """How the due messages of one round ended; each in exactly one."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    unconfirmed: int = 0


def deliver(database: Database, receivers: Channels, *, now: datetime, send: Send = send) -> DeliveryReport:
    """Send what is due, one after the other. One process at a time; call `recover` once when it starts."""
    ends: Counter[DeliveryState | None] = Counter()
    # What is passed on to another channel is due at once.
    while due := database.deliveries.due(now):
        ends.update(_deliver_one(database, receivers, delivery, now=now, send=send) for delivery in due)
    return DeliveryReport(
        sent=ends[DeliveryState.SENT],
        failed=ends[DeliveryState.FAILED],
        dead=ends[DeliveryState.DEAD],
        unconfirmed=ends[DeliveryState.UNCONFIRMED],
    )


def recover(database: Database, *, now: datetime) -> int:
    """Mark what a dead process left `sending` as unconfirmed, never sent again; return how many."""
    return database.deliveries.recover(now)


def failing_channels(database: Database) -> dict[str, int]:
    """Return channel → how many messages it has not taken, of those that take none at present."""
    return database.deliveries.failing(tries=OWN_ATTEMPTS)


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
) -> DeliveryState | None:
    if not database.deliveries.begin(delivery.key, now=now):
        return None  # another has it
    try:
        send(_receiver(receivers, delivery.channel), delivery)
    except PushUnconfirmedError as err:
        return _mark(database, delivery, DeliveryState.UNCONFIRMED, now=now, error=str(err))
    except PushFailedError as err:
        return _fail(database, receivers, delivery, now=now, error=str(err))
    except Exception as err:
        # The boundary of one channel: whatever its library does, the others are to be told. The message may
        # have arrived, and what the error says may hold a secret.
        error = f"sending it ended with {type(err).__name__}"
        return _mark(database, delivery, DeliveryState.UNCONFIRMED, now=now, error=error)
    return _mark(database, delivery, DeliveryState.SENT, now=now)


def _fail(
    database: Database, receivers: Channels, delivery: Delivery, *, now: datetime, error: str
) -> DeliveryState:
    attempt = delivery.attempts + 1
    other = _fallback(receivers, delivery)
    is_down = attempt >= OWN_ATTEMPTS or delivery.channel in failing_channels(database)
    if other is not None and is_down:
        logger.warning(
            'delivery %s to "%s": passed on to "%s": %s', delivery.key, delivery.channel, other, error
        )
        onto = replace(
            delivery,
            key=f"{delivery.key}{PASSED_ON}",
            channel=other,
            title=f"（“{delivery.channel}”送不到，改由此处）{delivery.title}",
            attempts=0,
            state=DeliveryState.PENDING,
            next_attempt_at=now,
            error=None,
        )
        database.deliveries.pass_on(delivery.key, onto, error=f'{error}; passed on to "{other}"')
        return DeliveryState.DEAD
    if attempt >= MOST_ATTEMPTS:
        return _mark(database, delivery, DeliveryState.DEAD, now=now, error=error)
    again = now + wait_before(attempt, delivery.key)
    return _mark(database, delivery, DeliveryState.FAILED, now=now, error=error, next_attempt_at=again)


def _fallback(receivers: Channels, delivery: Delivery) -> str | None:
    """Return the other channel for the message; what was passed on once is not passed on again."""
    receiver = receivers.get(delivery.channel)
    if receiver is None or delivery.key.endswith(PASSED_ON) or receiver.fallback not in receivers:
        return None
    return receiver.fallback


def _receiver(receivers: Channels, channel: str) -> Receiver:
    if channel not in receivers:
        raise PushFailedError(f'there is no receiver "{channel}" (add it to the receivers file)')
    return receivers[channel]


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
