"""Whom a rule would have woken: by night, outside quiet hours, once a night and channel."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts.backtest import TriedAlert
from alerts.nights import Woken, woken_by
from alerts.notifications import Notifications, load_notifications
from records.times import DEFAULT_ZONE
from tests.alerts.samples import HOUR, alert, rule

RECEIVERS = """\
receivers: {default: "json://h/t", 值班: "json://h/u"}
route:
  receiver: default
  routes:
  - {matchers: [severity=1], receiver: 值班, continue: true}
  - {matchers: [severity=~.*], receiver: default, mute_time_intervals: 夜间}
time_intervals: {夜间: [{start_time: "23:00", end_time: "06:00"}]}
"""


def tried(*hours: tuple[int, int], severity: int = 3) -> TriedAlert:
    """Return an alert that spoke on these days of March at these hours."""
    moments = tuple(datetime(2026, 3, day, hour, 30, tzinfo=DEFAULT_ZONE) for day, hour in hours)
    return TriedAlert(
        alert=alert(severity=severity), raised=moments, held_until=moments[-1], post_ids=frozenset()
    )


def woken(
    *alerts: TriedAlert, policy: Notifications, every: timedelta = HOUR, **stated: object
) -> Woken | None:
    one = rule("frequency", query_key="place", num_events=2, **stated)
    return woken_by(one, alerts, policy, every=every, zone=DEFAULT_ZONE)


@pytest.fixture
def policy(tmp_path: Path) -> Notifications:
    path = tmp_path / "receivers.yaml"
    path.write_text(RECEIVERS, encoding="utf-8")
    return load_notifications(path, {})


@pytest.mark.parametrize(
    ("hours", "nights"),
    [
        (((5, 21), (5, 7), (5, 12)), 0),
        (((5, 22),), 1),
        (((5, 22), (6, 0), (6, 6)), 1),
        (((5, 2), (5, 23)), 2),
    ],
)
def test_a_night_is_counted_once_though_it_goes_past_midnight(
    hours: tuple[tuple[int, int], ...], nights: int
) -> None:
    assert woken(tried(*hours), policy=Notifications()) == Woken(nights=nights, channels=nights)


def test_quiet_hours_wake_nobody_and_each_channel_is_counted(policy: Notifications) -> None:
    asleep = tried((5, 2))
    assert woken(asleep, policy=policy) == Woken(nights=0, channels=0)
    assert woken(tried((5, 22)), policy=policy) == Woken(nights=1, channels=1)
    assert woken(tried((5, 22), (6, 2), severity=1), policy=policy) == Woken(nights=1, channels=2)


def test_a_rule_that_names_its_receivers_goes_there(policy: Notifications) -> None:
    assert woken(tried((5, 2)), policy=policy, receivers=["值班"]) == Woken(nights=1, channels=1)


def test_looks_that_are_far_apart_tell_no_hour() -> None:
    assert woken(tried((5, 22)), policy=Notifications(), every=2 * HOUR) is None
