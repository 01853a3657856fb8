"""Bring together what a rule looks at: a few queries, and one for each count large enough to be found.

Rules count reports: posts of channels that residents speak in. The window ends at `now` to the minute; the
look-back is cut into days that end at the same hour, so that like is compared with like at any time of day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from math import ceil

import numpy as np
from numpy.typing import NDArray

from alerts.evaluate import screened, surges
from alerts.evidence import REPORTS, Evidence, both, seeing, total, with_reports
from alerts.facts import Facts, Group, Step
from alerts.gather_problems import gather_problems
from alerts.gather_windows import gather_spans
from alerts.reading import MOST_POSTS, Question, Reading, Sight, Table
from alerts.rule_types import DAY, AnyRule, FrequencyRule, Rule, SourceSilentRule, SpanRule, SurgeRule
from alerts.surge import judge
from records.query import Interval
from records.times import Period


def gather(rule: Rule, sight: Sight, *, now: datetime, every_group: bool = False) -> Facts:
    """Return the facts for one rule at `now`. Raises QueryError where its filter cannot be read.

    Of a rule that counts the groups are those whose counts are large enough, or `every_group` with a report
    in the window.
    """
    window = _window(rule, now)
    if isinstance(rule, SourceSilentRule):
        return Facts(window=window, health=sight.coverage.health)
    if isinstance(rule, AnyRule):
        return _matches(rule, sight, window)
    if isinstance(rule, FrequencyRule):
        return _counts(rule, sight, window, every_group=every_group)
    if isinstance(rule, SurgeRule):
        return _history(rule, sight, window, every_group=every_group)
    if isinstance(rule, SpanRule):
        return gather_spans(rule, sight, window)
    return gather_problems(rule, sight, window)


def _counted(rule: AnyRule | FrequencyRule, window: Period) -> Question:
    by = ("problem",) if isinstance(rule, AnyRule) else rule.query_key
    return Question(query=both(rule.filter, REPORTS), by=by, period=window)


def _window(rule: Rule, now: datetime) -> Period:
    end = now.replace(second=0, microsecond=0)
    return Period(start=end - rule.timeframe, end=end)


def _matches(rule: AnyRule, sight: Sight, window: Period) -> Facts:
    question = _counted(rule, window)
    series = sight.index.counts(question)
    if not series:
        return Facts(window=window)
    problems = sight.truth.problems.get_many([one.key["problem"] for one in series])
    evidence = Evidence(sight.truth, problems)
    post_ids = sight.index.newest(question.query, window)
    of_problem = evidence.by_problem(post_ids)
    analyses = sight.truth.analyses.get_many(post_ids)
    groups = [
        Group(
            labels=dict(one.key),
            count=len(theirs) if len(post_ids) < MOST_POSTS else one.total,
            reports=evidence.reports(theirs, analyses),
        )
        for one in series
        if (theirs := of_problem.get(one.key["problem"], [])) or len(post_ids) == MOST_POSTS
    ]
    return Facts(window=window, groups=tuple(groups), problems=problems)


def _counts(rule: FrequencyRule, sight: Sight, window: Period, *, every_group: bool) -> Facts:
    question = _counted(rule, window)
    least = 1 if every_group else rule.num_events
    groups = tuple(
        Group(labels=one.key, count=one.total) for one in sight.index.counts(question) if one.total >= least
    )
    return with_reports(sight, question.query, Facts(window=window, groups=groups), screened(rule, groups))


def _history(rule: SurgeRule, sight: Sight, window: Period, *, every_group: bool) -> Facts:
    """Counts by day. Posts of sources that are blind now are left out of past and present alike."""
    everyone = both(REPORTS, *seeing(sight.coverage))
    query = both(rule.filter, everyone)
    n_window = ceil(rule.timeframe / DAY)
    n_steps = rule.baseline // DAY + n_window
    span = Period(start=window.end - n_steps * DAY, end=window.end)
    by_day = Question(
        query=query, period=span, by=rule.query_key, interval=Interval.DAY, zone=zone_of_midnight(window.end)
    )
    table = _by_step(rule, sight.index, by_day)
    present = table.counts[:, -n_window:].sum(axis=1)
    facts = Facts(window=window, blind_sources=sight.coverage.blind_sources)
    if not every_group and not (present >= rule.num_events).any():
        return facts
    steps = _steps(sight, replace(by_day, query=everyone, by=()), n_steps)
    shown = present > 0 if every_group else _surging(rule, steps, table.counts, present)
    groups = tuple(
        Group(
            labels=dict(table.keys[row]), count=int(present[row]), history=tuple(table.counts[row].tolist())
        )
        for row in np.flatnonzero(shown).tolist()
    )
    facts = replace(facts, groups=groups, steps=steps, others=table.counts[~shown])
    return with_reports(sight, query, facts, screened(rule, groups))


def _surging(
    rule: SurgeRule, steps: Sequence[Step], counts: NDArray[np.int32], present: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which keys (n_keys,) surge by their counts: only of those the posts are worth looking up."""
    is_large = present >= rule.num_events
    large = np.flatnonzero(is_large)
    large_first = np.concatenate([large, np.flatnonzero(~is_large)])
    verdicts = judge(
        steps, counts[large_first], timeframe=rule.timeframe, least=rule.num_events, first=len(large)
    )
    surging = np.zeros(len(present), dtype=np.bool_)
    for row, verdict in zip(large.tolist(), verdicts, strict=False):
        surging[row] = surges(rule, int(present[row]), verdict)
    return surging


def _by_step(rule: SurgeRule, index: Reading, by_day: Question) -> Table:
    """Return the counts of each step; of a rule that looks at hours, those of the same hours each day."""
    if rule.timeframe >= DAY:
        return index.table(by_day)
    table = index.table(replace(by_day, interval=Interval.HOUR))
    if not table.keys:
        return table
    hours = table.counts.reshape(len(table.keys), -1, 24)[:, :, -(rule.timeframe // timedelta(hours=1)) :]
    return Table(keys=table.keys, counts=hours.sum(axis=2, dtype=np.int32))


def zone_of_midnight(moment: datetime) -> timezone:
    """Return the zone in which `moment` is midnight: its day bins are the 24 hours up to this time of day."""
    utc = moment.astimezone(UTC)
    return timezone(-timedelta(hours=utc.hour, minutes=utc.minute))


def _steps(sight: Sight, everything: Question, n_steps: int) -> tuple[Step, ...]:
    """Return the days of the look-back; blind are those a source missed, and those before there was data."""
    span = everything.period
    before = Period(start=span.start - n_steps * DAY, end=span.start)
    first = -1
    if not total(sight.index.counts(Question(query=everything.query, period=before))):
        known = np.flatnonzero(sight.index.table(everything).counts)
        first = int(known[0]) if len(known) else n_steps
    starts = [(span.start + number * DAY).astimezone(sight.zone) for number in range(n_steps + 1)]
    last_days = [(start - timedelta(microseconds=1)).date() for start in starts[1:]]
    blind = {day for day in {starts[0].date(), *last_days} if sight.coverage.was_blind(day)}
    return tuple(
        Step(
            period=Period(start=start, end=end),
            blind=number <= first or start.date() in blind or last_day in blind,
        )
        for number, ((start, end), last_day) in enumerate(zip(pairwise(starts), last_days, strict=True))
    )
