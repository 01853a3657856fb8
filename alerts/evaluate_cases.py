"""Rules about single problems and sources, over facts: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import TypeVar
from zoneinfo import ZoneInfo

from alerts.facts import Case, Facts, Finding, Overdue
from alerts.rule_types import (
    DAY,
    CaseRule,
    OverdueRule,
    PoorReplyRule,
    ProblemRule,
    RecurrenceRule,
    SourceSilentRule,
)
from alerts.sentences import (
    cases_sentence,
    overdue_problem_sentence,
    overdue_sentence,
    poor_reply_sentence,
    recurrence_sentence,
)

Item = TypeVar("Item", Case, Overdue)
# Problems and posts that an alert about an office carries, the oldest; its value counts all. Each is flagged
# in the index, and indexed again whenever the alert changes.
MOST_EVIDENCE = 50


def find_cases(rule: CaseRule, facts: Facts, now: datetime, zone: ZoneInfo) -> list[Finding]:
    match rule:
        case OverdueRule():
            return _overdue(rule, facts, now, zone)
        case PoorReplyRule():
            return _poor_replies(rule, facts, zone)
        case RecurrenceRule():
            return _recurrences(rule, facts, zone)


def _overdue(rule: OverdueRule, facts: Facts, now: datetime, zone: ZoneInfo) -> list[Finding]:
    late = [item for item in facts.overdue if item.due_at <= now]
    return _per_key(
        rule,
        late,
        since=lambda item: item.asked_at,
        one=lambda item: overdue_problem_sentence(item, zone=zone),
        many=overdue_sentence,
    )


def _poor_replies(rule: PoorReplyRule, facts: Facts, zone: ZoneInfo) -> list[Finding]:
    return _per_key(
        rule,
        facts.cases,
        since=lambda case: case.at,
        one=lambda case: poor_reply_sentence(case, zone=zone),
        many=lambda labels, cases: cases_sentence(labels, cases, what="最新答复没有解决问题"),
    )


def _recurrences(rule: RecurrenceRule, facts: Facts, zone: ZoneInfo) -> list[Finding]:
    return _per_key(
        rule,
        facts.cases,
        since=lambda case: case.at,
        one=lambda case: recurrence_sentence(case, timeframe=rule.timeframe, zone=zone),
        many=lambda labels, cases: cases_sentence(labels, cases, what="答复或办结后又有人反映"),
    )


def find_silent(rule: SourceSilentRule, facts: Facts, now: datetime) -> list[Finding]:
    """Return the sources that have been in one of the states for long enough; value: days."""
    return [
        Finding(
            labels={"source": one.name},
            value=(now - one.since) / DAY,
            explanation=f"来源“{one.title}”：{one.reason}",
        )
        for one in facts.health
        if one.state in rule.states and one.since is not None and now - one.since >= rule.timeframe
    ]


def _per_key(
    rule: ProblemRule,
    items: Iterable[Item],
    *,
    since: Callable[[Item], datetime],
    one: Callable[[Item], str],
    many: Callable[[dict[str, str], Sequence[Item]], str],
) -> list[Finding]:
    """Return one finding a key, of its problems, oldest first."""

    def key(item: Item) -> tuple[str, ...]:
        return tuple(item.labels.get(field, "") for field in rule.query_key)

    found = []
    for values, group in groupby(sorted(items, key=lambda item: (key(item), since(item))), key=key):
        members = list(group)
        if len(members) < rule.num_events:
            continue
        labels = dict(zip(rule.query_key, values, strict=True))
        alone = rule.identity == ("problem",)
        found.append(
            Finding(
                labels={**members[0].labels, **labels} if alone else labels,
                value=float(len(members[0].post_ids) if alone else len(members)),
                explanation=one(members[0]) if alone else many(labels, members),
                problem_ids=tuple(item.problem.id for item in members[:MOST_EVIDENCE]),
                post_ids=tuple(post_id for item in members for post_id in item.post_ids)[:MOST_EVIDENCE],
            )
        )
    return found
