"""The life of an alert: pure. Findings meet the alerts that are there; updates instead of repeats.

- A finding with the labels of an unresolved alert updates it (value, sentence, posts), and says nothing anew.
- It *grows* when its value has at least doubled, by two or more, since it last spoke, and `realert` is past:
  then it speaks again, and an acknowledged alert is active again. Short of that, acknowledged stays so.
  What has fallen below its expectation does not grow.
- An alert whose condition was not seen to hold for `keep_firing_for` is resolved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.facts import Finding
from alerts.rule_types import Rule
from records.alert import Alert, AlertState, alert_id

GROWTH_FACTOR = 2.0
GROWTH_LEAST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """When an alert last had something new to say, and the value it had then."""

    since: datetime
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What one run of a rule does to its alerts. `alerts` are to be saved; the tuples hold alert ids."""

    alerts: tuple[Alert, ...]
    generations: Mapping[str, Generation]
    new: tuple[str, ...]
    grown: tuple[str, ...]
    held: tuple[str, ...]
    resolved: tuple[str, ...]


def reconcile(
    rule: Rule,
    findings: Sequence[Finding],
    existing: Sequence[Alert],
    generations: Mapping[str, Generation],
    now: datetime,
) -> Changes:
    """Return the alerts to save. `existing` are the rule's unresolved alerts, `generations` by alert id."""
    unmatched = {_identity(rule, alert.labels): alert for alert in existing}
    kept: dict[str, Generation] = {}
    saved: list[Alert] = []
    new: list[str] = []
    grown: list[str] = []
    held: list[str] = []
    for finding in findings:
        alert = unmatched.pop(_identity(rule, finding.labels), None)
        if alert is None:
            alert = _fire(rule, finding, now)
            kept[alert.id] = Generation(since=now, value=finding.value)
            new.append(alert.id)
        else:
            before = generations.get(alert.id) or Generation(since=alert.fired_at, value=alert.value)
            grows = _grows(rule, before, finding, now)
            kept[alert.id] = Generation(since=now, value=finding.value) if grows else before
            (grown if grows else held).append(alert.id)
            updated = _update(rule, alert, finding, now, state=AlertState.ACTIVE if grows else alert.state)
            if not _worth_saving(rule, alert, updated):
                continue
            alert = updated
        saved.append(alert)
    resolved = [alert for alert in unmatched.values() if now - alert.updated_at >= rule.keep_firing_for]
    saved += [replace(alert, state=AlertState.RESOLVED, updated_at=now) for alert in resolved]
    gone = {alert.id for alert in resolved}
    kept |= {a.id: generations[a.id] for a in unmatched.values() if a.id in generations and a.id not in gone}
    return Changes(
        alerts=tuple(saved),
        generations=kept,
        new=tuple(new),
        grown=tuple(grown),
        held=tuple(held),
        resolved=tuple(alert.id for alert in resolved),
    )


def _worth_saving(rule: Rule, before: Alert, after: Alert) -> bool:
    """Saving puts the alert's posts up for indexing again; that it still holds is noted a few times a day."""
    noted = after.updated_at - before.updated_at >= rule.keep_firing_for / 4
    return noted or replace(after, updated_at=before.updated_at) != before


def _identity(rule: Rule, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(field, "") for field in rule.identity)


def _grows(rule: Rule, before: Generation, finding: Finding, now: datetime) -> bool:
    value = finding.value
    if finding.expected is not None and value < finding.expected:
        return False  # too little was found: more of it is better, not worse
    large = value >= GROWTH_FACTOR * before.value and value - before.value >= GROWTH_LEAST
    return large and now - before.since >= rule.realert


def _fire(rule: Rule, finding: Finding, now: datetime) -> Alert:
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
        problem_ids=finding.problem_ids,
        post_ids=finding.post_ids,
    )


def _update(rule: Rule, alert: Alert, finding: Finding, now: datetime, *, state: AlertState) -> Alert:
    """Labels stay as they were when it fired, so that its group stays."""
    return replace(
        alert,
        severity=rule.severity,
        state=state,
        updated_at=now,
        value=finding.value,
        expected=finding.expected,
        explanation=finding.explanation,
        problem_ids=finding.problem_ids,
        post_ids=finding.post_ids,
    )
