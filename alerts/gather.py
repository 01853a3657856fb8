"""Bring together what a rule looks at: a few queries, and one for each count large enough to be found.

Rules count reports: posts of channels that residents speak in. The window ends at `now` to the minute; the
look-back is cut into days that end at the same hour, so that like is compared with like at any time of day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from math import ceil

from alerts.evaluate import screened
from alerts.evidence import REPORTS, Evidence, both, seeing, total, with_reports
from alerts.facts import Facts, Group, Step
from alerts.gather_problems import gather_problems
from alerts.gather_windows import gather_spans
from alerts.reading import MOST_POSTS, Question, Sight
from alerts.rule_types import DAY, AnyRule, FrequencyRule, Rule, SourceSilentRule, SpanRule, SurgeRule
from records.query import GroupSeries, Interval
from records.times import Period


def gather(rule: Rule, sight: Sight, *, now: datetime) -> Facts:
    """Return the facts for one rule at `now`. Raises QueryError where its filter cannot be read."""
    now = now.replace(second=0, microsecond=0)
    window = Period(start=now - rule.timeframe, end=now)
    if isinstance(rule, SourceSilentRule):
        return Facts(window=window, health=sight.coverage.health)
    if isinstance(rule, AnyRule):
        return _matches(rule, sight, window)
    if isinstance(rule, FrequencyRule):
        return _counts(rule, sight, window)
    if isinstance(rule, SurgeRule):
        return _history(rule, sight, window)
    if isinstance(rule, SpanRule):
        return gather_spans(rule, sight, window)
    return gather_problems(rule, sight, window)


def _matches(rule: AnyRule, sight: Sight, window: Period) -> Facts:
    query = both(rule.filter, REPORTS)
    series = sight.index.counts(Question(query=query, by=("problem",), period=window))
    if not series:
        return Facts(window=window)
    problems = sight.truth.problems.get_many([one.key["problem"] for one in series])
    evidence = Evidence(sight.truth, problems)
    post_ids = sight.index.newest(query, window)
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


def _counts(rule: FrequencyRule, sight: Sight, window: Period) -> Facts:
    query = both(rule.filter, REPORTS)
    series = sight.index.counts(Question(query=query, by=rule.query_key, period=window))
    groups = [Group(labels=dict(one.key), count=one.total) for one in series]
    return with_reports(sight, query, Facts(window=window, groups=tuple(groups)), screened(rule, groups))


def _history(rule: SurgeRule, sight: Sight, window: Period) -> Facts:
    """Counts by day. Posts of sources that are blind now are left out of past and present alike."""
    everyone = both(REPORTS, *seeing(sight.coverage))
    n_steps = rule.baseline // DAY + ceil(rule.timeframe / DAY)
    span = Period(start=window.end - n_steps * DAY, end=window.end)
    midnight = zone_of_midnight(window.end)
    days = Question(query=everyone, period=span, interval=Interval.DAY, zone=midnight)
    before = Period(start=span.start - n_steps * DAY, end=span.start)
    known_before = total(sight.index.counts(Question(query=everyone, period=before))) > 0
    steps = _steps(span, n_steps, sight.index.counts(days), known_before=known_before, sight=sight)
    query = both(rule.filter, everyone)
    interval = Interval.DAY if rule.timeframe >= DAY else Interval.HOUR
    series = sight.index.counts(
        Question(query=query, by=rule.query_key, period=span, interval=interval, zone=midnight)
    )
    n_window = ceil(rule.timeframe / DAY)
    groups = []
    for one in series:
        history = _by_step(one, span, n_steps, least_hour=DAY - min(rule.timeframe, DAY))
        groups.append(Group(labels=dict(one.key), count=sum(history[-n_window:]), history=history))
    facts = Facts(
        window=window, groups=tuple(groups), steps=steps, blind_sources=sight.coverage.blind_sources
    )
    return with_reports(sight, query, facts, screened(rule, groups))


def zone_of_midnight(moment: datetime) -> timezone:
    """Return the zone in which `moment` is midnight: its day bins are the 24 hours up to this time of day."""
    utc = moment.astimezone(UTC)
    return timezone(-timedelta(hours=utc.hour, minutes=utc.minute))


def _steps(
    span: Period,
    n_steps: int,
    everything: Sequence[GroupSeries],
    *,
    known_before: bool,
    sight: Sight,
) -> tuple[Step, ...]:
    """Return the days of the look-back; blind are those a source missed, and those before there was data."""
    totals = _by_step(everything[0], span, n_steps, least_hour=timedelta(0)) if everything else (0,) * n_steps
    first = -1 if known_before else next((number for number, total in enumerate(totals) if total), n_steps)
    steps = []
    for number in range(n_steps):
        start = (span.start + number * DAY).astimezone(sight.zone)
        period = Period(start=start, end=start + DAY)
        last = (period.end - timedelta(microseconds=1)).date()
        blind = number <= first or sight.coverage.was_blind(start.date()) or sight.coverage.was_blind(last)
        steps.append(Step(period=period, blind=blind))
    return tuple(steps)


def _by_step(series: GroupSeries, span: Period, n_steps: int, *, least_hour: timedelta) -> tuple[int, ...]:
    if not least_hour:  # the bins are the steps
        return tuple([one.count for one in series.bins])
    counts = [0] * n_steps
    for one in series.bins:
        after = one.start - span.start
        if after % DAY >= least_hour:
            counts[after // DAY] += one.count
    return tuple(counts)
