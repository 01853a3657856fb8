"""Gathers one briefing from the truth and the index: nothing but what a stored query or post backs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage, Gap
from alerts.health import HealthState, SourceHealth
from briefing.content import AlertNote, Citation, Content, DayCount, Item, Number, Rise, SourceNote
from briefing.rising_words import rising_words
from records.errors import ConfigurationError, Retryable
from records.post import Channel, Post
from records.problem import Membership, Problem, ProblemState
from records.query import Interval
from records.times import Period, day_period
from storage.database import Database
from storage.search import SearchIndex

REPORTS = "channel:(" + " OR ".join(channel for channel in Channel if channel.carries_reports) + ")"
UNANSWERED = f"{REPORTS} AND NOT _exists_:reply"
URGENT = f"{REPORTS} AND urgency:>=2"

TOP_ITEMS = 3
LISTED_ITEMS = 10
LISTED_ALERTS = 10
CITED_POSTS = 3
EXCERPT_CHARACTERS = 120
TREND_DAYS = 30
# What a place and topic usually has is the mean of four weeks: every weekday counts the same.
USUAL_DAYS = 28
# A rise is worth a line from three messages that are twice the usual.
RISE_AT_LEAST = 3
RISE_RATIO = 2.0
WATCH_DAYS = 3
OPEN_STATES = (ProblemState.OPEN, ProblemState.REOPENED)


def collect(
    database: Database,
    index: SearchIndex,
    coverage: Coverage,
    *,
    day: date,
    now: datetime,
    zone: ZoneInfo,
    title: str,
    issuer: str,
) -> Content:
    """Return the daily briefing of the local `day`, as of `now`.

    Raises ConfigurationError for a day that has not begun, Retryable while the index lags behind the truth:
    its counts would be short.
    """
    period = day_period(day, zone=zone)
    if now < period.start:
        raise ConfigurationError(f"briefing of {day}: that day has not begun (name one up to today)")
    if index.watermark() < database.outbox.newest():
        lag = database.outbox.lag()
        raise Retryable(f"briefing of {day}: {lag} changes are not indexed yet (try again in a minute)")
    numbers = _numbers(index, period, now)
    titles = {source.name: source.title for source in coverage.health}
    top = _items(database, index, period, _largest_today(database, index, period), cited_by=titles)
    before = Period(start=period.start - timedelta(days=USUAL_DAYS), end=period.start)
    rises = _rises(index, period, before)
    unheard = _unheard(coverage, period)
    waiting = database.problems.list(states=OPEN_STATES, order="age", limit=10_000)
    return Content(
        kind="daily",
        title=title,
        issuer=issuer,
        issue=f"{day.year}年第{day.timetuple().tm_yday}期",
        start=period.start.isoformat(),
        end=period.end.isoformat(),
        made_at=now.astimezone(zone).isoformat(timespec="minutes"),
        summary=_summary(numbers, rises, top, len(unheard)),
        numbers=numbers,
        trend=_trend(index, day, zone),
        trend_query=REPORTS,
        top=top,
        alerts=_alerts(database, period),
        rises=rises,
        rising=rising_words(database, index, period, before, reports=REPORTS),
        overdue=_items(database, index, period, _due(waiting, None, now)),
        watch=_items(database, index, period, _due(waiting, now, now + timedelta(days=WATCH_DAYS))),
        n_sources=len(coverage.health),
        blind=unheard,
        caveats=_caveats(coverage, period, now),
    )


def _caveats(coverage: Coverage, period: Period, now: datetime) -> tuple[str, ...]:
    """Return what a reader of the numbers has to know that none of them tells."""
    said = []
    if now < period.end:
        said.append(f"编制时当日尚未结束，只含 {_printed(now, period)} 以前收到的诉求。")
    if coverage.known_from is not None and not coverage.is_known(period):
        said.append(f"{_printed(coverage.known_from, period)} 以前的采集情况未核查，数字有无缺漏不明。")
    return tuple(said)


def _unheard(coverage: Coverage, period: Period) -> tuple[SourceNote, ...]:
    """Return the sources whose messages of the period may be missing, and those that have fallen silent."""
    health = {source.name: source for source in coverage.health}
    gaps = {gap.source: gap for gap in coverage.during(period)}
    missed = [
        SourceNote(
            title=gap.title, state=gap.state.value, reason=_gap_reason(gap, health.get(gap.source), period)
        )
        for gap in gaps.values()
    ]
    silent = [
        SourceNote(title=source.title, state=source.state.value, reason=source.reason)
        for source in coverage.health
        if source.state is HealthState.DEAD and source.name not in gaps
    ]
    return (*missed, *silent)


def _gap_reason(gap: Gap, health: SourceHealth | None, period: Period) -> str:
    if gap.lasts and health is not None:
        return health.reason
    part = gap.part_of(period)
    return f"{_printed(part.start, period)} 至 {_printed(part.end, period)} 未正常采集。"


def on(day: date) -> str:
    """Return the query term for what was asked on the local `day`."""
    return f"asked:{day.isoformat()}"


def _numbers(index: SearchIndex, period: Period, now: datetime) -> tuple[Number, ...]:
    day = period.start.date()
    before = day - timedelta(days=1)
    weeks = f"asked:[{day - timedelta(days=USUAL_DAYS)} TO {before}]"

    def number(label: str, query: str) -> Number:
        return Number(
            label=label,
            value=index.count(f"{query} AND {on(day)}"),
            query=f"{query} AND {on(day)}",
            previous=index.count(f"{query} AND {on(before)}"),
            usual=round(index.count(f"{query} AND {weeks}") / USUAL_DAYS, 1),
        )

    replied = f"{REPORTS} AND replied:{day.isoformat()}"
    open_until = f"{UNANSWERED} AND asked:[* TO {day.isoformat()}]"
    return (
        number("当日诉求", REPORTS),
        number("其中紧急", URGENT),
        number("其中未答复", UNANSWERED),
        Number(
            label="当日答复",
            value=index.count(replied),
            query=replied,
            previous=index.count(f"{REPORTS} AND replied:{before.isoformat()}"),
        ),
        Number(label="累计未答复", value=index.count(open_until), query=open_until),
    )


def _trend(index: SearchIndex, day: date, zone: ZoneInfo) -> tuple[DayCount, ...]:
    span = day_period(day - timedelta(days=TREND_DAYS - 1), days=TREND_DAYS, zone=zone)
    bins = index.histogram(REPORTS, Interval.DAY, period=span, zone=zone)
    return tuple(
        DayCount(day=item.start.astimezone(zone).date().isoformat(), value=item.count) for item in bins
    )


def _largest_today(database: Database, index: SearchIndex, period: Period) -> list[Problem]:
    """Return the problems of the day: most urgent reports first among those most reported today."""
    series = index.group_counts(REPORTS, ["problem"], period=period)
    today = {one.key["problem"]: one.total for one in series}
    problems = database.problems.get_many(today)
    ranked = sorted(
        problems.values(),
        key=lambda problem: (-today[problem.id] * (1 + problem.urgency), problem.first_seen, problem.id),
    )
    return ranked[:TOP_ITEMS]


def _due(problems: Sequence[Problem], after: datetime | None, until: datetime) -> list[Problem]:
    """Return the open problems whose answer is due after `after` and by `until`, longest due first."""
    due = [
        (problem.due_at, -problem.urgency, problem.id, problem)
        for problem in problems
        if problem.due_at is not None
        and problem.due_at <= until
        and (after is None or problem.due_at > after)
    ]
    return [problem for *_, problem in sorted(due, key=lambda row: row[:3])[:LISTED_ITEMS]]


def _items(
    database: Database,
    index: SearchIndex,
    period: Period,
    problems: Sequence[Problem],
    *,
    cited_by: Mapping[str, str] | None = None,
) -> tuple[Item, ...]:
    """Return the problems as rows; with `cited_by`, the titles of the sources, each with its newest posts."""
    cited = [problem.id for problem in problems] if cited_by is not None else []
    members = database.problems.members_of(cited)
    posts = database.posts.get_many({member.post_id for joined in members.values() for member in joined})
    series = index.group_counts(REPORTS, ["problem"], period=period)
    today = {one.key["problem"]: one.total for one in series}
    return tuple(
        Item(
            id=problem.id,
            title=problem.title,
            topic=problem.topic,
            place=problem.place,
            department=problem.department,
            n_posts=problem.n_posts,
            n_voices=problem.n_voices,
            n_today=today.get(problem.id, 0),
            urgency=problem.urgency,
            first_seen=_printed(problem.first_seen, period),
            last_seen=_printed(problem.last_seen, period),
            due_at=_printed(problem.due_at, period) if problem.due_at else None,
            state=problem.state.value,
            query=f"problem:{problem.id}",
            citations=_citations(members.get(problem.id, ()), posts, cited_by or {}, period),
        )
        for problem in problems
    )


def _citations(
    members: Sequence[Membership], posts: Mapping[str, Post], titles: Mapping[str, str], period: Period
) -> tuple[Citation, ...]:
    """Return the newest independent reports up to the end of the period: copies of a text are cited once."""
    cited = [
        posts[member.post_id]
        for member in members
        if member.copy_of is None and posts[member.post_id].asked_at < period.end
    ]
    return tuple(
        Citation(
            post_id=post.id,
            asked_at=_printed(post.asked_at, period),
            source=titles.get(post.source, post.source),
            excerpt=_excerpt(post.text),
            url=post.url,
        )
        for post in sorted(cited, key=lambda post: (post.asked_at, post.id))[-CITED_POSTS:]
    )


def _alerts(database: Database, period: Period) -> tuple[AlertNote, ...]:
    fired = database.alerts.list(fired=period, limit=LISTED_ALERTS)
    return tuple(
        AlertNote(id=alert.id, severity=alert.severity, rule=alert.rule, explanation=alert.explanation)
        for alert in fired
    )


def _rises(index: SearchIndex, period: Period, before: Period) -> tuple[Rise, ...]:
    usual = {
        (one.key["place"], one.key["topic"]): one.total / USUAL_DAYS
        for one in index.group_counts(REPORTS, ["place", "topic"], period=before)
    }
    found = []
    for one in index.group_counts(REPORTS, ["place", "topic"], period=period):
        place, topic = one.key["place"], one.key["topic"]
        normal = usual.get((place, topic), 0.0)
        if one.total >= RISE_AT_LEAST and one.total >= RISE_RATIO * normal:
            query = f'{REPORTS} AND place:"{place}" AND topic:"{topic}" AND {on(period.start.date())}'
            found.append(Rise(place=place, topic=topic, value=one.total, usual=round(normal, 2), query=query))
    return tuple(
        sorted(found, key=lambda rise: (rise.usual - rise.value, rise.place, rise.topic))[:LISTED_ITEMS]
    )


def _summary(numbers: Sequence[Number], rises: Sequence[Rise], top: Sequence[Item], n_blind: int) -> str:
    asked, urgent, unanswered, replied, waiting = (number.value for number in numbers)
    change = asked - (numbers[0].previous or 0)
    compared = "与前一日持平" if change == 0 else f"比前一日{'多' if change > 0 else '少'} {abs(change)} 件"
    parts = [
        f"当日收到诉求 {asked} 件，{compared}，其中紧急 {urgent} 件、尚未答复 {unanswered} 件；",
        f"当日答复 {replied} 件，累计未答复 {waiting} 件。",
    ]
    if rises:
        rise = rises[0]
        counted = f"当日 {rise.value} 件，平日 {rise.usual:g} 件"
        parts.append(f"{rise.place}的{rise.topic}类诉求突增（{counted}）。")
    if top and top[0].title:
        parts.append(f"首要事项是“{top[0].title}”（当日 {top[0].n_today} 件）。")
    if n_blind:
        parts.append(f"注意：有 {n_blind} 个来源状况异常，以上数字可能偏少。")
    return "".join(parts)


def _excerpt(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= EXCERPT_CHARACTERS else flat[: EXCERPT_CHARACTERS - 1] + "…"


def _printed(moment: datetime, period: Period) -> str:
    return moment.astimezone(period.start.tzinfo).strftime("%Y-%m-%d %H:%M")
