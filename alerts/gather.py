"""Bring together what a rule looks at: a few queries, and one for each count large enough to be found.

Rules count reports: posts of channels that residents speak in. The window ends at `now` to the minute; the
look-back is cut into days that end at the same hour, so that like is compared with like at any time of day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from math import ceil
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage
from alerts.deadlines import Deadlines
from alerts.evaluate import screened
from alerts.evidence import REPORTS, Evidence, both, find, pages, seeing, with_reports
from alerts.facts import Facts, Group, Overdue, Step
from alerts.gather_answers import answered_poorly, reported_again
from alerts.gather_windows import gather_flatline, gather_new_terms, gather_percentages, gather_spike
from alerts.reading import Reading, Truth
from alerts.rule_types import (
    DAY,
    AnyRule,
    FlatlineRule,
    FrequencyRule,
    NewTermRule,
    OverdueRule,
    PercentageMatchRule,
    PoorReplyRule,
    RecurrenceRule,
    Rule,
    SourceSilentRule,
    SpikeRule,
    SurgeRule,
)
from alerts.workdays import workdays_between
from records.post import Post
from records.problem import Problem, ProblemState
from records.query import GroupSeries, Interval
from records.times import Period


def gather(
    rule: Rule,
    database: Truth,
    index: Reading,
    *,
    now: datetime,
    zone: ZoneInfo,
    deadlines: Deadlines,
    coverage: Coverage,
) -> Facts:
    """Return the facts for one rule at `now`. Raises QueryError where its filter cannot be read."""
    now = now.replace(second=0, microsecond=0)
    window = Period(start=now - rule.timeframe, end=now)
    if isinstance(rule, AnyRule):
        return _matches(rule, database, index, window)
    if isinstance(rule, FrequencyRule):
        return _counts(rule, database, index, window)
    if isinstance(rule, SurgeRule):
        return _history(rule, database, index, window, zone=zone, coverage=coverage)
    if isinstance(rule, SpikeRule):
        return gather_spike(rule, database, index, now=now, zone=zone, coverage=coverage)
    if isinstance(rule, FlatlineRule):
        return gather_flatline(rule, index, now=now, zone=zone, coverage=coverage)
    if isinstance(rule, PercentageMatchRule):
        return gather_percentages(rule, database, index, window)
    if isinstance(rule, NewTermRule):
        return gather_new_terms(rule, database, index, window)
    if isinstance(rule, PoorReplyRule):
        return answered_poorly(rule, database, index, window, zone=zone)
    if isinstance(rule, RecurrenceRule):
        return reported_again(rule, database, index, window)
    if isinstance(rule, SourceSilentRule):
        return Facts(window=window, health=coverage.health)
    return _waiting(rule, database, index, window, zone=zone, deadlines=deadlines, coverage=coverage)


def _matches(rule: AnyRule, database: Truth, index: Reading, window: Period) -> Facts:
    query = both(rule.filter, REPORTS)
    series = index.group_counts(query, ("problem",), period=window)
    if not series:
        return Facts(window=window)
    problems = database.problems.get_many([one.key["problem"] for one in series])
    evidence = Evidence(database, problems)
    post_ids = find(index, query, window)
    of_problem = evidence.by_problem(post_ids)
    analyses = database.analyses.get_many(post_ids)
    groups = tuple(
        Group(
            labels=dict(one.key),
            count=one.total,
            reports=evidence.reports(of_problem.get(one.key["problem"], []), analyses),
        )
        for one in series
    )
    return Facts(window=window, groups=groups, problems=problems)


def _counts(rule: FrequencyRule, database: Truth, index: Reading, window: Period) -> Facts:
    query = both(rule.filter, REPORTS)
    series = index.group_counts(query, rule.query_key, period=window)
    groups = [Group(labels=dict(one.key), count=one.total) for one in series]
    return with_reports(
        database, index, query, Facts(window=window, groups=tuple(groups)), screened(rule, groups)
    )


def _history(
    rule: SurgeRule,
    database: Truth,
    index: Reading,
    window: Period,
    *,
    zone: ZoneInfo,
    coverage: Coverage,
) -> Facts:
    """Counts by day. Posts of sources that are blind now are left out of past and present alike."""
    query = both(rule.filter, REPORTS, *seeing(coverage))
    n_steps = rule.baseline // DAY + ceil(rule.timeframe / DAY)
    span = Period(start=window.end - n_steps * DAY, end=window.end)
    midnight = zone_of_midnight(window.end)
    everything = index.group_counts(
        both(REPORTS, *seeing(coverage)), (), period=span, interval=Interval.DAY, zone=midnight
    )
    before = Period(start=span.start - n_steps * DAY, end=span.start)
    known_before = index.count(both(REPORTS, *seeing(coverage)), period=before) > 0
    steps = _steps(span, n_steps, everything, known_before=known_before, zone=zone, coverage=coverage)
    interval = Interval.DAY if rule.timeframe >= DAY else Interval.HOUR
    series = index.group_counts(query, rule.query_key, period=span, interval=interval, zone=midnight)
    n_window = ceil(rule.timeframe / DAY)
    groups = []
    for one in series:
        history = _by_step(one, span, n_steps, least_hour=DAY - min(rule.timeframe, DAY))
        groups.append(Group(labels=dict(one.key), count=sum(history[-n_window:]), history=history))
    facts = Facts(window=window, groups=tuple(groups), steps=steps, blind_sources=coverage.blind_sources)
    return with_reports(database, index, query, facts, screened(rule, groups))


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
    zone: ZoneInfo,
    coverage: Coverage,
) -> tuple[Step, ...]:
    """Return the days of the look-back; blind are those a source missed, and those before there was data."""
    totals = _by_step(everything[0], span, n_steps, least_hour=timedelta(0)) if everything else (0,) * n_steps
    first = -1 if known_before else next((number for number, total in enumerate(totals) if total), n_steps)
    steps = []
    for number in range(n_steps):
        start = (span.start + number * DAY).astimezone(zone)
        period = Period(start=start, end=start + DAY)
        last = (period.end - timedelta(microseconds=1)).date()
        blind = number <= first or coverage.was_blind(start.date()) or coverage.was_blind(last)
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


def _waiting(
    rule: OverdueRule,
    database: Truth,
    index: Reading,
    window: Period,
    *,
    zone: ZoneInfo,
    deadlines: Deadlines,
    coverage: Coverage,
) -> Facts:
    """Problems with posts unanswered past their deadline; a source that is blind now may hold the answer."""
    # Answers dated after `now` are those that a backtest knows and the moment did not.
    waiting = f'NOT _exists_:reply OR replied:>="{window.end.isoformat()}"'
    query = both(rule.filter, REPORTS, waiting, *seeing(coverage))
    overdue: dict[str, list[tuple[Post, datetime, str]]] = defaultdict(list)
    problems: dict[str, Problem] = {}
    for post_ids in pages(index, query, window):
        posts = [post for post in database.posts.get_many(post_ids).values() if not post.replies]
        analyses = database.analyses.get_many([post.id for post in posts])
        late = []
        for post in posts:
            deadline = deadlines.find(rule.preset, analyses.get(post.id))
            due_at = deadline.due_at(post.asked_at, zone=zone)
            if due_at <= window.end:
                late.append((post, due_at, deadline.title))
        of_post = database.problems.problem_ids_of([post.id for post, _, _ in late])
        problems |= database.problems.get_many(set(of_post.values()) - problems.keys())
        for post, due_at, title in late:
            if post.id in of_post:
                overdue[of_post[post.id]].append((post, due_at, title))
    items = tuple(
        _overdue_problem(problems[problem_id], late, now=window.end, zone=zone)
        for problem_id, late in overdue.items()
        if problems[problem_id].state in (ProblemState.OPEN, ProblemState.REOPENED)
    )
    return Facts(window=window, overdue=items, problems=problems, blind_sources=coverage.blind_sources)


def _overdue_problem(
    problem: Problem, late: Sequence[tuple[Post, datetime, str]], *, now: datetime, zone: ZoneInfo
) -> Overdue:
    _, due_at, deadline = min(late, key=lambda item: (item[1], item[0].id))
    asked_at = min(post.asked_at for post, _, _ in late)
    context = {"place": problem.place, "topic": problem.topic, "department": problem.department}
    return Overdue(
        problem=problem,
        labels={"problem": problem.id, **{key: value for key, value in context.items() if value}},
        post_ids=tuple(post.id for post, _, _ in late),
        asked_at=asked_at,
        due_at=due_at,
        workdays_waited=workdays_between(asked_at, now, zone=zone),
        deadline=deadline,
    )
