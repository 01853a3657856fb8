"""The life of an alert: pure. Findings meet the alerts that are there; updates instead of repeats.

- A finding with the labels of an unresolved alert updates it (value, sentence, posts), and says nothing anew.
- It *grows* when its value has at least doubled, by two or more, since it was last raised, and `realert` is
  past: then it is raised again, and an acknowledged or assigned alert is active again. What has fallen below
  its expectation does not grow.
- What a person resolved stays resolved while its condition holds, unless it grows.
- An alert whose condition was not seen to hold for `keep_firing_for` is resolved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.facts import Finding
from alerts.rule_types import BaseRule
from records.alert import Alert, AlertState, alert_id

UNRESOLVED = (AlertState.ACTIVE, AlertState.ACKNOWLEDGED, AlertState.ASSIGNED)
# More unresolved alerts than this and the rules are wrong, not the town.
MOST_ALERTS = 10_000
GROWTH_FACTOR = 2.0
GROWTH_LEAST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What one run of a rule does to its alerts. `alerts` are to be saved; the tuples hold alert ids."""

    alerts: tuple[Alert, ...]
    new: tuple[str, ...]
    grown: tuple[str, ...]
    held: tuple[str, ...]
    resolved: tuple[str, ...]


def reconcile(
    rule: BaseRule, findings: Sequence[Finding], existing: Sequence[Alert], now: datetime
) -> Changes:
    """Return the alerts to save. `existing` are the rule's unresolved alerts and those people settled."""
    open_last = sorted(existing, key=lambda alert: alert.state is not AlertState.RESOLVED)
    unmatched = {rule.key_of(alert.labels): alert for alert in open_last}
    saved: list[Alert] = []
    new: list[str] = []
    grown: list[str] = []
    held: list[str] = []
    for finding in findings:
        alert = unmatched.pop(rule.key_of(finding.labels), None)
        if alert is None:
            alert = _fire(rule, finding, now)
            new.append(alert.id)
        else:
            grows = _grows(rule, alert, finding, now)
            (grown if grows else held).append(alert.id)
            updated = _update(rule, alert, finding, now)
            if grows:
                updated = _raise_again(updated)
            if not _worth_saving(rule, alert, updated):
                continue
            alert = updated
        saved.append(alert)
    resolved = [
        alert
        for alert in unmatched.values()
        if alert.state is not AlertState.RESOLVED and now - alert.updated_at >= rule.keep_firing_for
    ]
    saved += [replace(alert, state=AlertState.RESOLVED, updated_at=now) for alert in resolved]
    return Changes(
        alerts=tuple(saved),
        new=tuple(new),
        grown=tuple(grown),
        held=tuple(held),
        resolved=tuple(alert.id for alert in resolved),
    )


def _worth_saving(rule: BaseRule, before: Alert, after: Alert) -> bool:
    """Saving puts the alert's posts up for indexing again; that it still holds is noted a few times a day."""
    noted = after.updated_at - before.updated_at >= rule.keep_firing_for / 4
    return noted or replace(after, updated_at=before.updated_at) != before


def _grows(rule: BaseRule, alert: Alert, finding: Finding, now: datetime) -> bool:
    value, before = finding.value, alert.raised_value
    if finding.expected is not None and value < finding.expected:
        return False  # too little was found: more of it is better, not worse
    large = value >= GROWTH_FACTOR * before and value - before >= GROWTH_LEAST
    return large and now - alert.raised_at >= rule.realert


def _fire(rule: BaseRule, finding: Finding, now: datetime) -> Alert:
    return Alert(
        id=alert_id(rule.name, finding.labels, now),
        rule=rule.name,
        labels=dict(finding.labels),
        severity=rule.severity,
        state=AlertState.ACTIVE,
        fired_at=now,
        updated_at=now,
        value=finding.value,
        expected=finding.expected,
        explanation=finding.explanation,
        raised_at=now,
        raised_value=finding.value,
        problem_ids=finding.problem_ids,
        post_ids=finding.post_ids,
    )


def _update(rule: BaseRule, alert: Alert, finding: Finding, now: datetime) -> Alert:
    """Labels stay as they were when it fired, so that its group stays."""
    return replace(
        alert,
        severity=rule.severity,
        updated_at=now,
        value=finding.value,
        expected=finding.expected,
        explanation=finding.explanation,
        problem_ids=finding.problem_ids,
        post_ids=finding.post_ids,
    )


def _raise_again(alert: Alert) -> Alert:
    return replace(
        alert,
        state=AlertState.ACTIVE,
        settled_at=None,
        raised_at=alert.updated_at,
        raised_value=alert.value,
    )
