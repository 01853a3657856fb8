"""Run the rules, each on its own: gather, evaluate, bring the alerts up to date. Telling comes after."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage
from alerts.lifecycle import MOST_ALERTS, UNRESOLVED, reconcile
from alerts.looking import LATEST, SETTLING, look
from alerts.own_rules import OWN_RULES
from alerts.reading import OneRound, Sight
from alerts.rule_types import BaseRule, Rule
from alerts.rules import RuleSet
from records.alert import Alert, AlertState
from records.errors import HuiyingError
from records.run import RunCounts, RunKind, RunState
from records.times import Period
from storage.arrivals import Arrival
from storage.database import Database, EndedRun
from storage.search import SearchIndex

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleOutcome:
    """How one rule ran. `matches` counts its findings; new + grown + held = matches. `error` is one line."""

    rule: str
    duration_s: float
    matches: int = 0
    new: int = 0
    grown: int = 0
    held: int = 0
    resolved: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """`rules`: one outcome a rule that is on. `retired`: alerts whose rule is gone or off, resolved.

    `errors`: rule files that cannot be used, one line each.
    """

    rules: tuple[RuleOutcome, ...]
    retired: int
    errors: tuple[str, ...]


def run_rules(
    rules: RuleSet,
    database: Database,
    index: SearchIndex,
    *,
    now: datetime,
    zone: ZoneInfo,
    coverage: Coverage,
) -> RuleReport:
    """Run every rule that is on. One that fails leaves its alerts as they are, and its run says why."""
    known = {rule.name: rule for rule in rules.rules if rule.is_enabled}
    longest = max((rule.keep_firing_for for rule in known.values()), default=timedelta(0))
    standing = database.alerts.list(states=UNRESOLVED, settled_since=now - longest, limit=MOST_ALERTS)
    retired = retire(rules, database, standing=standing, now=now)
    # The others need not ask the database.
    with_alerts = {alert.rule for alert in standing} if len(standing) < MOST_ALERTS else set(known)
    arrivals = arrived_since_last_look(database, known, now=now)
    sight = Sight(
        truth=database,
        index=OneRound(index),
        zone=zone,
        deadlines=rules.deadlines,
        coverage=coverage,
    )
    outcomes = [
        _run_rule(rule, database, sight, arrivals[rule.name], has_alerts=rule.name in with_alerts, now=now)
        for rule in known.values()
    ]
    database.runs.add_ended(RunKind.RULE, [_ended(outcome, now) for outcome in outcomes])
    return RuleReport(
        rules=tuple(outcomes), retired=retired, errors=tuple(str(error) for error in rules.errors)
    )


def _ended(outcome: RuleOutcome, started_at: datetime) -> EndedRun:
    return EndedRun(
        subject=outcome.rule,
        started_at=started_at,
        state=RunState.FAILED if outcome.error else RunState.DONE,
        counts=RunCounts(
            fetched=outcome.matches, stored=outcome.new, updated=outcome.grown, unchanged=outcome.held
        ),
        finished_at=started_at + timedelta(seconds=outcome.duration_s),
        error=outcome.error,
    )


def arrived_since_last_look(
    database: Database, rules: Collection[str], *, now: datetime
) -> dict[str, Sequence[Arrival]]:
    """Return for each rule the late reports that came since it last looked; none before the first round.

    What came shortly before it, and may not have been found then, is among them.
    """
    newest = database.runs.list(kind=RunKind.RULE, limit=1)
    if not newest or not rules:
        return dict.fromkeys(rules, ())
    since = dict.fromkeys(rules, _look_back(newest[0].started_at, now))
    of_last_round = newest[0].id - len(rules)
    failed = database.runs.list(kind=RunKind.RULE, state=RunState.FAILED, after=of_last_round)
    for run in (run for run in failed if run.subject in since):
        since[run.subject] = _look_back(_last_look(database, run.subject), now)
    found = database.arrivals.late(Period(start=min(since.values()), end=now), within=LATEST)
    return {name: [one for one in found if one.arrived_at >= since[name]] for name in rules}


def _look_back(last: datetime, now: datetime) -> datetime:
    # A clock may have been put back since.
    return max(min(last, now), now - LATEST) - SETTLING


def _last_look(database: Database, rule: str) -> datetime:
    runs = database.runs.list(kind=RunKind.RULE, subject=rule)
    return next((one.started_at for one in runs if one.state is RunState.DONE), runs[-1].started_at)


def _run_rule(
    rule: Rule,
    database: Database,
    sight: Sight,
    arrivals: Sequence[Arrival],
    *,
    has_alerts: bool,
    now: datetime,
) -> RuleOutcome:
    clock = perf_counter()
    told = partial(database.alerts.list, rule=rule.name, limit=MOST_ALERTS)
    try:
        findings = look(rule, sight, now=now, arrivals=arrivals, told=told)
        existing = standing_alerts(rule, database, now=now) if has_alerts else []
        changes = reconcile(rule, findings, existing, now)
        if changes.alerts:
            database.alerts.save(changes.alerts)
    except HuiyingError as err:
        return RuleOutcome(rule=rule.name, duration_s=perf_counter() - clock, error=str(err))
    except Exception as err:
        # The boundary of one rule: whatever is wrong with it, the others are to run.
        logger.exception('rule "%s" failed', rule.name)
        reason = f"{type(err).__name__}: {str(err).partition(chr(10))[0]}"
        return RuleOutcome(rule=rule.name, duration_s=perf_counter() - clock, error=reason)
    return RuleOutcome(
        rule=rule.name,
        duration_s=perf_counter() - clock,
        matches=len(findings),
        new=len(changes.new),
        grown=len(changes.grown),
        held=len(changes.held),
        resolved=len(changes.resolved),
    )


def standing_alerts(rule: BaseRule, database: Database, *, now: datetime) -> list[Alert]:
    """Return the rule's alerts that are unresolved, as people may have changed them meanwhile, or settled."""
    return database.alerts.list(
        states=UNRESOLVED, settled_since=now - rule.keep_firing_for, rule=rule.name, limit=MOST_ALERTS
    )


def retire(
    rules: RuleSet, database: Database, *, now: datetime, standing: Sequence[Alert] | None = None
) -> int:
    """Resolve what rules that are gone or off had active, give up what they had to say; return how many.

    A file with a mistake is not a deleted rule: its alerts stay. While it does not even say its name, all do.
    `standing` are the alerts, where the caller has read them.
    """
    if standing is None:
        standing = database.alerts.list(states=UNRESOLVED, limit=MOST_ALERTS)
    broken = {error.name for error in rules.errors}
    kept = {*(rule.name for rule in rules.rules if rule.is_enabled), *broken, *OWN_RULES}
    orphans = [
        alert for alert in standing if alert.rule not in kept and alert.state is not AlertState.RESOLVED
    ]
    if not orphans or None in broken:
        return 0
    database.deliveries.withdraw([alert.id for alert in orphans], reason="its rule is gone or switched off")
    database.alerts.save([replace(alert, state=AlertState.RESOLVED, updated_at=now) for alert in orphans])
    return len(orphans)
