"""What a rule would have done over a past period: the live code, moment by moment; nothing stored or sent.

At each moment the rule sees the reports asked and the answers given before it (alerts.past), so a report
that was gathered late counts when it was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage
from alerts.deadlines import Deadlines
from alerts.lifecycle import reconcile
from alerts.looking import LATEST, SETTLING, is_late, look
from alerts.one_pass import OnePass
from alerts.past import Clock, Gathered, PastTruth
from alerts.reading import Sight
from alerts.rule_types import DAY, Rule, SourceSilentRule
from records.alert import Alert, AlertState
from records.errors import ConfigurationError
from records.problem import DueAt
from records.times import Period
from storage.database import Database
from storage.search import SearchIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedAlert:
    """An alert that the rule would have given, as it fired.

    `raised`: when it would have spoken, first and again as it grew. `held_until`: when its condition was last
    seen to hold. `post_ids`: all the reports that it ever rested on.
    """

    alert: Alert
    raised: tuple[datetime, ...]
    held_until: datetime
    post_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is tried on: the truth, and its index, whose relative dates count from `clock`."""

    database: Database
    index: SearchIndex
    clock: Clock
    coverage: Coverage
    deadlines: Deadlines
    due_at: DueAt
    zone: ZoneInfo

    def sight(self, gathered: Gathered, *, every: timedelta, until: datetime) -> Sight:
        """Return what a rule sees that is run `every` so often up to `until`, always as of the clock."""
        return Sight(
            truth=PastTruth(self.database, gathered, due_at=self.due_at),
            index=OnePass(self.index, gathered, every=every, until=until),
            zone=self.zone,
            deadlines=self.deadlines,
            coverage=self.coverage,
        )


def moments(period: Period, *, every: timedelta) -> list[datetime]:
    """Return the ends of the spans of length `every` that make up the period, in order."""
    first, last = period.start.astimezone(UTC), period.end.astimezone(UTC)
    return [first + n * every for n in range(1, (last - first) // every + 1)]


def check_can_be_tried(rule: Rule, *, every: timedelta) -> None:
    """Raise ConfigurationError where a backtest of the rule could not say what it would have done."""
    if isinstance(rule, SourceSilentRule):
        raise ConfigurationError(
            f'rule "{rule.name}": looks at crawls, not at messages; a backtest has no past crawls to look at'
        )
    if rule.timeframe < every:
        raise ConfigurationError(
            f'rule "{rule.name}": its timeframe is shorter than the time between two looks; reports in '
            "between would not be seen (name a shorter --every)"
        )


def backtest(
    rule: Rule,
    past: Past,
    at: Sequence[datetime],
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> list[TriedAlert]:
    """Return the alerts of the rule, run at the moments `at` (in order, evenly apart), oldest first.

    `progress` is told of each moment. Raises ConfigurationError where `check_can_be_tried` does.
    """
    every = at[1] - at[0] if len(at) > 1 else timedelta(0)
    check_can_be_tried(rule, every=every)
    if not at:
        return []
    gathered = _gathered(rule, past, Period(start=at[0] - every, end=at[-1]))
    sight = past.sight(gathered, every=every, until=at[-1])
    standing: dict[str, Alert] = {}
    tried: dict[str, TriedAlert] = {}
    last: dict[str, Alert] = {}
    for now in at:
        past.clock.now = now
        arrivals = gathered.between(now - every - SETTLING, now)
        findings = look(rule, sight, now=now, arrivals=arrivals, told=last.values)
        changes = reconcile(rule, findings, list(standing.values()), now)
        standing |= {alert.id: alert for alert in changes.alerts}
        last |= standing
        for alert_id in (*changes.new, *changes.grown, *changes.held):
            told = alert_id not in changes.held
            tried[alert_id] = _held(tried.get(alert_id), standing[alert_id], now, told=told)
        standing = {key: one for key, one in standing.items() if one.state is not AlertState.RESOLVED}
        progress(1)
    return sorted(tried.values(), key=lambda one: (one.alert.fired_at, one.alert.id))


def _gathered(rule: Rule, past: Past, period: Period) -> Gathered:
    """Return what came when, of the reports that bear on the period."""
    arrived = Period(start=period.start - LATEST, end=period.end)
    late = past.database.arrivals.late(arrived, within=LATEST)
    return Gathered([one for one in late if is_late(rule, one)], past.clock)


def _held(before: TriedAlert | None, alert: Alert, now: datetime, *, told: bool) -> TriedAlert:
    raised = before.raised if before else ()
    return TriedAlert(
        alert=before.alert if before else alert,
        raised=(*raised, now) if told else raised,
        held_until=now,
        post_ids=(before.post_ids if before else frozenset()).union(alert.post_ids),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two versions of a rule would have said; an alert in both is told as the first has it."""

    both: tuple[TriedAlert, ...]
    only_first: tuple[TriedAlert, ...]
    only_second: tuple[TriedAlert, ...]


def compare(first: Sequence[TriedAlert], second: Sequence[TriedAlert]) -> Comparison:
    """Return which alerts are in both: those that share a report, or labels and a moment."""
    in_first, in_second = _Index(first), _Index(second)
    return Comparison(
        both=tuple(one for one in first if in_second.has(one)),
        only_first=tuple(one for one in first if not in_second.has(one)),
        only_second=tuple(one for one in second if not in_first.has(one)),
    )


class _Index:
    """Finds an alert among others by its reports and its labels."""

    def __init__(self, alerts: Sequence[TriedAlert]) -> None:
        self._posts = frozenset().union(*(one.post_ids for one in alerts))
        self._of_labels: dict[frozenset[tuple[str, str]], list[TriedAlert]] = {}
        for one in alerts:
            self._of_labels.setdefault(_labels(one.alert.labels), []).append(one)

    def has(self, one: TriedAlert) -> bool:
        if not self._posts.isdisjoint(one.post_ids):
            return True
        return any(
            other.alert.fired_at <= one.held_until and one.alert.fired_at <= other.held_until
            for other in self._of_labels.get(_labels(one.alert.labels), ())
        )


def _labels(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def by_day(alerts: Sequence[TriedAlert], period: Period, *, zone: ZoneInfo) -> list[int]:
    """Return how many alerts fired on each local day of the period; midnight is the end of the day before."""
    first = period.start.astimezone(zone).date()
    counts = [0] * (((period.end - timedelta(microseconds=1)).astimezone(zone).date() - first).days + 1)
    for one in alerts:
        counts[(local_day(one, zone) - first).days] += 1
    return counts


def local_day(one: TriedAlert, zone: ZoneInfo) -> date:
    """Return the day that the alert tells of; at midnight that is the day before."""
    return (one.alert.fired_at - timedelta(microseconds=1)).astimezone(zone).date()


def usual_step(rule: Rule) -> timedelta:
    """Return how often to look: once a day, or once a timeframe where that is shorter."""
    return min(DAY, rule.timeframe)
