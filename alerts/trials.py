"""One or two versions of a rule tried out on the same past."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from alerts.agreement import Agreement, agreement, judged_alerts
from alerts.backtest import Past, TriedAlert, backtest, check_can_be_tried, compare, moments, usual_step
from alerts.rule_types import Rule
from records.alert import Alert
from records.times import Period

# How alerts of two versions are told apart: in both, in the present one only, in the edited one only.
BOTH, GONE, NEW = PARTS = ("both", "gone", "new")
# Of one version there is nothing to tell apart.
ALONE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What one version would have said, or the present one and an edited one, looking `every` so often.

    `judged` are the rule's own alerts of the period that a person judged.
    """

    versions: Sequence[Rule]
    period: Period
    every: timedelta
    alerts: Sequence[Sequence[TriedAlert]]
    judged: Sequence[Alert] = ()

    @property
    def agreements(self) -> list[Agreement]:
        """Return for each version how it agrees with people; empty where they judged nothing."""
        return [agreement(alerts, self.judged) for alerts in self.alerts] if self.judged else []

    @property
    def parts(self) -> dict[str, Sequence[TriedAlert]]:
        """Return the alerts by part: one of PARTS, or ALONE."""
        if len(self.alerts) == 1:
            return {ALONE: self.alerts[0]}
        compared = compare(*self.alerts)
        return {BOTH: compared.both, GONE: compared.only_first, NEW: compared.only_second}


def step_of(versions: Sequence[Rule], *, stated: timedelta | None = None) -> timedelta:
    """Return how often to look. Raises ConfigurationError where a version cannot be tried so."""
    every = stated or min(usual_step(rule) for rule in versions)
    for rule in versions:
        check_can_be_tried(rule, every=every)
    return every


def try_out(
    versions: Sequence[Rule],
    past: Past,
    period: Period,
    *,
    every: timedelta,
    progress: Callable[[int], None] = lambda done: None,
) -> Trial:
    """Return what one or two versions would have said. `progress` is told of each look of each version."""
    at = moments(period, every=every)
    alerts = [backtest(rule, past, at, progress=progress) for rule in versions]
    judged = judged_alerts(past.database, versions[0].name, period)
    return Trial(versions=versions, period=period, every=every, alerts=alerts, judged=judged)
