"""Alerts that speak at one moment, grouped into one message a group: pure.

A message's key is a function of channel, rule, group and the moment its alerts began to speak, which is
stored before: whatever is planned again after a crash has the same key, and the ledger passes it over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from alerts.lifecycle import Generation
from alerts.rule_types import Rule
from records.alert import Alert, AlertState, Delivery, DeliveryState

# WeCom's text message takes 2,048 bytes, the least of the usual services; the title has its share.
BODY_BYTES = 1600
# What a crash kept from being enqueued is planned again for this long.
PLANNED_FOR = timedelta(days=1)


def plan(
    rule: Rule,
    alerts: Sequence[Alert],
    generations: Mapping[str, Generation],
    *,
    now: datetime,
    channels: Collection[str],
    console_url: str = "",
) -> list[Delivery]:
    """Return the messages that the rule's active alerts call for, one a group and channel."""

    def key(alert: Alert) -> tuple[datetime, tuple[str, ...]]:
        return generations[alert.id].since, tuple(alert.labels.get(label, "") for label in rule.group_by)

    speaking = [
        alert
        for alert in alerts
        if alert.state is AlertState.ACTIVE
        and alert.id in generations
        and now - generations[alert.id].since <= PLANNED_FOR
    ]
    planned = []
    for (since, group), members in groupby(sorted(speaking, key=key), key=key):
        batch = sorted(members, key=lambda alert: (alert.severity, -alert.value, alert.id))
        title, body = compose(rule, batch, console_url=console_url)
        planned += [
            Delivery(
                key=delivery_key(channel, rule.name, group, since),
                channel=channel,
                alert_ids=tuple(alert.id for alert in batch),
                title=title,
                body=body,
                state=DeliveryState.PENDING,
                attempts=0,
                created_at=now,
                next_attempt_at=now,
            )
            for channel in rule.receivers
            if channel in channels
        ]
    return planned


def delivery_key(channel: str, rule: str, group: Sequence[str], since: datetime) -> str:
    """Return the ledger's key: one message per channel, rule, group and moment."""
    parts = [channel, rule, *group, since.isoformat()]
    return "d" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


def compose(rule: Rule, alerts: Sequence[Alert], *, console_url: str = "") -> tuple[str, str]:
    """Return title and body. Past BODY_BYTES the rest is counted, with the link; no sentence is cut."""
    title = f"【{rule.title}】{len(alerts)}条预警" if len(alerts) > 1 else f"【{rule.title}】"
    tail = [f"责任单位：{rule.owner}"] if rule.owner else []
    if console_url:
        address = f"alerts/{alerts[0].id}" if len(alerts) == 1 else "alerts"
        tail.append(f"查看：{console_url.rstrip('/')}/{address}")
    lines = [f"{number}. {alert.explanation}" for number, alert in enumerate(alerts, start=1)]
    if len(alerts) == 1:
        lines = [alerts[0].explanation]
    for shown in range(len(lines), 0, -1):
        more = [f"……等{len(lines)}条，其余见控制台。"] if shown < len(lines) else []
        body = "\n".join([*lines[:shown], *more, *tail])
        if len(body.encode()) <= BODY_BYTES:
            return title, body
    return title, "\n".join([f"共{len(lines)}条，详见控制台。", *tail])
