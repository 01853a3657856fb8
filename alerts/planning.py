"""What is to be told now, to whom and together with what: pure.

An alert is told once a channel, and again when it grew. What was told is noted with the message (Notice), in
one transaction: whatever is planned again after a crash is what was not told. An alert is not told while a
silence or another alert holds it, in the quiet hours of its route, or before its group's time has come.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from alerts.durations import chinese_duration
from alerts.inhibition import Inhibition
from alerts.matchers import labels_of
from alerts.messages import Entry, compose
from alerts.notifications import Notifications
from alerts.own_rules import OWN_RULES
from alerts.routing import Destination, destinations
from alerts.rule_types import BaseRule
from alerts.silences import silence_of
from alerts.webhook import payload
from records.alert import Alert, AlertState, Delivery, DeliveryState, Notice, NoticeKind, Silence

_WAITED = "waited"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that planning looks at. `standing` are the unresolved alerts, `notices` what is known of them."""

    standing: Sequence[Alert]
    notices: Mapping[tuple[str, str, NoticeKind], Notice]
    silences: Sequence[Silence]
    rules: Mapping[str, BaseRule]
    policy: Notifications
    now: datetime
    zone: ZoneInfo
    console_url: str = ""

    @property
    def local(self) -> datetime:
        return self.now.astimezone(self.zone)

    @cached_property
    def inhibition(self) -> Inhibition:
        """Return what holds what back."""
        return Inhibition(self.standing, self.policy.inhibit_rules)

    @cached_property
    def last_told(self) -> Mapping[tuple[str, str], datetime]:
        """Return when a channel last heard of a group."""
        last: dict[tuple[str, str], datetime] = {}
        for (channel, _, _), notice in self.notices.items():
            key = (channel, notice.group)
            last[key] = max(last.get(key, notice.told_at), notice.told_at)
        return last

    def told(self, channel: str, alert: Alert, kind: NoticeKind = NoticeKind.TOLD) -> Notice | None:
        """Return what the channel was told of the alert as it was last raised."""
        notice = self.notices.get((channel, alert.id, kind))
        return notice if notice is not None and notice.raised_at >= alert.raised_at else None

    def destinations(self, alert: Alert) -> list[Destination]:
        """Return where the alert goes, of those receivers that there are."""
        rule = self.rule(alert.rule)
        stated = rule.receivers if rule is not None and "receivers" in rule.model_fields_set else ()
        own = [name for name in stated if name in self.policy.receivers]
        found = destinations(self.policy.route, labels_of(alert), self.policy.time_intervals, receivers=own)
        return [one for one in found if one.receiver in self.policy.receivers]

    def rule(self, name: str) -> BaseRule | None:
        """Return the rule of that name, huiying's own among them; None where its file is gone or broken."""
        return self.rules.get(name) or OWN_RULES.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Messages for the ledger, and what the channels hear by them."""

    deliveries: tuple[Delivery, ...]
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One alert that is to be told to a channel, in the group `group`."""

    destination: Destination
    receiver: str
    group: tuple[str, ...]
    alert: Alert
    kind: NoticeKind = NoticeKind.TOLD
    after: timedelta | None = None


def plan(situation: Situation) -> Plan:
    """Return what is to be told now, one message a channel and group."""
    groups: dict[tuple[str, tuple[str, ...]], list[_Said]] = {}
    for alert in situation.standing:
        if alert.state is AlertState.ACTIVE and held_back(alert, situation) is None:
            for said in _to_say(alert, situation):
                groups.setdefault((said.receiver, said.group), []).append(said)
    made = [_message(members, situation) for members in groups.values() if _is_due(members, situation)]
    return Plan(
        deliveries=tuple(delivery for delivery, _ in made),
        notices=tuple(notice for _, notices in made for notice in notices),
    )


def held_back(alert: Alert, situation: Situation) -> str | None:
    """Return in Chinese why the alert is told nowhere: a silence, or another alert from which it follows."""
    silence = silence_of(alert, situation.silences, now=situation.now)
    if silence is not None:
        until = silence.ends_at.astimezone(situation.zone)
        return f"静默 {silence.id} 压下，到{until:%m-%d %H:%M}为止：{silence.reason}"
    source = situation.inhibition.source_of(alert)
    if source is not None:
        return f"被预警 {source.id}（{source.rule}）抑制，它解除之后再告知"
    return None


def _to_say(alert: Alert, situation: Situation) -> list[_Said]:
    said = []
    for destination in situation.destinations(alert):
        if destination.is_quiet(situation.local):
            continue
        told = situation.told(destination.receiver, alert)
        repeat = destination.repeat_interval
        if told is None or (repeat is not None and situation.now - told.told_at >= repeat):
            group = _group(alert, destination, situation)
            said.append(
                _Said(destination=destination, receiver=destination.receiver, group=group, alert=alert)
            )
            continue
        said += [
            _Said(
                destination=destination, receiver=step.receiver, alert=alert, after=step.after,
                group=("escalated", destination.receiver, *_group(alert, destination, situation)),
                kind=NoticeKind.ESCALATED,
            )
            for step in destination.escalation
            if situation.now - told.told_at >= step.after
            and situation.told(step.receiver, alert, NoticeKind.ESCALATED) is None
        ]  # fmt: skip
    return said


