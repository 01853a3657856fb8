"""The ledger of notifications: written before the push, marked after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, delete, exists, func, select, update

from records.alert import AlertState, Delivery, DeliveryState, Notice, NoticeKind
from storage import schema
from storage.dialect import in_chunks, insert_new, reading, upsert, writing

_DELIVERIES = schema.deliveries.c
_NOTICES = schema.notices.c
_WAITING = (DeliveryState.PENDING.value, DeliveryState.FAILED.value)


class DeliveryStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def enqueue(
        self,
        deliveries: Sequence[Delivery],
        *,
        notices: Sequence[Notice] = (),
        ended: Sequence[int] = (),
        now: datetime | None = None,
    ) -> int:
        """Add the new ones; a known key is passed over. Return how many were new.

        In the same transaction: `notices` are what the channels hear by that, `ended` the silences whose end
        they tell, at `now`.
        """
        with writing(self._engine) as connection:
            new = insert_new(connection, schema.deliveries, [_row(delivery) for delivery in deliveries])
            upsert(connection, schema.notices, [_notice_row(notice) for notice in notices])
            if ended:
                told = update(schema.silences).where(schema.silences.c.id.in_(ended))
                connection.execute(told.values(ended_at=now))
        return new

    def notices(self, *, of: str | None = None) -> list[Notice]:
        """Return what the channels were told: of the alert `of`, else of all that are not resolved."""
        query = select(schema.notices).join(schema.alerts, schema.alerts.c.id == _NOTICES.alert_id)
        if of is not None:
            query = query.where(_NOTICES.alert_id == of)
        else:
            query = query.where(schema.alerts.c.state != AlertState.RESOLVED.value)
        with reading(self._engine) as connection:
            return [
                Notice(**{**row._mapping, "kind": NoticeKind(row.kind)}) for row in connection.execute(query)
            ]

    def unresolved_for(self, channels: Sequence[str]) -> dict[str, list[str]]:
        """Return channel → alerts that it was told of, and not yet that they are resolved."""
        over = schema.notices.alias()
        query = (
            select(_NOTICES.channel, _NOTICES.alert_id)
            .join(schema.alerts, schema.alerts.c.id == _NOTICES.alert_id)
            .where(
                schema.alerts.c.state == AlertState.RESOLVED.value,
                _NOTICES.kind == NoticeKind.TOLD.value,
                _NOTICES.channel.in_(channels),
                ~exists().where(
                    over.c.alert_id == _NOTICES.alert_id,
                    over.c.channel == _NOTICES.channel,
                    over.c.kind == NoticeKind.RESOLVED.value,
                    over.c.raised_at >= _NOTICES.raised_at,
                ),
            )
            .order_by(_NOTICES.channel, _NOTICES.alert_id)
        )
        found: dict[str, list[str]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(query):
                found.setdefault(row.channel, []).append(row.alert_id)
        return found

    def withdraw(self, alert_ids: Sequence[str], *, reason: str) -> int:
        """Give up what is not sent yet and speaks of one of the alerts; return how many messages.

        Nothing is lost of the other alerts in them: their notices go too, so that they are told anew.
        """
        gone = set(alert_ids)
        waiting = select(_DELIVERIES.key, _DELIVERIES.alert_ids).where(_DELIVERIES.state.in_(_WAITING))
        with writing(self._engine) as connection:
            keys = [row.key for row in connection.execute(waiting) if gone.intersection(row.alert_ids)]
            for chunk in in_chunks(keys):
                given_up = update(schema.deliveries).where(
                    _DELIVERIES.key.in_(chunk), _DELIVERIES.state.in_(_WAITING)
                )
                connection.execute(
                    given_up.values(state=DeliveryState.DEAD.value, error=reason, attempted_at=None)
                )
                connection.execute(delete(schema.notices).where(_NOTICES.delivery_key.in_(chunk)))
        return len(keys)

    def due(self, now: datetime, *, limit: int = 100) -> list[Delivery]:
        """Return pending or failed ones whose time has come, oldest first."""
        come = (_DELIVERIES.state.in_(_WAITING), _DELIVERIES.next_attempt_at <= now)
        oldest_first = (_DELIVERIES.next_attempt_at, _DELIVERIES.created_at, _DELIVERIES.key)
        return self._fetch(select(schema.deliveries).where(*come).order_by(*oldest_first).limit(limit))

    def begin(self, key: str, *, now: datetime) -> bool:
        """Count an attempt and mark it `sending`, durably; return False where another has begun it."""
        mine = update(schema.deliveries).where(_DELIVERIES.key == key, _DELIVERIES.state.in_(_WAITING))
        values = {
            "state": DeliveryState.SENDING.value,
            "attempts": _DELIVERIES.attempts + 1,
            "attempted_at": now,
            "error": None,
        }
        with writing(self._engine) as connection:
            return bool(connection.execute(mine.values(values)).rowcount)

    def mark(
        self,
        key: str,
        state: DeliveryState,
        *,
        now: datetime,
        next_attempt_at: datetime | None = None,
        error: str | None = None,
    ) -> None:
        """Put the delivery that was begun into `state`; durable when it returns."""
        values: dict[str, Any] = {"state": state.value, "error": error}
        if state is DeliveryState.SENT:
            values["sent_at"] = now
        if next_attempt_at is not None:
            values["next_attempt_at"] = next_attempt_at
        with writing(self._engine) as connection:
            connection.execute(update(schema.deliveries).where(_DELIVERIES.key == key).values(values))

    def pass_on(self, key: str, onto: Delivery, *, error: str) -> None:
        """Give up the delivery and add the one that takes its place on another channel; one transaction."""
        given_up = update(schema.deliveries).where(_DELIVERIES.key == key)
        with writing(self._engine) as connection:
            connection.execute(given_up.values(state=DeliveryState.DEAD.value, error=error))
            insert_new(connection, schema.deliveries, [_row(onto)])

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

    def failing(self, *, tries: int) -> dict[str, int]:
        """Return channel → how many messages it has not taken, given up or tried so often, since it took one.

        Without the channels that have none of these.
        """
        last = (
            select(_DELIVERIES.channel, func.max(_DELIVERIES.sent_at).label("sent_at"))
            .group_by(_DELIVERIES.channel)
            .subquery()
        )
        tried = (_DELIVERIES.state == DeliveryState.FAILED.value) & (_DELIVERIES.attempts >= tries)
        counted = (
            select(_DELIVERIES.channel, func.count().label("n"))
            .join(last, last.c.channel == _DELIVERIES.channel)
            .where(
                (_DELIVERIES.state == DeliveryState.DEAD.value) | tried,
                _DELIVERIES.attempted_at.is_not(None),
                last.c.sent_at.is_(None) | (_DELIVERIES.attempted_at > last.c.sent_at),
            )
            .group_by(_DELIVERIES.channel)
        )
        with reading(self._engine) as connection:
            return {row.channel: row.n for row in connection.execute(counted)}


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
        "attempted_at": delivery.attempted_at,
    }


def _notice_row(notice: Notice) -> dict[str, Any]:
    return {**asdict(notice), "kind": notice.kind.value}


def _delivery(row: Row[Any]) -> Delivery:
    values = dict(row._mapping)
    values["alert_ids"] = tuple(row.alert_ids)
    values["state"] = DeliveryState(row.state)
    return Delivery(**values)
