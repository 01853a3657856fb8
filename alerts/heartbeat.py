"""A rule that fails or is late, and a channel that takes nothing, are alerts too (alerts.own_rules)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.delivery import failing_channels
from alerts.durations import chinese_duration
from alerts.engine import standing_alerts
from alerts.facts import Finding
from alerts.lifecycle import reconcile
from alerts.own_rules import CHANNEL_WATCH, FAILING_CHANNEL, FAILING_RULE, RULE_WATCH
from alerts.rules import RuleSet
from records.errors import ConfigurationError
from records.run import RunKind, RunRecord, RunState
from storage.database import Database

# A round may take its time, or be missed once while the machine restarts.
ROUNDS_MISSED = 3


def watch(
    database: Database,
    rules: RuleSet,
    *,
    every: timedelta,
    now: datetime,
    zone: ZoneInfo,
    unusable: ConfigurationError | None = None,
) -> None:
    """Bring the alerts on rules and channels up to date.

    `every` is the time between two rounds of rules, `unusable` what is wrong with the receivers file.
    """
    runs = database.runs.latest(RunKind.RULE)
    found = {
        RULE_WATCH: failing_rules(rules, runs, every=every, now=now, zone=zone),
        CHANNEL_WATCH: channel_findings(failing_channels(database), unusable=unusable),
    }
    for rule, findings in found.items():
        changes = reconcile(rule, findings, standing_alerts(rule, database, now=now), now)
        if changes.alerts:
            database.alerts.save(changes.alerts)


def failing_rules(
    rules: RuleSet, runs: Mapping[str, RunRecord], *, every: timedelta, now: datetime, zone: ZoneInfo
) -> list[Finding]:
    """Return a finding for each rule whose file cannot be read, whose last run failed, or that is late.

    `runs` are the newest of each rule. A rule that never ran is late when no rule ran for so long.
    """
    findings = [
        _finding(FAILING_RULE, error.name or error.path.name, f"规则文件有误，没有执行：{error}")
        for error in rules.errors
    ]
    newest = max((run.started_at for run in runs.values()), default=None)
    for rule in rules.rules:
        run = runs.get(rule.name)
        last = run.started_at if run is not None else newest
        if not rule.is_enabled or last is None:
            continue
        if now - last > ROUNDS_MISSED * every:
            since = last.astimezone(zone)
            said = (
                f"规则“{rule.name}”自{since:%m-%d %H:%M}起没有执行，本应每{chinese_duration(every)}一次，"
                "此间的情况没有人在看。"
            )
            findings.append(_finding(FAILING_RULE, rule.name, said))
        elif run is not None and run.state is RunState.FAILED:
            findings.append(_finding(FAILING_RULE, rule.name, f"规则“{rule.name}”执行出错：{run.error}"))
    return findings


def channel_findings(
    failing: Mapping[str, int], *, unusable: ConfigurationError | None = None
) -> list[Finding]:
    """Return a finding for each channel that takes no messages; `failing` is how many it did not take."""
    if unusable is not None:
        said = f"通知渠道文件有误，现在谁也通知不到：{unusable}"
        return [_finding(FAILING_CHANNEL, "receivers.yaml", said)]
    return [
        _finding(
            FAILING_CHANNEL,
            channel,
            f"通知渠道“{channel}”送不出去，已有{count}条通知没有从它送达；请检查它的地址和密钥。",
            value=count,
        )
        for channel, count in failing.items()
    ]


def _finding(label: str, subject: str, said: str, *, value: float = 1) -> Finding:
    return Finding(labels={label: subject}, value=value, explanation=said)
