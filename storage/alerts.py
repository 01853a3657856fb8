"""Alerts, and the posts that are their evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, insert, select

from records.alert import Alert, AlertState, Verdict
from records.errors import Rejected
from records.times import Period
from storage import schema
from storage.dialect import in_chunks, lock_rows, reading, upsert, writing
from storage.outbox import enqueue

_ALERTS = schema.alerts.c
_EVIDENCE = schema.alert_posts.c


class AlertStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, alerts: Sequence[Alert]) -> None:
        """Insert or replace by id, with outbox rows for the posts whose flag may change; one transaction."""
        with writing(self._engine) as connection:
            _write(connection, alerts)

    def get(self, alert_id: str) -> Alert | None:
        """Return the alert, or None."""
        with reading(self._engine) as connection:
            return _load(connection, alert_id)

    def set_state(self, alert_id: str, state: AlertState, *, now: datetime) -> Alert:
        """Return the alert in its new state. A person says so: resolved, it is settled until it grows.

        Raises Rejected("unknown_alert").
        """
        settled = now if state is AlertState.RESOLVED else None
        return self._change(alert_id, lambda alert: replace(alert, state=state, settled_at=settled), now)

    def assign(self, alert_id: str, office: str, *, now: datetime) -> Alert:
        """Return the alert, assigned to an office. Raises Rejected("unknown_alert")."""
        assigned = AlertState.ASSIGNED
        return self._change(
            alert_id, lambda alert: replace(alert, state=assigned, assigned_to=office, settled_at=None), now
        )

    def judge(self, alert_id: str, verdict: Verdict | None, *, now: datetime) -> Alert:
        """Return the alert with what a person found it to be; an active one is acknowledged by that.

        Raises Rejected("unknown_alert").
        """

        def judged(alert: Alert) -> Alert:
            seen = alert.state is AlertState.ACTIVE and verdict is not None
            return replace(alert, verdict=verdict, state=AlertState.ACKNOWLEDGED if seen else alert.state)

        return self._change(alert_id, judged, now)

    def _change(self, alert_id: str, change: Callable[[Alert], Alert], now: datetime) -> Alert:
        with writing(self._engine) as connection:
            lock_rows(connection, schema.alerts, _ALERTS.id == alert_id)
            alert = _load(connection, alert_id)
            if alert is None:
                raise Rejected(
                    "unknown_alert", f'alert "{alert_id}": there is none (see `huiying alerts list`)'
                )
            changed = replace(change(alert), updated_at=now)
            _write(connection, [changed])
        return changed

    def flagged(self, post_ids: Iterable[str]) -> set[str]:
        """Return those of the posts that are evidence of an alert which is not resolved."""
        query = (
            select(_EVIDENCE.post_id).join(schema.alerts).where(_ALERTS.state != AlertState.RESOLVED.value)
        )
        with reading(self._engine) as connection:
            return {
                post_id
                for chunk in in_chunks(post_ids)
                for post_id in connection.scalars(query.where(_EVIDENCE.post_id.in_(chunk)))
            }

    def list(
        self,
        *,
        states: Sequence[AlertState] = (),
        rule: str | None = None,
        fired: Period | None = None,
        raised: Period | None = None,
        settled_since: datetime | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> list[Alert]:
        """Return alerts by severity, then newest.

        `settled_since` adds to `states` those that a person resolved and whose rule still found them then.
        """
        query = select(schema.alerts)
        if states or settled_since is not None:
            chosen: ColumnElement[bool] = _ALERTS.state.in_([state.value for state in states])
            if settled_since is not None:
                chosen |= _ALERTS.settled_at.is_not(None) & (_ALERTS.updated_at >= settled_since)
            query = query.where(chosen)
        if rule is not None:
            query = query.where(_ALERTS.rule == rule)
        if fired is not None:
            query = query.where(_ALERTS.fired_at >= fired.start, _ALERTS.fired_at < fired.end)
        if raised is not None:
            query = query.where(_ALERTS.raised_at >= raised.start, _ALERTS.raised_at < raised.end)
        query = query.order_by(_ALERTS.severity, _ALERTS.fired_at.desc(), _ALERTS.id)
        with reading(self._engine) as connection:
            return _read(connection, connection.execute(query.limit(limit).offset(offset)).all())


def _write(connection: Connection, alerts: Sequence[Alert]) -> None:
    latest = {alert.id: alert for alert in sorted(alerts, key=lambda alert: alert.id)}
    # First the alerts, so that their rows are locked before the evidence is looked at.
    upsert(connection, schema.alerts, [_row(alert) for alert in latest.values()])
    before: set[str] = set()
    for chunk in in_chunks(latest):
        of_these = _EVIDENCE.alert_id.in_(chunk)
        before.update(connection.scalars(select(_EVIDENCE.post_id).where(of_these)))
        connection.execute(delete(schema.alert_posts).where(of_these))
    evidence = [
        {"alert_id": alert.id, "position": position, "post_id": post_id}
        for alert in latest.values()
        for position, post_id in enumerate(alert.post_ids)
    ]
    if evidence:
        connection.execute(insert(schema.alert_posts), evidence)
    after = {post_id for alert in latest.values() for post_id in alert.post_ids}
    enqueue(connection, sorted(before | after))


def _load(connection: Connection, alert_id: str) -> Alert | None:
    rows = connection.execute(select(schema.alerts).where(_ALERTS.id == alert_id)).all()
    return next(iter(_read(connection, rows)), None)


def _read(connection: Connection, rows: Sequence[Row[Any]]) -> list[Alert]:
    evidence: dict[str, list[str]] = {row.id: [] for row in rows}
    for chunk in in_chunks(evidence):
        query = select(_EVIDENCE.alert_id, _EVIDENCE.post_id).where(_EVIDENCE.alert_id.in_(chunk))
        for item in connection.execute(query.order_by(_EVIDENCE.alert_id, _EVIDENCE.position)):
            evidence[item.alert_id].append(item.post_id)
    return [_alert(row, evidence[row.id]) for row in rows]


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "rule": alert.rule,
        "labels": dict(alert.labels),
        "severity": alert.severity,
        "state": alert.state.value,
        "fired_at": alert.fired_at,
        "updated_at": alert.updated_at,
        "value": alert.value,
        "expected": alert.expected,
        "explanation": alert.explanation,
        "problem_ids": list(alert.problem_ids),
        "raised_at": alert.raised_at,
        "raised_value": alert.raised_value,
        "assigned_to": alert.assigned_to,
        "verdict": alert.verdict and alert.verdict.value,
        "settled_at": alert.settled_at,
    }


def _alert(row: Row[Any], post_ids: Sequence[str]) -> Alert:
    values = dict(row._mapping)
    values["state"] = AlertState(row.state)
    values["verdict"] = row.verdict and Verdict(row.verdict)
    values["problem_ids"] = tuple(row.problem_ids)
    return Alert(**values, post_ids=tuple(post_ids))
