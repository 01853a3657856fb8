"""What rules ask of an index: in parts, and once a round, with the same answers."""

from __future__ import annotations

import pytest

from alerts.gather import zone_of_midnight
from alerts.reading import OneRound, Question
from records.query import Interval
from records.times import Period
from tests.alerts.conftest import Town
from tests.alerts.samples import DAY, HOUR, NOW


def test_a_table_is_the_same_in_parts(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        town.post(asked_at=NOW - number % 9 * DAY - HOUR, place=f"A{number % 7}区")
    town.catch_up()
    index, span = town.sight().index, Period(start=NOW - 9 * DAY, end=NOW)
    question = Question(
        query="", by=("place",), period=span, interval=Interval.DAY, zone=zone_of_midnight(NOW)
    )
    whole = index.table(question)
    monkeypatch.setattr("alerts.reading.MOST_BUCKETS", 21)
    parts = index.table(question)
    assert whole.keys == parts.keys
    assert whole.counts.tolist() == parts.counts.tolist()
    assert whole.counts.sum() == 40


def test_a_round_sees_one_state_of_the_index(town: Town) -> None:
    question = Question(query="停水", by=("place",), period=Period(start=NOW - DAY, end=NOW))
    town.post(asked_at=NOW - HOUR)
    town.catch_up()
    this_round = OneRound(town.index)

    def seen(reading: OneRound) -> tuple[int, int]:
        return reading.counts(question)[0].total, len(reading.newest("停水", question.period))

    assert seen(this_round) == (1, 1)
    town.post(asked_at=NOW - HOUR)
    town.catch_up()
    assert seen(this_round) == (1, 1)
    assert seen(OneRound(town.index)) == (2, 2)
