"""Facts of the rules that compare two spans: spike, flatline, percentage_match, new_term."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage
from alerts.evaluate_windows import outside, spikes, unseen_before
from alerts.evidence import REPORTS, both, seeing, with_reports
from alerts.facts import Facts, Group, Step
from alerts.reading import Reading, Truth
from alerts.rule_types import FlatlineRule, NewTermRule, PercentageMatchRule, SpikeRule, SpikeType
from records.query import GroupSeries
from records.times import Period

_Key = tuple[tuple[str, str], ...]


def gather_spike(
    rule: SpikeRule,
    database: Truth,
    index: Reading,
    *,
    now: datetime,
    zone: ZoneInfo,
    coverage: Coverage,
) -> Facts:
    """Counts of the window and of the same time before. A fall is looked for only as far as we see."""
    end = now if rule.spike_type is SpikeType.UP else _minute(coverage.seen_until(now))
    facts = _two_spans(
        rule.filter, rule.query_key, index, end=end, length=rule.timeframe, before=rule.timeframe,
        zone=zone, coverage=coverage,
    )  # fmt: skip
    query = both(rule.filter, REPORTS, *seeing(coverage))
    large = [group for group in facts.groups if spikes(rule, group, facts.steps)]
    return with_reports(database, index, query, facts, large)


def gather_flatline(
    rule: FlatlineRule, index: Reading, *, now: datetime, zone: ZoneInfo, coverage: Coverage
) -> Facts:
    """Counts of the window and of the baseline, of the sources we see and as far as we see them."""
    return _two_spans(
        rule.filter, rule.query_key, index, end=_minute(coverage.seen_until(now)), length=rule.timeframe,
        before=rule.baseline, zone=zone, coverage=coverage,
    )  # fmt: skip


def gather_percentages(rule: PercentageMatchRule, database: Truth, index: Reading, window: Period) -> Facts:
    """Counts of the filter, and of both filters."""
    matching = both(rule.filter, rule.match_bucket_filter, REPORTS)
    matched = _by_key(index.group_counts(matching, rule.query_key, period=window))
    whole = _by_key(index.group_counts(both(rule.filter, REPORTS), rule.query_key, period=window))
    groups = tuple(
        Group(labels=dict(key), count=count, matched=matched.get(key, 0)) for key, count in whole.items()
    )
    large = [group for group in groups if outside(rule, group)]
    return with_reports(database, index, matching, Facts(window=window, groups=groups), large)


def gather_new_terms(rule: NewTermRule, database: Truth, index: Reading, window: Period) -> Facts:
    """Counts of each value of each field, now and in the time before."""
    query = both(rule.filter, REPORTS)
    before = Period(start=window.start - rule.terms_window_size, end=window.start)
    # Where there is only the newest of it, everything would be new: its first half must hold something.
    early = Period(start=before.start, end=before.start + rule.terms_window_size / 2)
    steps = (Step(period=before, blind=index.count(REPORTS, period=early) == 0), Step(period=window))
    groups = []
    for field in rule.fields:
        known = _by_key(index.group_counts(query, (field,), period=before))
        present = _by_key(index.group_counts(query, (field,), period=window))
        groups += [
            Group(labels=dict(key), count=count, history=(known.get(key, 0), count))
            for key, count in present.items()
        ]
    facts = Facts(window=window, groups=tuple(groups), steps=steps)
    large = [group for group in groups if unseen_before(rule, group, steps)]
    return with_reports(database, index, query, facts, large)


def _two_spans(
    query: str,
    by: Sequence[str],
    index: Reading,
    *,
    end: datetime,
    length: timedelta,
    before: timedelta,
    zone: ZoneInfo,
    coverage: Coverage,
) -> Facts:
    """Return the counts of the two spans up to `end`; one is blind where a source missed a day."""
    window = Period(start=end - length, end=end)
    past = Period(start=window.start - before, end=window.start)
    asked = both(query, REPORTS, *seeing(coverage))
    then = _by_key(index.group_counts(asked, by, period=past))
    now = _by_key(index.group_counts(asked, by, period=window))
    return Facts(
        window=window,
        groups=tuple(
            Group(labels=dict(key), count=now.get(key, 0), history=(then.get(key, 0), now.get(key, 0)))
            for key in sorted(then.keys() | now.keys())
        ),
        steps=tuple(
            Step(period=span, blind=any(coverage.was_blind(day) for day in _days(span, zone)))
            for span in (past, window)
        ),
        blind_sources=coverage.blind_sources,
    )


def _by_key(series: Sequence[GroupSeries]) -> dict[_Key, int]:
    return {tuple(sorted(one.key.items())): one.total for one in series}


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _days(span: Period, zone: ZoneInfo) -> Iterator[date]:
    day = span.start.astimezone(zone).date()
    last = (span.end - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)
