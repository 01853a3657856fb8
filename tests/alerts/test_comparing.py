"""Two periods of a small town compared over a real index; which days may be compared."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from alerts.comparing import FIELDS, Comparison, compare_periods
from alerts.coverage import Coverage, Gap
from alerts.health import HealthState
from alerts.periods import Change
from alerts.reading import Reading
from alerts.two_periods import Days, TwoPeriods, two_periods
from nlp.segment import words
from records.errors import Rejected
from records.post import Channel
from records.times import DEFAULT_ZONE
from storage.indexer import reindex
from storage.query import QueryError
from storage.search_engines import open_index
from tests.alerts.conftest import Town
from tests.alerts.samples import NOW
from tests.storage.clusters import dropped, unused_name

TODAY = NOW.date()
WEEKS = two_periods(today=TODAY)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def fill(town: Town) -> None:
    """Nine weeks of a report a day in A3区 and one in B1区; in the last week five more a day in B1区."""
    for days in range(1, 64):
        at = NOW - timedelta(days=days)
        town.post(asked_at=at, place="A3区")
        town.post(asked_at=at, place="B1区", source="lake")
        town.post(asked_at=at, place="C2区", source="paper", channel=Channel.NEWS)
        for _ in range(5 if days <= 7 else 0):
            town.post("路灯坏了", asked_at=at, place="B1区", topic="交通运输", source="lake")
    town.catch_up()


def compared(town: Town, by: str = "place", coverage: Coverage | None = None, **asked: Any) -> Comparison:
    periods = asked.pop("periods", WEEKS)
    return compare_periods(
        Reading(town.index), coverage or Coverage(), by, periods, zone=DEFAULT_ZONE, **asked
    )


def gap(source: str, first: int, last: int) -> Gap:
    """Return that the source was blind from `first` to `last` days ago, both whole days."""
    start, end = (
        datetime(day.year, day.month, day.day, tzinfo=DEFAULT_ZONE) for day in (ago(first), ago(last - 1))
    )
    return Gap(
        source=source, title=source, place=None, channel=Channel.INBOX, state=HealthState.BLIND,
        start=start, end=end, is_blind=True, lasts=False,
    )  # fmt: skip


def test_what_rose_is_named_and_what_did_not_is_not(town: Town) -> None:
    fill(town)
    found = compared(town)
    rose, steady = found.rows
    assert (rose.key, rose.before, rose.now, rose.change) == ("B1区", 7, 42, Change.ROSE)
    assert (steady.key, steady.before, steady.now, steady.change) == ("A3区", 7, 7, Change.STEADY)
    assert (found.total.before, found.total.now, found.total.change) == (14, 49, Change.ROSE)
    assert rose.ratio == pytest.approx(6, rel=0.1)
    assert (found.n_seen, found.n_unseen, found.left_out) == (14, 0, ())
    assert [(one.key, one.change) for one in compared(town, "topic").rows] == [
        ("交通运输", Change.NEW),
        ("城乡建设", Change.STEADY),
    ]


def test_elasticsearch_gives_the_same(town: Town, elasticsearch_server: str) -> None:
    fill(town)
    url = f"{elasticsearch_server}/{unused_name()}"
    with dropped(url), closing(open_index(url, segment=words, zone=DEFAULT_ZONE)) as index:
        reindex(town.database, index, segment=words)
        found = compare_periods(Reading(index), Coverage(), "place", WEEKS, zone=DEFAULT_ZONE)
    assert found == compared(town)


def test_every_field_can_be_compared_by_and_the_query_narrows(town: Town) -> None:
    fill(town)
    assert all(compared(town, by).total.now == 49 for by in FIELDS)
    assert [one.key for one in compared(town, "source").rows] == ["lake", "board"]
    assert [one.key for one in compared(town, query="停水 OR place:A3区").rows] == ["A3区", "B1区"]
    nothing = compared(town, query="下雪")
    assert (nothing.rows, nothing.total.before, nothing.total.now) == ([], 0, 0)
    with pytest.raises(QueryError):
        compared(town, query="((")


def test_the_days_that_a_source_missed_count_in_neither_period(town: Town) -> None:
    fill(town)
    two_days = Coverage(gaps=(gap("board", 3, 2),))
    found = compared(town, coverage=two_days)
    assert (found.n_seen, found.n_unseen, found.left_out) == (12, 2, ())
    assert [(one.key, one.before, one.now) for one in found.rows] == [("B1区", 7, 30), ("A3区", 7, 5)]
    assert found.rows[1].expected == pytest.approx(5, rel=0.1)


def test_a_source_that_missed_most_of_a_period_is_left_out_of_both(town: Town) -> None:
    fill(town)
    found = compared(town, coverage=Coverage(gaps=(gap("lake", 5, 1),)))
    assert (found.left_out, found.n_unseen) == (("lake",), 0)
    assert [(one.key, one.before, one.now) for one in found.rows] == [("A3区", 7, 7)]
    # Seen in both periods, it is compared, whatever became of it since.
    earlier = two_periods(since=ago(20), until=ago(14), today=TODAY)
    assert compared(town, coverage=Coverage(gaps=(gap("lake", 5, 1),)), periods=earlier).left_out == ()


def test_days_before_there_was_any_message_are_not_quiet_ones(town: Town) -> None:
    fill(town)
    first = two_periods(since=ago(61), until=ago(58), today=TODAY)
    found = compared(town, periods=first)
    # Of the four days before, the first two have nothing, and the third is the day that the messages begin.
    assert (first.before, found.n_unseen) == (Days(first=ago(65), last=ago(62)), 3)
    assert [one.change for one in found.rows] == [Change.STEADY, Change.STEADY]


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        ({"by": "topics"}, "bad_field", '"topics" is no field to compare by (did you mean "topic"?)'),
        ({"by": "author"}, "bad_field", '"author" is no field to compare by'),
        ({"periods": two_periods(until=ago(300), today=TODAY)}, "empty", "no message was asked in it"),
        (
            {"coverage": Coverage(gaps=(gap("a", 7, 5), gap("b", 4, 2), gap("c", 1, 1)))},
            "unseen",
            "every day of it was missed by a source",
        ),
    ],
)
def test_what_cannot_be_compared_is_one_line(town: Town, asked: dict[str, Any], code: str, said: str) -> None:
    fill(town)
    with pytest.raises(Rejected) as raised:
        compared(town, **asked)
    assert raised.value.code == code
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("asked", "before", "now"),
    [
        ({}, (14, 8), (7, 1)),
        ({"since": 3}, (6, 4), (3, 1)),
        ({"since": 20, "until": 11}, (30, 21), (20, 11)),
        ({"since": 20, "until": 11, "with_since": 40}, (40, 31), (20, 11)),
        ({"with_until": 31}, (37, 31), (7, 1)),
        ({"with_since": 40, "with_until": 11}, (40, 11), (7, 1)),
    ],
)
def test_what_is_not_stated_is_the_last_week_and_as_long_before(
    asked: dict[str, int], before: tuple[int, int], now: tuple[int, int]
) -> None:
    found = two_periods(**{name: ago(days) for name, days in asked.items()}, today=TODAY)
    assert found == TwoPeriods(
        before=Days(first=ago(before[0]), last=ago(before[1])), now=Days(first=ago(now[0]), last=ago(now[1]))
    )


def test_a_year_before_are_the_same_days() -> None:
    found = two_periods(since=date(2024, 2, 1), until=date(2024, 2, 29), year_before=True, today=TODAY)
    assert found.before == Days(first=date(2023, 2, 1), last=date(2023, 2, 28))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"since": ago(3), "until": ago(5)}, "reversed"),
        ({"with_since": ago(30), "with_until": ago(40)}, "reversed"),
        ({"until": TODAY}, "not_over"),
        ({"since": ago(400)}, "too_long"),
        ({"with_since": ago(10)}, "overlap"),
        ({"since": ago(30), "until": ago(25), "with_since": ago(10)}, "overlap"),
        ({"since": ago(366), "year_before": True}, "overlap"),
        ({"with_since": ago(30), "year_before": True}, "two_ways"),
    ],
)
def test_periods_that_cannot_be_are_refused(asked: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as raised:
        two_periods(**asked, today=TODAY)
    assert raised.value.code == code
