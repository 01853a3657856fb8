"""A rule that fails or is late, and a channel that takes nothing, are alerts themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.deadlines import load_deadlines
from alerts.heartbeat import channel_findings, failing_rules, watch
from alerts.own_rules import FAILING_RULE
from alerts.rules import RuleSet
from alerts.yaml_file import FileError
from records.alert import AlertState
from records.errors import ConfigurationError
from records.run import RunCounts, RunKind, RunRecord, RunState
from records.times import DEFAULT_ZONE
from storage.database import Database
from tests.alerts.samples import HOUR, NOW, rule

EVERY = timedelta(minutes=5)
URGENT = rule("any", name="紧急", filter="urgency:>=3")
OFF = rule("any", name="停用", filter="urgency:>=3", is_enabled=False)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'town.sqlite'}") as opened:
        yield opened


def rules(*errors: FileError) -> RuleSet:
    return RuleSet(rules=(URGENT, OFF), errors=errors, deadlines=load_deadlines())


def run(name: str, *, ago: timedelta, state: RunState = RunState.DONE) -> RunRecord:
    error = "search index: no answer" if state is RunState.FAILED else None
    return RunRecord(
        id=1, kind=RunKind.RULE, subject=name, state=state, started_at=NOW - ago, finished_at=NOW - ago,
        counts=RunCounts(), error=error,
    )  # fmt: skip


def said(runs: dict[str, RunRecord], *errors: FileError) -> list[str]:
    found = failing_rules(rules(*errors), runs, every=EVERY, now=NOW, zone=DEFAULT_ZONE)
    assert all(set(finding.labels) == {FAILING_RULE} for finding in found)
    return [finding.explanation for finding in found]


def test_a_rule_in_time_is_no_finding() -> None:
    assert said({"紧急": run("紧急", ago=EVERY)}) == []
    assert said({}) == [], "nothing ran yet"


def test_a_late_rule_says_since_when() -> None:
    late = "规则“紧急”自03-18 08:30起没有执行，本应每5分钟一次，此间的情况没有人在看。"
    assert said({"紧急": run("紧急", ago=HOUR)}) == [late]
    assert said({"紧急": run("紧急", ago=HOUR, state=RunState.RUNNING)}) == [late]
    assert said({"别的": run("别的", ago=HOUR)}) == [late], "it never ran, and nothing else does"
    assert said({"别的": run("别的", ago=EVERY)}) == [], "it is new"


def test_a_failing_rule_and_a_broken_file_say_why() -> None:
    failed = run("紧急", ago=EVERY, state=RunState.FAILED)
    assert said({"紧急": failed}) == ["规则“紧急”执行出错：search index: no answer"]
    broken = FileError(Path("rules/urgent.yaml"), 3, "unknown key", name=None)
    assert said({"紧急": run("紧急", ago=EVERY)}, broken) == [
        "规则文件有误，没有执行：urgent.yaml:3: unknown key"
    ]


def test_a_channel_says_how_many_it_did_not_take() -> None:
    (finding,) = channel_findings({"值班群": 3})
    assert finding.value == 3
    assert finding.explanation.startswith("通知渠道“值班群”送不出去，已有3条通知")
    (unusable,) = channel_findings({}, unusable=ConfigurationError("receivers.yaml:2: no secret"))
    assert unusable.explanation == "通知渠道文件有误，现在谁也通知不到：receivers.yaml:2: no secret"


def test_the_alert_comes_and_goes(database: Database) -> None:
    number = database.runs.start(RunKind.RULE, "紧急", now=NOW)
    database.runs.finish(number, RunState.FAILED, RunCounts(), now=NOW, error="index away")
    for minutes in (0, 1):
        watch(database, rules(), every=EVERY, now=NOW + timedelta(minutes=minutes), zone=DEFAULT_ZONE)
    (alert,) = database.alerts.list()
    assert (alert.rule, alert.labels, alert.state) == ("规则心跳", {FAILING_RULE: "紧急"}, AlertState.ACTIVE)
    later = NOW + timedelta(minutes=12)
    database.runs.finish(
        database.runs.start(RunKind.RULE, "紧急", now=later), RunState.DONE, RunCounts(), now=later
    )
    watch(database, rules(), every=EVERY, now=later, zone=DEFAULT_ZONE)
    assert database.alerts.list()[0].state is AlertState.RESOLVED