def _group(alert: Alert, destination: Destination, situation: Situation) -> tuple[str, ...]:
    if destination.is_quiet(alert.raised_at.astimezone(situation.zone)):
        return (_WAITED,)
    labels = labels_of(alert)
    if destination.group_by is not None:
        return tuple(f"{name}={labels.get(name, '')}" for name in destination.group_by)
    rule = situation.rule(alert.rule)
    own = rule.group_by if rule is not None else ()
    return (f"rule={alert.rule}", *(f"{name}={labels.get(name, '')}" for name in own))


def _is_due(members: Sequence[_Said], situation: Situation) -> bool:
    first = members[0]
    if first.kind is NoticeKind.ESCALATED or first.group == (_WAITED,):
        return True
    told = situation.last_told.get((first.receiver, "\n".join(first.group)))
    if told is not None:
        return situation.now - told >= first.destination.group_interval
    oldest = min(said.alert.raised_at for said in members)
    return situation.now - oldest >= first.destination.group_wait


def _message(members: Sequence[_Said], situation: Situation) -> tuple[Delivery, list[Notice]]:
    first = members[0]
    members = sorted(members, key=lambda said: (said.alert.severity, -said.alert.value, said.alert.id))
    alerts = [said.alert for said in members]
    entries = [
        Entry(alert=alert, before=situation.notices.get((first.receiver, alert.id, NoticeKind.TOLD)))
        for alert in alerts
    ]
    group = "\n".join(first.group)
    title, body = worded(_heading(first, alerts, situation), entries, first.receiver, group, situation)
    said_before = max((entry.before.told_at.isoformat() for entry in entries if entry.before), default="")
    key = message_key(
        first.receiver, first.kind, group, said_before, *(f"{a.id} {a.raised_at.isoformat()}" for a in alerts)
    )
    return new_delivery(key, first.receiver, alerts, title, body, now=situation.now), [
        notice_of(alert, first.receiver, key, group=group, now=situation.now, kind=first.kind)
        for alert in alerts
    ]


def _heading(first: _Said, alerts: Sequence[Alert], situation: Situation) -> str:
    count = f"{len(alerts)}条预警" if len(alerts) > 1 else ""
    if first.after is not None:
        return f"【{chinese_duration(first.after)}无人确认】{count or '1条预警'}"
    if first.group == (_WAITED,):
        return f"【免打扰时段】{len(alerts)}条预警"
    names = {alert.rule for alert in alerts}
    if len(names) > 1:
        stated = [value for part in first.group if (value := part.partition("=")[2])]
        return f"【{'·'.join(stated) or '预警'}】{count}"
    rule = situation.rule(alerts[0].rule)
    return f"【{rule.title if rule is not None else alerts[0].rule}】{count}"


def worded(
    heading: str,
    entries: Sequence[Entry],
    channel: str,
    group: str,
    situation: Situation,
    *,
    preface: str = "",
) -> tuple[str, str]:
    """Return title and body as the channel wants them: to be read, or a webhook's JSON."""
    policy, alerts = situation.policy, [entry.alert for entry in entries]
    receiver = policy.receivers[channel]
    if receiver.is_webhook:
        summary = f"{heading}{preface}"
        return heading, payload(channel, group, alerts, summary=summary, console_url=situation.console_url)
    other = policy.receivers.get(receiver.fallback or "", receiver)
    return compose(
        heading,
        entries,
        # It may come to go to the other channel.
        limit=min(receiver.limit, other.limit),
        template=receiver.template,
        preface=preface,
        owner=_owner(alerts, situation),
        link=_link(alerts, situation.console_url),
    )


def _owner(alerts: Sequence[Alert], situation: Situation) -> str:
    rules = [situation.rule(name) for name in dict.fromkeys(alert.rule for alert in alerts)]
    return "、".join(dict.fromkeys(rule.owner for rule in rules if rule is not None and rule.owner))


def _link(alerts: Sequence[Alert], console_url: str) -> str:
    if not console_url:
        return ""
    return f"{console_url.rstrip('/')}/{f'alerts/{alerts[0].id}' if len(alerts) == 1 else 'alerts'}"


def message_key(*parts: str) -> str:
    """Return the ledger's key of what these parts say; the same parts, the same message."""
    return "d" + hashlib.sha256("\n\n".join(parts).encode()).hexdigest()[:20]


def new_delivery(
    key: str, channel: str, alerts: Sequence[Alert], title: str, body: str, *, now: datetime
) -> Delivery:
    """Return a message for the ledger, due now."""
    return Delivery(
        key=key,
        channel=channel,
        alert_ids=tuple(alert.id for alert in alerts),
        title=title,
        body=body,
        state=DeliveryState.PENDING,
        attempts=0,
        created_at=now,
        next_attempt_at=now,
    )


def notice_of(
    alert: Alert, channel: str, key: str, *, group: str, now: datetime, kind: NoticeKind = NoticeKind.TOLD
) -> Notice:
    """Return what the channel hears of the alert by the message `key`."""
    return Notice(
        channel=channel,
        alert_id=alert.id,
        kind=kind,
        raised_at=alert.raised_at,
        value=alert.value,
        told_at=now,
        group=group,
        delivery_key=key,
    )
