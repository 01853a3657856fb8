"""Whom a rule would have woken: what it would have said by night, outside the quiet hours of its channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from alerts.backtest import TriedAlert
from alerts.matchers import labels_of
from alerts.notifications import Notifications
from alerts.routing import destinations
from alerts.rule_types import Rule
from alerts.time_intervals import TimeSpan

NIGHT = TimeSpan.model_validate({"start_time": "22:00", "end_time": "07:00"})
# Looked at more seldom, the hour at which a rule speaks is that of the look.
LONGEST_STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """In how many nights anybody was, and how often a channel was told by night: once a night is one."""

    nights: int
    channels: int


def woken_by(
    rule: Rule, alerts: Sequence[TriedAlert], policy: Notifications, *, every: timedelta, zone: ZoneInfo
) -> Woken | None:
    """Return whom the alerts would have woken, by the channels of now; None where the looks tell no hour."""
    if every > LONGEST_STEP:
        return None
    own = rule.receivers if "receivers" in rule.model_fields_set else ()
    told = set()
    for one in alerts:
        where = destinations(policy.route, labels_of(one.alert), policy.time_intervals, receivers=own)
        for moment in one.raised:
            local = moment.astimezone(zone)
            if NIGHT.covers(local):
                night = (local - timedelta(hours=12)).date()
                told |= {(night, each.receiver) for each in where if not each.is_quiet(local)}
    return Woken(nights=len({night for night, _ in told}), channels=len(told))
