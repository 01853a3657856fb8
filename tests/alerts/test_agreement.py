"""Precision and recall of a version against what people found the rule's alerts to be."""

from __future__ import annotations

import pytest

from alerts.agreement import Agreement, agreement, judged_alerts
from alerts.backtest import TriedAlert
from records.alert import Alert, Verdict
from records.times import Period
from tests.alerts.conftest import Town
from tests.alerts.samples import DAY, NOW, alert


def judged(number: int, verdict: Verdict | None, *posts: str) -> Alert:
    """Return an alert of its own place, `number` days before now."""
    at = NOW - number * DAY
    return alert(number, fired_at=at, updated_at=at, raised_at=at, post_ids=posts, verdict=verdict)


def tried(*alerts: Alert) -> list[TriedAlert]:
    return [
        TriedAlert(
            alert=one, raised=(one.fired_at,), held_until=one.updated_at, post_ids=frozenset(one.post_ids)
        )
        for one in alerts
    ]


REAL = judged(1, Verdict.REAL, "m/1")
MISSED = judged(2, Verdict.REAL, "m/2")
KNOWN = judged(3, Verdict.KNOWN, "m/3")
NOISE = judged(4, Verdict.NOISE, "m/4")
NEVER_JUDGED = judged(9, None, "m/9")


def test_what_people_found_right_and_what_they_found_noise_are_counted_apart() -> None:
    found = agreement(tried(REAL, KNOWN, NOISE, NEVER_JUDGED), [REAL, MISSED, KNOWN, NOISE])
    assert found == Agreement(right=3, right_given=2, noise_given=1, unjudged=1)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)


def test_what_nothing_can_be_said_of_has_no_share() -> None:
    assert agreement([], [REAL]).precision is None
    assert agreement([], [REAL]).recall == 0
    assert agreement(tried(NOISE), [NOISE]).recall is None


def test_only_judged_alerts_of_the_rule_and_the_period_are_asked_for(town: Town) -> None:
    other = alert(5, rule="另一条", fired_at=NOW - DAY, verdict=Verdict.REAL)
    town.database.alerts.save([REAL, MISSED, NEVER_JUDGED, other])
    week = Period(start=NOW - 1.5 * DAY, end=NOW)
    assert judged_alerts(town.database, REAL.rule, week) == [REAL]
