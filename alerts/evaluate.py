"""Rules over facts: pure. Counts, problems, deadlines and `now` in, findings out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil, log
from zoneinfo import ZoneInfo

import numpy as np

from alerts.evaluate_cases import find_cases, find_silent
from alerts.evaluate_windows import find_in_spans
from alerts.facts import Facts, Finding, Group, labels_of_problem
from alerts.rule_types import (
    DAY,
    AnyRule,
    CountingRule,
    FrequencyRule,
    Rule,
    SourceSilentRule,
    SpanRule,
    SurgeRule,
)
from alerts.sentences import any_sentence, frequency_sentence, surge_sentence
from alerts.surge import Verdict, judge
from records.times import DEFAULT_ZONE

# Half its posts in another finding: that one tells of the same event.
SAME_EVENT = 0.5


def evaluate(rule: Rule, facts: Facts, now: datetime, *, zone: ZoneInfo = DEFAULT_ZONE) -> list[Finding]:
    """Return what the rule finds, most first. Nothing is read but the arguments."""
    found = _find(rule, facts, now, zone)
    return sorted(found, key=lambda finding: (-finding.value, sorted(finding.labels.items())))


def _find(rule: Rule, facts: Facts, now: datetime, zone: ZoneInfo) -> list[Finding]:
    if isinstance(rule, AnyRule):
        return _any(rule, facts)
    if isinstance(rule, CountingRule):
        found = _frequent(rule, facts) if isinstance(rule, FrequencyRule) else _surging(rule, facts)
        return one_event_once(found) if "place" in rule.query_key else found
    if isinstance(rule, SpanRule):
        return find_in_spans(rule, facts)
    if isinstance(rule, SourceSilentRule):
        return find_silent(rule, facts, now)
    return find_cases(rule, facts, now, zone)


def screened(rule: CountingRule, groups: Sequence[Group]) -> list[Group]:
    """Return the groups large enough to be found: those whose posts are worth looking up."""
    return [group for group in groups if group.count >= rule.num_events]


def _any(rule: AnyRule, facts: Facts) -> list[Finding]:
    found = []
    for group in facts.groups:
        problem = facts.problems.get(group.labels.get("problem", ""))
        if problem is None:
            continue
        found.append(
            Finding(
                labels=labels_of_problem(problem),
                value=float(group.count),
                explanation=any_sentence(group, problem, timeframe=rule.timeframe),
                problem_ids=(problem.id,),
                post_ids=group.reports.post_ids if group.reports else (),
            )
        )
    return found


def _frequent(rule: FrequencyRule, facts: Facts) -> list[Finding]:
    return [
        Finding.of_group(
            group,
            group.count,
            frequency_sentence(group, facts.problems, timeframe=rule.timeframe, threshold=rule.num_events),
        )
        for group in screened(rule, facts.groups)
        if group.n_voices >= rule.voices_needed
    ]


def _surging(rule: SurgeRule, facts: Facts) -> list[Finding]:
    days = sum(not step.blind for step in facts.steps[: -ceil(rule.timeframe / DAY)])
    found = []
    for group, verdict in zip(facts.groups, verdicts_of(rule, facts), strict=False):
        is_large = group.count >= rule.num_events and group.n_voices >= rule.voices_needed
        if is_large and surges(rule, group.count, verdict) and hangs_together(rule, group):
            sentence = surge_sentence(
                group, facts.problems, timeframe=rule.timeframe, expected=verdict.expected, days=days
            )
            found.append(Finding.of_group(group, group.count, sentence, expected=verdict.expected))
    return found


def one_event_once(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that tell of different events: a post counts in its street, district and town.

    The clearest come first; one of which half the posts were in those before is left out. Clear is, where
    there is an expectation, the likelihood ratio of Kulldorff's scan statistic (1997), else the fewest posts.
    """
    told: set[str] = set()
    kept = []
    for finding in sorted(findings, key=_clearness):
        known = len(told.intersection(finding.post_ids))
        if not known or known < SAME_EVENT * len(finding.post_ids):
            kept.append(finding)
            told.update(finding.post_ids)
    return kept


def _clearness(finding: Finding) -> tuple[float, list[tuple[str, str]]]:
    labels = sorted(finding.labels.items())
    if finding.expected is None:
        return finding.value, labels
    excess = finding.value - finding.expected
    return excess - finding.value * log(finding.value / finding.expected), labels


def verdicts_of(rule: SurgeRule, facts: Facts) -> list[Verdict]:
    """Return what the model says of each group, beside all others; none where the baseline is too short."""
    if not facts.groups:
        return []
    shown = np.array([group.history for group in facts.groups])
    table = np.vstack([shown, facts.others]) if len(facts.others) else shown
    return judge(facts.steps, table, timeframe=rule.timeframe, least=rule.num_events, first=len(shown))


def surges(rule: SurgeRule, count: int, verdict: Verdict) -> bool:
    """Return whether the count is unlikely, given all that were looked at, and large enough to matter."""
    return verdict.q_value <= rule.fdr and count >= rule.spike_height * verdict.expected


def hangs_together(rule: SurgeRule, group: Group) -> bool:
    """Return whether enough voices tell of one thing; where nothing is known of them they may."""
    return group.reports is None or group.reports.n_alike >= rule.num_alike
