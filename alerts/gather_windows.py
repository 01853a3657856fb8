"""Facts of the rules that compare two spans: spike, flatline, percentage_match, new_term."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.evaluate_windows import outside, spikes, unseen_before
from alerts.evidence import REPORTS, both, look_up, seeing, total, with_reports
from alerts.facts import Facts, Group, Step
from alerts.reading import Question, Sight
from alerts.rule_types import FlatlineRule, NewTermRule, PercentageMatchRule, SpanRule, SpikeRule, SpikeType
from alerts.two_periods import Days
from records.times import Period

_Key = tuple[tuple[str, str], ...]


def gather_spans(rule: SpanRule, sight: Sight, window: Period) -> Facts:
    """Return the facts of a rule that compares: two spans, or two counts of one."""
    match rule:
        case SpikeRule():
            return _spike(rule, sight, window.end)
        case FlatlineRule():
            return _two_spans(rule, sight, end=_seen_until(sight, window.end), before=rule.baseline)
        case PercentageMatchRule():
            return _percentages(rule, sight, window)
        case NewTermRule():
            return _new_terms(rule, sight, window)


def _spike(rule: SpikeRule, sight: Sight, now: datetime) -> Facts:
    """Counts of the window and of the same time before. A fall is looked for only as far as we see."""
    end = now if rule.spike_type is SpikeType.UP else _seen_until(sight, now)
    facts = _two_spans(rule, sight, end=end, before=rule.timeframe)
    large = [group for group in facts.groups if spikes(rule, group, facts.steps)]
    return with_reports(sight, both(rule.filter, REPORTS, *seeing(sight.coverage)), facts, large)


def _percentages(rule: PercentageMatchRule, sight: Sight, window: Period) -> Facts:
    """Counts of the filter, and of both filters."""
    matching = both(rule.filter, rule.match_bucket_filter, REPORTS)
    matched = _counts(sight, matching, rule.query_key, window)
    whole = _counts(sight, both(rule.filter, REPORTS), rule.query_key, window)
    groups = tuple(
        Group(labels=dict(key), count=count, matched=matched.get(key, 0)) for key, count in whole.items()
    )
    large = [group for group in groups if outside(rule, group)]
    return look_up(sight, matching, Facts(window=window, groups=groups), large)


def _new_terms(rule: NewTermRule, sight: Sight, window: Period) -> Facts:
    """Counts of each value of each field, now and in the time before."""
    query = both(rule.filter, REPORTS)
    before = Period(start=window.start - rule.terms_window_size, end=window.start)
    # Where there is only the newest of it, everything would be new: its first half must hold something.
    early = Period(start=before.start, end=before.start + rule.terms_window_size / 2)
    steps = (
        Step(period=before, blind=not total(sight.index.counts(Question(query=REPORTS, period=early)))),
        Step(period=window),
    )
    groups = []
    for field in rule.fields:
        known = _counts(sight, query, (field,), before)
        present = _counts(sight, query, (field,), window)
        groups += [
            Group(labels=dict(key), count=count, history=(known.get(key, 0), count))
            for key, count in present.items()
        ]
    facts = Facts(window=window, groups=tuple(groups), steps=steps)
    large = [group for group in groups if unseen_before(rule, group, steps)]
    return with_reports(sight, query, facts, large)


def _two_spans(rule: SpikeRule | FlatlineRule, sight: Sight, *, end: datetime, before: timedelta) -> Facts:
    """Return the counts of the two spans up to `end`; one is blind where a source missed a day."""
    window = Period(start=end - rule.timeframe, end=end)
    past = Period(start=window.start - before, end=window.start)
    asked = both(rule.filter, REPORTS, *seeing(sight.coverage))
    then = _counts(sight, asked, rule.query_key, past)
    now = _counts(sight, asked, rule.query_key, window)
    return Facts(
        window=window,
        groups=tuple(
            Group(labels=dict(key), count=now.get(key, 0), history=(then.get(key, 0), now.get(key, 0)))
            for key in sorted(then.keys() | now.keys())
        ),
        steps=tuple(
            Step(period=span, blind=any(map(sight.coverage.was_blind, Days.of(span, sight.zone))))
            for span in (past, window)
        ),
        blind_sources=sight.coverage.blind_sources,
    )


def _counts(sight: Sight, query: str, by: tuple[str, ...], period: Period) -> dict[_Key, int]:
    series = sight.index.counts(Question(query=query, by=by, period=period))
    return {tuple(sorted(one.key.items())): one.total for one in series}


def _seen_until(sight: Sight, now: datetime) -> datetime:
    return sight.coverage.seen_until(now).replace(second=0, microsecond=0)
