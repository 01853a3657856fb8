"""What the schedule and the command line both do, each as one call: rules, deliveries, briefings."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial

from alerts.announce import Desk, announce, told_of
from alerts.coverage import coverage_of
from alerts.delivery import DeliveryReport, deliver, recover
from alerts.engine import RuleReport, retire, run_rules
from alerts.health import SourceHealth, source_health
from alerts.heartbeat import watch
from alerts.notifications import Notifications, load_notifications
from alerts.rules import RuleSet, load_rules
from alerts.telling import Way
from app.settings import Settings
from app.stand_in import answering
from app.wiring import Parts
from briefing.collect import collect
from briefing.snapshot import freeze
from nlp.segment import words
from records.alert import Alert
from records.errors import ConfigurationError, Retryable
from records.times import day_period
from storage.database import Snapshot
from storage.indexer import drain

# Held by whoever evaluates rules, and by whoever delivers: one process at a time, on any machine. They are
# two, so that a round of rules that does not end is told.
ALERTING = "alerting"
DELIVERING = "delivering"
LOCK_WAIT_S = 60.0


def evaluate_rules(parts: Parts, *, now: datetime) -> RuleReport:
    """Evaluate every rule as of `now`; alerts and pending deliveries are stored when it returns."""
    settings = parts.settings
    with parts.database.lock(ALERTING, wait_s=LOCK_WAIT_S), answering(parts, now=now) as index:
        rules = parts.rule_book.load()
        parts.rule_book.notice(rules, now=now)
        return run_rules(
            rules,
            parts.database,
            index,
            now=now,
            zone=settings.zone,
            coverage=coverage_of(parts.catalogue, parts.database, now=now, zone=settings.zone),
        )


def deliver_pending(parts: Parts, *, now: datetime) -> DeliveryReport:
    """Put into the ledger what is to be told, and send what it holds and whose time has come."""
    settings, database = parts.settings, parts.database
    rules, every = rule_set(settings), timedelta(seconds=settings.rules_every_s)
    with database.lock(DELIVERING, wait_s=LOCK_WAIT_S):
        # Under the lock nobody sends: what is marked so was left by a dead process.
        recover(database, now=now)
        retire(rules, database, now=now)
        look_after = partial(watch, database, rules, every=every, now=now, zone=settings.zone)
        try:
            policy = notifications(settings)
        except ConfigurationError as err:
            look_after(unusable=err)
            raise
        look_after()
        announce(_desk(parts, rules, policy), now=now)
        return deliver(database, policy.receivers, now=now)


def telling_of(parts: Parts, alert: Alert, *, now: datetime) -> list[Way]:
    """Return what came of the alert on each channel that it goes to, or why it is not told there."""
    settings = parts.settings
    try:
        policy = notifications(settings)
    except ConfigurationError as err:
        return [Way(channel=settings.receivers_file.name, said=str(err))]
    return told_of(alert, _desk(parts, rule_set(settings), policy), now=now)


def _desk(parts: Parts, rules: RuleSet, policy: Notifications) -> Desk:
    settings = parts.settings
    return Desk(
        database=parts.database,
        rules=rules,
        policy=policy,
        zone=settings.zone,
        console_url=settings.console_url,
    )


def rule_set(settings: Settings) -> RuleSet:
    """Return the installation's rules, and what is wrong with those that cannot be used."""
    return load_rules(settings.rules_dir, every=timedelta(seconds=settings.rules_every_s))


def notifications(settings: Settings) -> Notifications:
    """Return who is told of alerts, and when; secrets come from the environment."""
    return load_notifications(settings.receivers_file, os.environ)


def health(parts: Parts, *, now: datetime) -> list[SourceHealth]:
    """Return how each source is doing."""
    return source_health(parts.catalogue, parts.database, now=now)


def brief(parts: Parts, *, day: date, now: datetime, anew: bool = False) -> Snapshot:
    """Return the frozen daily briefing of `day`, made now where there is none yet, or `anew` is asked for."""
    settings = parts.settings
    frozen = parts.database.snapshots.latest("daily", day_period(day, zone=settings.zone))
    if frozen is not None and not anew:
        return frozen
    with suppress(Retryable):  # the index is away, then a stand-in answers
        drain(parts.database, parts.index, segment=words)  # what alerts flagged since
    with answering(parts, now=now) as index:
        content = collect(
            parts.database,
            index,
            coverage_of(parts.catalogue, parts.database, now=now, zone=settings.zone),
            day=day,
            now=now,
            zone=settings.zone,
            title=settings.title,
            issuer=settings.issuer,
        )
    return freeze(parts.database, content, now=now)
