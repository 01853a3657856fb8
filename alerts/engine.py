"""Run the rules, each on its own: gather, evaluate, bring the alerts up to date, plan what is to be said."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage
from alerts.evaluate import evaluate
from alerts.gather import gather
from alerts.grouping import plan
from alerts.lifecycle import Changes, Generation, reconcile
from alerts.rule_types import DEFAULT_RECEIVER, Rule
from alerts.rules import RuleSet
from records.alert import Alert, AlertState, DeliveryState
from records.errors import HuiyingError
from records.run import RunCounts, RunKind, RunState
from storage.database import Database, RunEnd
from storage.search import SearchIndex

logger = logging.getLogger(__name__)

UNRESOLVED = (AlertState.ACTIVE, AlertState.ACKNOWLEDGED)
# More unresolved alerts than this and the rules are wrong, not the town.
MOST_ALERTS = 10_000
_KEPT = "alerts.generations."


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
    planned: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleReport:
    """`rules`: one outcome a rule that is on. `retired`: alerts whose rule is gone or off, resolved.

    `errors`: rule files that cannot be used and receivers that are not there, one line each.
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
    channels: Collection[str] = (),
    console_url: str = "",
) -> RuleReport:
    """Run every rule that is on. One that fails leaves its alerts as they are, and its run says why.

    `channels` are the names of the receivers there are; `console_url` is where the messages' link leads.
    """
    known = {rule.name: rule for rule in rules.rules if rule.is_enabled}
    unresolved = database.alerts.list(states=UNRESOLVED, limit=MOST_ALERTS)
    retired = _retire(rules, known, unresolved, database, now=now)
    complete = len(unresolved) < MOST_ALERTS
    before = _Before(
        with_alerts=frozenset(alert.rule for alert in unresolved) if complete else frozenset(known),
        kept=database.values(_KEPT),
    )
    runs = database.runs.start_all(RunKind.RULE, known, now=now)
    outcomes = [
        _run_rule(
            rule, rules, before, database, index,
            now=now, zone=zone, coverage=coverage, channels=channels, console_url=console_url,
        )
        for rule in known.values()
    ]  # fmt: skip
    database.runs.finish_all([_end(outcome, runs[outcome.rule], now) for outcome in outcomes])
    missing = [
        f'rule "{rule.name}": there is no receiver "{name}" (add it to the receivers file)'
        for rule in known.values()
        for name in rule.receivers
        if name not in channels and name != DEFAULT_RECEIVER
    ]
    return RuleReport(
        rules=tuple(outcomes), retired=retired, errors=(*(str(error) for error in rules.errors), *missing)
    )


def _end(outcome: RuleOutcome, run_id: int, started_at: datetime) -> RunEnd:
    return RunEnd(
        run_id=run_id,
        state=RunState.FAILED if outcome.error else RunState.DONE,
        counts=RunCounts(
            fetched=outcome.matches, stored=outcome.new, updated=outcome.grown, unchanged=outcome.held
        ),
        finished_at=started_at + timedelta(seconds=outcome.duration_s),
        error=outcome.error,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """What one look at the database tells of all rules: which have unresolved alerts, kept generations."""

    with_alerts: frozenset[str]
    kept: Mapping[str, Any]

    def alerts_of(self, rule: Rule, database: Database) -> list[Alert]:
        """Return the unresolved alerts as they are now: people may have acknowledged some meanwhile."""
        if rule.name not in self.with_alerts:
            return []
        return database.alerts.list(states=UNRESOLVED, rule=rule.name, limit=MOST_ALERTS)


def _run_rule(
    rule: Rule,
    rules: RuleSet,
    before: _Before,
    database: Database,
    index: SearchIndex,
    *,
    now: datetime,
    zone: ZoneInfo,
    coverage: Coverage,
    channels: Collection[str],
    console_url: str,
) -> RuleOutcome:
    clock = perf_counter()
    try:
        facts = gather(
            rule, database, index, now=now, zone=zone, deadlines=rules.deadlines, coverage=coverage
        )
        findings = evaluate(rule, facts, now, zone=zone)
        existing = before.alerts_of(rule, database)
        kept = before.kept.get(_kept_name(rule)) or {}
        changes = reconcile(rule, findings, existing, _generations(kept), now)
        planned = _commit(
            rule, existing, changes, kept, database, now=now, channels=channels, console_url=console_url
        )
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
        planned=planned,
    )


def _commit(
    rule: Rule,
    existing: list[Alert],
    changes: Changes,
    kept_before: Mapping[str, Any],
    database: Database,
    *,
    now: datetime,
    channels: Collection[str],
    console_url: str,
) -> int:
    """Save alerts, then when they began to speak, then what they say; return how many messages are new.

    After a crash between any two, the next run plans the same messages with the same keys (alerts.grouping).
    """
    if changes.alerts:
        database.alerts.save(changes.alerts)
    kept = {key: {"since": g.since.isoformat(), "value": g.value} for key, g in changes.generations.items()}
    if kept != kept_before:
        database.set_value(_kept_name(rule), kept)
    present = {alert.id: alert for alert in (*existing, *changes.alerts)}
    messages = plan(
        rule, list(present.values()), changes.generations, now=now, channels=channels, console_url=console_url
    )
    return database.deliveries.enqueue(messages) if messages else 0


def _kept_name(rule: Rule) -> str:
    return f"{_KEPT}{rule.name}"


def _generations(kept: Mapping[str, Any]) -> dict[str, Generation]:
    return {
        key: Generation(since=datetime.fromisoformat(item["since"]), value=item["value"])
        for key, item in kept.items()
    }


def _retire(
    rules: RuleSet,
    known: Mapping[str, Rule],
    unresolved: Sequence[Alert],
    database: Database,
    *,
    now: datetime,
) -> int:
    """Resolve what rules that are gone or off had active, give up what they had to say; return how many.

    A file with a mistake is not a deleted rule: its alerts stay. While it does not even say its name, all do.
    """
    broken = {error.name for error in rules.errors}
    orphans = [alert for alert in unresolved if alert.rule not in known and alert.rule not in broken]
    if not orphans or None in broken:
        return 0
    gone = {alert.id for alert in orphans}
    waiting = database.deliveries.list(
        states=(DeliveryState.PENDING, DeliveryState.FAILED), limit=MOST_ALERTS
    )
    for delivery in waiting:
        if gone.intersection(delivery.alert_ids):
            database.deliveries.mark(
                delivery.key, DeliveryState.DEAD, now=now, error="its rule is gone or switched off"
            )
    for alert in orphans:
        database.alerts.set_state(alert.id, AlertState.RESOLVED, now=now)
    return len(orphans)
