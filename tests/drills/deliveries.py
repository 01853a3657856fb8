"""Two schedulers that deliver, killed with -9, to a receiver on its bad days."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from datetime import datetime, timedelta

from app.tasks import deliver_pending
from app.wiring import Parts
from records.alert import Alert, AlertState, DeliveryState, alert_id
from records.times import utc_now
from tests.alerts.receiver import Receiver, receiving
from tests.drills.results import Result
from tests.drills.site import Running, Site, wait_until

# One of the shipped rules: what a rule that is not there had to say is taken back.
RULE = "紧急诉求"
ALERTS = 30
SCHEDULERS = 2
# How long the two deliver before they are killed: some thirty messages take about a second.
DELIVERING_S = 1.0
# More often well than ill, so that nothing is ill at all of its tries.
MOODS = ("ok", "ok", "ok", "ok", "late", "error", "refused", "hang", "drop")
ARRIVING = ("ok", "late", "hang", "drop")
# Longer than any wait before another try; clocks that run ahead spare the drill the waits.
AHEAD = timedelta(hours=7)
MOST_TURNS = 60
OPEN = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.FAILED)
SCHEDULER = f"""
from datetime import timedelta
from app.settings import load_settings
from app.tasks import deliver_pending
from app.wiring import open_parts
from records.times import utc_now
with open_parts(load_settings()) as parts:
    print("ready", flush=True)
    for turn in range({MOST_TURNS}):
        deliver_pending(parts, now=utc_now() + turn * timedelta(hours=7))
"""


def delivered_once(site: Site, dice: random.Random, rounds: int, *, n_alerts: int = ALERTS) -> Result:
    """Kill both while they deliver; each message arrives once, or is shown as one whose fate is unknown."""
    result = Result(drill="kill -9 of two that deliver", way=site.way)
    alerts: list[Alert] = []
    with receiving() as receiver, site.open() as parts:
        receiver.moods = (dice.choice(MOODS) for _ in iter(int, 1))
        _set_up(parts, receiver)
        for number in range(rounds):
            fresh = [_alert(number, place) for place in range(n_alerts)]
            parts.database.alerts.save(fresh)
            alerts += fresh
            _deliver_and_die(site, dice, result)
            _settle(parts)
            result.rounds += 1
        _judge(result, parts, receiver, alerts)
    return result


def _set_up(parts: Parts, receiver: Receiver) -> None:
    parts.settings.receivers_file.write_text(
        f'receivers:\n  群: "{receiver.url}"\nroute: {{receiver: 群, group_by: [place]}}\n', encoding="utf-8"
    )


def _alert(number: int, place: int) -> Alert:
    now, labels = utc_now(), {"place": f"{number}-{place}区"}
    return Alert(
        id=alert_id(RULE, labels, now), rule=RULE, labels=labels, severity=3, state=AlertState.ACTIVE,
        fired_at=now, updated_at=now, value=5, expected=1, explanation=f"{labels['place']}：5件。",
        raised_at=now, raised_value=5,
    )  # fmt: skip


def _deliver_and_die(site: Site, dice: random.Random, result: Result) -> None:
    both = [site.start_program([sys.executable, "-c", SCHEDULER]) for _ in range(SCHEDULERS)]
    result.expect(all(map(_is_ready, both)), "a scheduler did not start")
    for process in both:
        time.sleep(dice.uniform(0, DELIVERING_S))
        ended = process.kill()
        result.expect(ended.code <= 0, f"it ended by itself: {ended.err}")


def _settle(parts: Parts) -> None:
    """Deliver what is left, as the next scheduler does."""
    start: datetime = utc_now() + MOST_TURNS * AHEAD
    for turn in range(MOST_TURNS):
        deliver_pending(parts, now=start + turn * AHEAD)
        if not parts.database.deliveries.list(states=OPEN):
            return


def _judge(result: Result, parts: Parts, receiver: Receiver, alerts: list[Alert]) -> None:
    arrived = Counter(
        str(body["message"]).partition("：")[0]
        for body, mood in zip(receiver.got, receiver.met, strict=True)
        if mood in ARRIVING
    )
    ids = {alert.id for alert in alerts}
    # Others tell that the channel itself fails.
    messages = [
        message
        for message in parts.database.deliveries.list(limit=2 * len(alerts))
        if not ids.isdisjoint(message.alert_ids)
    ]
    by_alert = {message.alert_ids: message.state for message in messages}
    states = Counter(str(state) for state in by_alert.values())
    result.acknowledged = len(alerts)
    for alert in alerts:
        state, times = by_alert.get((alert.id,)), arrived[alert.labels["place"]]
        known = times == 1 if state is DeliveryState.SENT else state is DeliveryState.UNCONFIRMED
        result.lost += not known
        result.double += times > 1
    result.expect(len(messages) == len(alerts), f"{len(messages)} messages for {len(alerts)} alerts")
    cut_off = sum("process ended" in (message.error or "") for message in messages)
    result.notes.append(
        f"the receiver was {_counted(Counter(receiver.met))}; in the ledger {_counted(states)}, "
        f"{cut_off} of them cut off by a kill"
    )


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _is_ready(process: Running) -> bool:
    return wait_until(lambda: process.is_over or bool(process.said())) and not process.is_over
