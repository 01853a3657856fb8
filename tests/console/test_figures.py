"""The numbers of the first page and the pieces that pages are made of."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from alerts.coverage import coverage_of
from alerts.health import HealthState
from console.alert_query import alert_query, rule_filter
from console.figures import OnTime, on_time, pressing_problems, trend
from console.i18n import locale_of
from console.revisions import Change, compare
from console.services import Services
from console.timeline import MAX_BARS, Bar, group_bars
from console.view import say_bytes, say_span
from console.watch import Watch
from console.web import COVERAGE_KEPT
from records.problem import ProblemState
from tests.console.town_cases import FIXED, WAGES, WATER, WATER_ALERT
from tests.console.town_posts import NOW, TODAY, ZONE


def test_the_on_time_rate_counts_what_is_overdue_and_still_open(town: Services) -> None:
    figures = on_time(town.database, now=NOW, due_at=lambda post, _: post.asked_at + timedelta(days=15))
    # The street light was answered after 4 days; the unpaid wages are 11 days overdue.
    assert figures == OnTime(on_time=1, closed=1, overdue=1)
    assert figures.rate == 0.5


def test_a_late_answer_is_not_on_time(town: Services) -> None:
    figures = on_time(town.database, now=NOW, due_at=lambda post, _: post.asked_at + timedelta(days=3))
    assert figures == OnTime(on_time=0, closed=1, overdue=1)
    assert figures.rate == 0


def test_without_deadlines_there_is_no_rate() -> None:
    assert OnTime(on_time=0, closed=0, overdue=0).rate is None
    assert OnTime(on_time=0, closed=0, overdue=3).rate == 0


def test_the_trend_has_every_day_and_adds_up(town: Services) -> None:
    bars = trend(town.index, TODAY, zone=ZONE)
    assert [bar.day for bar in bars] == [TODAY - timedelta(days=29 - number) for number in range(30)]
    period_counts = town.database.posts.service_counts(_days(30), now=NOW)
    assert sum(bar.asked for bar in bars) == period_counts["asked"]
    assert sum(bar.waiting for bar in bars) == period_counts["open"]


def test_grave_old_problems_come_first_and_settled_ones_not_at_all(town: Services) -> None:
    found = [problem.id for problem in pressing_problems(town.database, now=NOW, limit=10)]
    assert found[0] == WAGES
    assert WATER in found
    assert FIXED not in found
    assert len(pressing_problems(town.database, now=NOW, limit=1)) == 1


def test_health_is_looked_at_again_after_a_while(fresh_town: Services) -> None:
    watch = Watch(
        lambda now: coverage_of(fresh_town.catalogue, fresh_town.database, now=now), kept=COVERAGE_KEPT
    )
    first = watch.look(NOW)
    assert sorted(gap.source for gap in first.gaps) == ["lake", "works"]
    assert watch.look(NOW + timedelta(seconds=5)) is first
    later = watch.look(NOW + timedelta(days=30))
    assert HealthState.BLIND in [gap.state for gap in later.gaps if gap.source == "board"]


def test_the_query_behind_an_alert_finds_its_posts(town: Services) -> None:
    alert = town.database.alerts.get(WATER_ALERT)
    assert alert is not None
    query = alert_query(alert, rule_filter(town.rules.folder, alert.rule))
    hits = town.index.search(query, limit=50).hits
    assert {hit.post_id for hit in hits} == set(alert.post_ids)
    assert alert_query(alert, None) == 'place:"南门街道" AND topic:"城乡建设"'


@pytest.mark.parametrize(
    ("before", "after"),
    [("", "新的"), ("旧的", ""), ("一。二。三。", "一。二改。三。"), ("同", "同"), ("甲" * 900, "乙" * 900)],
)
def test_a_comparison_holds_both_texts(before: str, after: str) -> None:
    pieces = list(compare(before, after))
    assert "".join(piece.text for piece in pieces if piece.change is not Change.ADDED) == before
    assert "".join(piece.text for piece in pieces if piece.change is not Change.REMOVED) == after


def test_many_days_are_drawn_together() -> None:
    days = [
        Bar(first=date(2020, 1, 1) + timedelta(days=n), last=date(2020, 1, 1) + timedelta(days=n), count=1)
        for n in range(1000)
    ]
    grouped = group_bars(days)
    assert len(grouped) <= MAX_BARS
    assert sum(bar.count for bar in grouped) == 1000
    assert (grouped[0].first, grouped[-1].last) == (days[0].first, days[-1].last)
    assert group_bars([]) == []


def test_traffic_is_said_in_units_that_people_read() -> None:
    said = [say_bytes(size, locale_of("zh")) for size in (0, 2_621, 784_764, 12_345_678_901)]
    assert said == ["0.0 kB", "2.6 kB", "784.8 kB", "12,345.7 MB"]


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=42.9), "42秒钟"),
        (timedelta(minutes=5), "5分钟"),
        (timedelta(hours=1, minutes=59), "1小时"),
        (timedelta(hours=47), "47小时"),
        (timedelta(days=11, hours=20), "11天"),
    ],
)
def test_spans_are_never_said_longer_than_they_are(length: timedelta, said: str) -> None:
    assert say_span(length, locale_of("zh")) == said


def test_unsettled_means_open_or_reopened(town: Services) -> None:
    states = {problem.state for problem in pressing_problems(town.database, now=NOW, limit=10)}
    assert states <= {ProblemState.OPEN, ProblemState.REOPENED}


def _days(days: int):  # type: ignore[no-untyped-def]  # a test's shorthand
    from records.times import day_period

    return day_period(TODAY - timedelta(days=days - 1), days=days, zone=ZONE)
