"""Put into the ledger what is to be told now: of alerts, and of silences that are over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from alerts.lifecycle import MOST_ALERTS, UNRESOLVED
from alerts.matchers import parse_matcher
from alerts.messages import Entry
from alerts.notifications import Notifications
from alerts.planning import Situation, held_back, message_key, new_delivery, notice_of, plan, worded
from alerts.routing import Destination, destinations
from alerts.rules import RuleSet
from alerts.silences import held_during
from alerts.telling import Way, ways
from alerts.words import ACTORS
from records.alert import Alert, AlertState, Delivery, Notice, NoticeKind, Silence
from records.times import Period
from storage.database import Database

_RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What telling goes by. `console_url` is where the messages' link leads."""

    database: Database
    rules: RuleSet
    policy: Notifications
    zone: ZoneInfo
    console_url: str = ""


def announce(desk: Desk, *, now: datetime) -> int:
    """Return how many messages are new in the ledger. One process at a time."""
    database, look_again = desk.database, partial(situation_of, desk, now=now)
    situation, new = look_again(), 0
    for silence in situation.silences:
        if silence.ends_at <= now:
            new += _tell_end(database, silence, situation)
            situation = look_again()  # what it held was told by the word on its end
    new += _tell_resolved(database, situation)
    planned = plan(situation)
    if planned.deliveries:
        new += database.deliveries.enqueue(planned.deliveries, notices=planned.notices)
    return new


def told_of(alert: Alert, desk: Desk, *, now: datetime) -> list[Way]:
    """Return what came of the alert, resolved or not, on each channel that it goes to."""
    situation, told = situation_of(desk, now=now), desk.database.deliveries.notices(of=alert.id)
    own = {(one.channel, one.alert_id, one.kind): one for one in told}
    return ways(alert, replace(situation, notices={**situation.notices, **own}))


def situation_of(desk: Desk, *, now: datetime) -> Situation:
    """Return all that telling depends on, as it is now."""
    database = desk.database
    return Situation(
        standing=database.alerts.list(states=UNRESOLVED, limit=MOST_ALERTS),
        notices={(one.channel, one.alert_id, one.kind): one for one in database.deliveries.notices()},
        silences=database.silences.untold(),
        rules={rule.name: rule for rule in desk.rules.rules},
        policy=desk.policy,
        now=now,
        zone=desk.zone,
        console_url=desk.console_url,
    )


def _tell_resolved(database: Database, situation: Situation) -> int:
    """Tell the webhooks, which keep a state of their own, what is over; people look at the console."""
    webhooks = [name for name, receiver in situation.policy.receivers.items() if receiver.is_webhook]
    new = 0
    for channel, alert_ids in database.deliveries.unresolved_for(webhooks).items():
        alerts = [alert for one in alert_ids if (alert := database.alerts.get(one)) is not None]
        heading = f"【已解除】{len(alerts)}条预警"
        title, body = worded(heading, [Entry(alert=alert) for alert in alerts], channel, _RESOLVED, situation)
        said = (f"{alert.id} {alert.raised_at.isoformat()}" for alert in alerts)
        delivery = new_delivery(
            message_key(channel, _RESOLVED, *said), channel, alerts, title, body, now=situation.now
        )
        over = partial(notice_of, kind=NoticeKind.RESOLVED, group=_RESOLVED, now=situation.now)
        notices = [over(alert, channel, delivery.key) for alert in alerts]
        new += database.deliveries.enqueue([delivery], notices=notices)
    return new


def _tell_end(database: Database, silence: Silence, situation: Situation) -> int:
    """Say once, wherever its alerts would have been told, that the silence is over and what it held."""
    period = Period(start=silence.starts_at, end=silence.ends_at)
    held = held_during(silence, database.alerts.list(raised=period, limit=MOST_ALERTS))
    open_still = [
        alert for alert in held if alert.state is AlertState.ACTIVE and held_back(alert, situation) is None
    ]
    heard = [one for alert in held for one in situation.destinations(alert)]
    listening = {one.receiver: one for one in heard or _listening_to(silence, situation)}
    if any(one.is_quiet(situation.local) for one in listening.values()):
        return 0  # it waits for the morning
    deliveries: list[Delivery] = []
    notices: list[Notice] = []
    for channel in listening:
        theirs = [
            alert
            for alert in open_still
            if channel in {one.receiver for one in situation.destinations(alert)}
            and situation.told(channel, alert) is None
        ]
        delivery = _word(silence, held, theirs, channel, situation)
        deliveries.append(delivery)
        notices += [
            notice_of(alert, channel, delivery.key, group=_group_of(silence), now=situation.now)
            for alert in theirs
        ]
    return database.deliveries.enqueue(deliveries, notices=notices, ended=[silence.id], now=situation.now)


def _word(
    silence: Silence, held: Sequence[Alert], theirs: Sequence[Alert], channel: str, situation: Situation
) -> Delivery:
    who = ACTORS.get(silence.created_by, silence.created_by)
    begin, end = (at.astimezone(situation.zone) for at in (silence.starts_at, silence.ends_at))
    count = f"期间压下{len(held)}条预警，其中{len(theirs)}条仍待处理" if held else "期间没有压下预警"
    title, body = worded(
        f"【静默结束】{'、'.join(silence.matchers)}",
        [Entry(alert=alert) for alert in theirs],
        channel,
        _group_of(silence),
        situation,
        preface=f"{begin:%m-%d %H:%M}至{end:%m-%d %H:%M}，{who}：{silence.reason}。{count}。",
    )
    key = message_key(channel, _group_of(silence), silence.ends_at.isoformat())
    return new_delivery(key, channel, held, title, body, now=situation.now)


def _group_of(silence: Silence) -> str:
    return f"silence={silence.id}"


def _listening_to(silence: Silence, situation: Situation) -> list[Destination]:
    """Return where alerts with the labels that the silence fixes would go."""
    matchers = map(parse_matcher, silence.matchers)
    fixed = {matcher.label: matcher.value for matcher in matchers if matcher.operator == "="}
    found = destinations(situation.policy.route, fixed, situation.policy.time_intervals)
    return [one for one in found if one.receiver in situation.policy.receivers]
