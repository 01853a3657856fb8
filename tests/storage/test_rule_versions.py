"""Versions of rules and the backtests of what may become one, on every database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from records.errors import Rejected
from records.rule_version import RuleTrial, RuleVersion
from records.times import Period
from storage.database import Database
from tests.storage.samples import NOW

TRIAL = RuleTrial(
    digest="d1",
    period=Period(start=NOW - timedelta(days=90), end=NOW),
    alerts=12,
    tried_at=NOW,
    tried_by="cli",
)


def keep(database: Database, text: str, *, rule: str = "停水", trial: RuleTrial | None = None) -> RuleVersion:
    return database.rule_versions.add(rule, text, at=NOW, changed_by="cli", reason="太吵", trial=trial)


def test_versions_of_a_rule_are_numbered_and_kept_whole(database: Database) -> None:
    first = keep(database, "name: 停水\n")
    second = keep(database, "name: 停水\nseverity: 2\n", trial=TRIAL)
    other = keep(database, "name: 停电\n", rule="停电")
    assert (first.number, second.number, other.number) == (1, 2, 1)
    assert (first.tried, second.tried, second.tried_alerts) == (None, TRIAL.period, 12)
    assert database.rule_versions.list("停水") == [second, first]
    assert database.rule_versions.get("停水", 1) == first
    assert database.rule_versions.newest() == {"停水": second, "停电": other}


def test_two_at_once_get_numbers_of_their_own(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: keep(database, f"# {n}\n"), range(8)))
    assert sorted(version.number for version in made) == list(range(1, 9))


def test_what_is_not_kept_is_said(database: Database) -> None:
    keep(database, "name: 停水\n")
    with pytest.raises(Rejected, match='rule "停水": no version 2'):
        database.rule_versions.get("停水", 2)
    with pytest.raises(Rejected, match='rule "停电": no version is kept'):
        database.rule_versions.list("停电")


def test_of_the_same_content_the_newest_trial_stands(database: Database) -> None:
    assert database.rule_versions.trial("d1") is None
    again = replace(TRIAL, alerts=3, tried_by="console")
    for trial in (TRIAL, again, replace(TRIAL, digest="d2")):
        database.rule_versions.note_trial(trial)
    assert database.rule_versions.trial("d1") == again
