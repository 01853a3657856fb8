"""What is fetched for all the moments of a trial at once is what the index says at each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.gather import zone_of_midnight
from alerts.one_pass import OnePass
from alerts.past import Clock, Gathered
from alerts.reading import Question, Reading
from nlp.segment import words
from records.query import GroupSeries, Interval
from records.times import DEFAULT_ZONE, Period
from storage.tantivy_index import TantivyIndex
from tests.alerts.conftest import Town
from tests.alerts.samples import DAY, HOUR, NOW


class Counting(TantivyIndex):
    """An index that counts what it is asked."""

    asked = 0

    def group_counts(self, *asked: Any, **stated: Any) -> list[GroupSeries]:
        self.asked += 1
        return super().group_counts(*asked, **stated)


@pytest.fixture
def index(town: Town, tmp_path: Path) -> Iterator[Counting]:
    for number in range(120):
        asked_at = NOW - number * 7 * HOUR - number % 11 * timedelta(minutes=13)
        town.post(asked_at=asked_at, place=f"A{number % 4}区")
    town.catch_up()
    made = Counting(tmp_path / "index", segment=words, zone=DEFAULT_ZONE)
    yield made
    made.close()


def questions(now: datetime) -> list[Question]:
    """Return what rules ask at a moment: of days, of hours, of a window."""
    days = Period(start=now - 10 * DAY, end=now)
    return [
        Question(query="停水", period=days, by=("place",), interval=Interval.DAY, zone=zone_of_midnight(now)),
        Question(query="停水", period=days, interval=Interval.DAY, zone=zone_of_midnight(now)),
        Question(query="停水", period=Period(start=now - 2 * DAY, end=now), by=("place",)),
    ]


def totals(reading: Reading, question: Question) -> list[tuple[object, int]]:
    return [(one.key, one.total) for one in reading.counts(question)]


def table(reading: Reading, question: Question) -> dict[tuple[str, ...], list[int]]:
    if question.interval is None:
        return {}
    found = reading.table(question)
    return {tuple(key.values()): row.tolist() for key, row in zip(found.keys, found.counts, strict=True)}


@pytest.mark.parametrize(("every", "most"), [(DAY, 9), (6 * HOUR, 9), (HOUR, 9), (timedelta(minutes=30), 18)])
def test_it_says_what_the_index_says_having_asked_it_little(
    index: Counting, every: timedelta, most: int
) -> None:
    moments = [NOW - 20 * DAY + n * every for n in range(20)]
    one_pass = OnePass(index, Gathered([], Clock(now=NOW)), every=every, until=moments[-1])
    one_by_one = Reading(index)
    for question in (question for now in moments for question in questions(now)):
        before = index.asked
        counted = totals(one_pass, question), table(one_pass, question)
        most -= index.asked - before
        assert counted == (totals(one_by_one, question), table(one_by_one, question))
    assert most >= 0
