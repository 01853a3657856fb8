"""Bring together what a rule looks at: a few queries, and one for each count large enough to be found.

Rules count reports: posts of channels that residents speak in. The window ends at `now` to the minute; the
look-back is cut into days that end at the same hour, so that like is compared with like at any time of day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from math import ceil
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage
from alerts.deadlines import Deadlines
from alerts.evaluate import screened
from alerts.facts import Facts, Group, Overdue, Reports, Step
from alerts.rules import DAY, AnyRule, FrequencyRule, OverdueRule, Rule, SurgeRule
from alerts.workdays import workdays_between
from records.analysis import Analysis
from records.post import Channel, Post
from records.problem import Membership, Problem, ProblemState
from records.query import GroupSeries, Interval, SortOrder
from records.times import Period
from storage.database import Database
from storage.query import quoted
from storage.search import SearchIndex

REPORTS = f"channel:({' OR '.join(channel for channel in Channel if channel.carries_reports)})"
# An alert's evidence; past this many a person searches instead.
MOST_POSTS = 500
# Waiting posts looked at in one run of an overdue rule, oldest first.
MOST_WAITING = 20_000
_PAGE = 1000
_URGENT = 3


def gather(
    rule: Rule,
    database: Database,
    index: SearchIndex,
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
    return _waiting(rule, database, index, window, zone=zone, deadlines=deadlines, coverage=coverage)


def both(*queries: str) -> str:
    """Return the query that asks for all of `queries` at once; empty ones ask for nothing."""
    return " AND ".join(f"({query})" for query in queries if query.strip())


def clause(field: str, value: str) -> str:
    """Return the query for one exact value of a keyword field."""
    return f"{field}:{quoted(value)}"


def _matches(rule: AnyRule, database: Database, index: SearchIndex, window: Period) -> Facts:
    query = both(rule.filter, REPORTS)
    series = index.group_counts(query, ("problem",), period=window)
    if not series:
        return Facts(window=window)
    problems = database.problems.get_many([one.key["problem"] for one in series])
    evidence = _Evidence(database, problems)
    post_ids = _find(index, query, window)
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


def _counts(rule: FrequencyRule, database: Database, index: SearchIndex, window: Period) -> Facts:
    query = both(rule.filter, REPORTS)
    series = index.group_counts(query, rule.query_key, period=window)
    groups = [Group(labels=dict(one.key), count=one.total) for one in series]
    return _with_reports(rule, database, index, query, Facts(window=window, groups=tuple(groups)))


def _history(
    rule: SurgeRule,
    database: Database,
    index: SearchIndex,
    window: Period,
    *,
    zone: ZoneInfo,
    coverage: Coverage,
) -> Facts:
    """Counts by day. Posts of sources that are blind now are left out of past and present alike."""
    seeing = [f"NOT {clause('source', name)}" for name in coverage.blind_sources]
    query = both(rule.filter, REPORTS, *seeing)
    n_steps = rule.baseline // DAY + ceil(rule.timeframe / DAY)
    span = Period(start=window.end - n_steps * DAY, end=window.end)
    midnight = _zone_of_midnight(window.end)
    everything = index.group_counts(
        both(REPORTS, *seeing), (), period=span, interval=Interval.DAY, zone=midnight
    )
    before = Period(start=span.start - n_steps * DAY, end=span.start)
    known_before = index.count(both(REPORTS, *seeing), period=before) > 0
    steps = _steps(span, n_steps, everything, known_before=known_before, zone=zone, coverage=coverage)
    interval = Interval.DAY if rule.timeframe >= DAY else Interval.HOUR
    series = index.group_counts(query, rule.query_key, period=span, interval=interval, zone=midnight)
    n_window = ceil(rule.timeframe / DAY)
    groups = []
    for one in series:
        history = _by_step(one, span, n_steps, least_hour=DAY - min(rule.timeframe, DAY))
        groups.append(Group(labels=dict(one.key), count=sum(history[-n_window:]), history=history))
    facts = Facts(window=window, groups=tuple(groups), steps=steps, blind_sources=coverage.blind_sources)
    return _with_reports(rule, database, index, query, facts)


def _zone_of_midnight(moment: datetime) -> timezone:
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
        return tuple(one.count for one in series.bins)
    counts = [0] * n_steps
    for one in series.bins:
        after = one.start - span.start
        if after % DAY >= least_hour:
            counts[after // DAY] += one.count
    return tuple(counts)


def _with_reports(
    rule: FrequencyRule | SurgeRule, database: Database, index: SearchIndex, query: str, facts: Facts
) -> Facts:
    """Look up the posts behind the groups that are large enough, to count voices instead of copies."""
    large = screened(rule, facts.groups)
    if not large:
        return facts
    found = {
        id(group): _find(
            index, both(query, *(clause(*label) for label in group.labels.items())), facts.window
        )
        for group in large
    }
    in_window = index.group_counts(query, ("problem",), period=facts.window)
    problems = database.problems.get_many([one.key["problem"] for one in in_window])
    evidence = _Evidence(database, problems)
    analyses = database.analyses.get_many({post_id for ids in found.values() for post_id in ids})
    groups = tuple(
        Group(
            labels=group.labels,
            count=group.count,
            history=group.history,
            reports=evidence.reports(found[id(group)], analyses) if id(group) in found else None,
        )
        for group in facts.groups
    )
    return Facts(
        window=facts.window,
        groups=groups,
        steps=facts.steps,
        problems=problems,
        blind_sources=facts.blind_sources,
    )


def _waiting(
    rule: OverdueRule,
    database: Database,
    index: SearchIndex,
    window: Period,
    *,
    zone: ZoneInfo,
    deadlines: Deadlines,
    coverage: Coverage,
) -> Facts:
    """Problems with posts unanswered past their deadline; a source that is blind now may hold the answer."""
    seeing = [f"NOT {clause('source', name)}" for name in coverage.blind_sources]
    query = both(rule.filter, REPORTS, "NOT _exists_:reply", *seeing)
    overdue: dict[str, list[tuple[Post, datetime, str]]] = defaultdict(list)
    problems: dict[str, Problem] = {}
    for post_ids in _pages(index, query, window):
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


def _find(index: SearchIndex, query: str, period: Period) -> list[str]:
    page = index.search(query, period=period, sort=SortOrder.NEWEST, limit=MOST_POSTS)
    return [hit.post_id for hit in page.hits]


def _pages(index: SearchIndex, query: str, period: Period) -> Iterator[list[str]]:
    cursor = None
    for _ in range(0, MOST_WAITING, _PAGE):
        page = index.search(query, period=period, sort=SortOrder.OLDEST, limit=_PAGE, after=cursor)
        if page.hits:
            yield [hit.post_id for hit in page.hits]
        cursor = page.next_cursor
        if cursor is None:
            return


class _Evidence:
    """Which posts report which problem, and which are copies of which."""

    def __init__(self, database: Database, problem_ids: Iterable[str]) -> None:
        members = database.problems.members_of(list(problem_ids))
        self._of_post: dict[str, Membership] = {m.post_id: m for found in members.values() for m in found}

    def by_problem(self, post_ids: Iterable[str]) -> dict[str, list[str]]:
        """Return the posts of each problem, in the order given."""
        found: dict[str, list[str]] = defaultdict(list)
        for post_id in post_ids:
            if post_id in self._of_post:
                found[self._of_post[post_id].problem_id].append(post_id)
        return found

    def reports(self, post_ids: Sequence[str], analyses: Mapping[str, Analysis]) -> Reports:
        """Return what is known of the posts; a copy is the voice of the post it repeats."""
        members = [self._of_post[post_id] for post_id in post_ids if post_id in self._of_post]
        originals = {
            post_id: self._of_post[post_id].copy_of for post_id in post_ids if post_id in self._of_post
        }
        known = [analyses[post_id] for post_id in post_ids if post_id in analyses]
        return Reports(
            post_ids=tuple(post_ids),
            problem_ids=tuple(dict.fromkeys(member.problem_id for member in members)),
            n_voices=len({originals.get(post_id) or post_id for post_id in post_ids}),
            n_urgent=sum(analysis.urgency >= _URGENT for analysis in known),
            reasons=tuple(sorted({reason.code for analysis in known for reason in analysis.reasons})),
        )
