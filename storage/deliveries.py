"""The ledger of notifications: written before the push, marked after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, select, update

from records.alert import Delivery, DeliveryState
from storage import schema
from storage.dialect import insert_new, reading, writing

_DELIVERIES = schema.deliveries.c
_WAITING = (DeliveryState.PENDING.value, DeliveryState.FAILED.value)


class DeliveryStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enqueue(self, deliveries: Sequence[Delivery]) -> int:
        """Add the new ones; a known key is passed over. Return how many were new."""
        with writing(self._engine) as connection:
            return insert_new(connection, schema.deliveries, [_row(delivery) for delivery in deliveries])

    def due(self, now: datetime, *, limit: int = 100) -> list[Delivery]:
        """Return pending or failed ones whose time has come, oldest first."""
        come = (_DELIVERIES.state.in_(_WAITING), _DELIVERIES.next_attempt_at <= now)
        oldest_first = (_DELIVERIES.next_attempt_at, _DELIVERIES.created_at, _DELIVERIES.key)
        return self._fetch(select(schema.deliveries).where(*come).order_by(*oldest_first).limit(limit))

    def mark(
        self,
        key: str,
        state: DeliveryState,
        *,
        now: datetime,
        next_attempt_at: datetime | None = None,
        error: str | None = None,
    ) -> None:
        """Put the delivery into `state`; durable when it returns. Marking `sending` counts an attempt."""
        values: dict[str, Any] = {"state": state.value, "error": error}
        if state is DeliveryState.SENDING:
            values["attempts"] = _DELIVERIES.attempts + 1
        if state is DeliveryState.SENT:
            values["sent_at"] = now
        if next_attempt_at is not None:
            values["next_attempt_at"] = next_attempt_at
        with writing(self._engine) as connection:
            connection.execute(update(schema.deliveries).where(_DELIVERIES.key == key).values(values))

    def recover(self, now: datetime) -> int:
        """Mark what a dead process left `sending` as `unconfirmed`, due no more; return how many."""
        left = update(schema.deliveries).where(_DELIVERIES.state == DeliveryState.SENDING.value)
        marked = left.values(
            state=DeliveryState.UNCONFIRMED.value,
            error=f"the process ended between the push and its mark (found {now.isoformat()})",
        )
        with writing(self._engine) as connection:
            return connection.execute(marked).rowcount

    def _fetch(self, query: Select[Any]) -> list[Delivery]:
        with reading(self._engine) as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def list(self, *, states: Sequence[DeliveryState] = (), limit: int = 100) -> list[Delivery]:
        """Return deliveries, newest first."""
        query = select(schema.deliveries).order_by(_DELIVERIES.created_at.desc(), _DELIVERIES.key)
        if states:
            query = query.where(_DELIVERIES.state.in_([state.value for state in states]))
        return self._fetch(query.limit(limit))


def _row(delivery: Delivery) -> dict[str, Any]:
    return {
        "key": delivery.key,
        "channel": delivery.channel,
        "alert_ids": list(delivery.alert_ids),
        "title": delivery.title,
        "body": delivery.body,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "next_attempt_at": delivery.next_attempt_at,
        "sent_at": delivery.sent_at,
        "error": delivery.error,
    }


def _delivery(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)
    values["alert_ids"] = tuple(row.alert_ids)
    values["state"] = DeliveryState(row.state)
    return Delivery(**values)
