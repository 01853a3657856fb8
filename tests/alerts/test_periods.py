"""Two periods compared by counts alone: right under no change, able to see a change, blind days left out."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from alerts.periods import Change, Compared, compare
from tests.alerts.simulation import steps, town

LOOKBACK = 56


def compared(
    counts: NDArray[np.int64], *, days: tuple[int, int] = (7, 7), blind: tuple[int, ...] = ()
) -> dict[str, Compared]:
    keys = [str(row) for row in range(len(counts))]
    found = compare(keys, counts, steps(0, counts.shape[1], blind=blind), n_before=days[0], n_now=days[1])
    return {one.key: one for one in found}


def alone(before: list[int], now: list[int], *, blind: tuple[int, ...] = ()) -> Compared:
    """Return the comparison of one key whose look-back is a report every other day."""
    counts = np.array([[0, 1] * (LOOKBACK // 2) + before + now])
    return compared(counts, days=(len(before), len(now)), blind=blind)["0"]


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ([1, 0, 1, 0, 1, 0, 0], [3, 4, 2, 3, 4, 2, 3], Change.ROSE),
        ([3, 4, 2, 3, 4, 2, 3], [1, 0, 1, 0, 1, 0, 0], Change.FELL),
        ([0] * 7, [3, 4, 2, 3, 4, 2, 3], Change.NEW),
        ([3, 4, 2, 3, 4, 2, 3], [0] * 7, Change.GONE),
        ([1, 0, 1, 0, 1, 0, 0], [1, 1, 0, 1, 1, 0, 0], Change.STEADY),
        ([0] * 7, [1, 0, 0, 1, 0, 0, 0], Change.STEADY),
    ],
)
def test_a_change_has_a_name_only_past_chance(before: list[int], now: list[int], change: Change) -> None:
    found = alone(before, now)
    assert (found.change, found.before, found.now) == (change, sum(before), sum(now))
    assert found.ratio == (pytest.approx(sum(now) / found.expected) if sum(before) else None)


def test_periods_of_unequal_length_are_compared_by_what_their_days_are_worth() -> None:
    found = alone([2] * 28, [2] * 7)
    assert (found.before, found.now) == (56, 14)
    assert found.expected == pytest.approx(14, rel=0.05)
    assert found.p_value > 0.5


def test_blind_days_are_left_out_of_both_sides() -> None:
    before, now = [4] * 7, [4, 4, 4, 0, 0, 0, 0]
    quiet = alone(before, now)
    told = alone(before, now, blind=tuple(range(LOOKBACK + 10, LOOKBACK + 14)))
    assert told.expected == pytest.approx(12, rel=0.15)
    assert quiet.expected > 20
    assert told.p_value > 0.5 > quiet.p_value
    # What came on a blind day says nothing either.
    loud = alone(before, [4] * 6 + [40], blind=(LOOKBACK + 13,))
    assert loud.now == 24


def test_days_that_vary_more_make_less_of_the_same_difference() -> None:
    even, uneven = [2] * LOOKBACK, [0, 0, 0, 8] * (LOOKBACK // 4)
    week = [2] * 7 + [5] * 7
    found = [compared(np.array([past + week]))["0"].p_value for past in (even, uneven)]
    assert found[0] < 0.02 < found[1]


def test_without_a_look_back_days_are_taken_as_poisson() -> None:
    assert compare(["a"], [[2, 20]], steps(0, 2), n_before=1, n_now=1)[0].change is Change.ROSE
    assert compare(["a"], [[2, 5]], steps(0, 2), n_before=1, n_now=1)[0].change is Change.STEADY
    assert compare([], [], steps(0, 2), n_before=1, n_now=1) == []


@pytest.mark.parametrize("spread", [1.0, 1.5, 2.5])
@pytest.mark.parametrize("days", [(7, 7), (28, 7), (1, 1)])
def test_where_nothing_changed_hardly_a_comparison_names_anything(
    spread: float, days: tuple[int, int]
) -> None:
    """Thirty places of 0.1 to 5 reports a day on the real calendar, 120 times."""
    named = []
    for seed in range(120):
        counts = town(list(np.geomspace(0.1, 5.0, 30)), days=LOOKBACK + sum(days), spread=spread, seed=seed)
        named.append(any(one.change is not Change.STEADY for one in compared(counts, days=days).values()))
    assert np.mean(named) <= 0.05, f"{np.sum(named)} of {len(named)}"


@pytest.mark.parametrize(("places", "days", "least"), [(1, 7, 0.5), (30, 14, 0.5), (30, 28, 0.9)])
def test_a_doubling_from_three_a_day_is_found(places: int, days: int, least: float) -> None:
    """No test of 21 against 42 at 0.05 finds more than P(Binomial(63, 2/3) ≥ 40) = 0.75."""
    hits = []
    for seed in range(100):
        counts = town([3.0] * places, days=LOOKBACK + 2 * days, spread=1, seed=seed)
        counts[0, -days:] += town([3.0], days=LOOKBACK + 2 * days, spread=1, seed=1000 + seed)[0, -days:]
        hits.append(compared(counts, days=(days, days))["0"].change is Change.ROSE)
    assert np.mean(hits) >= least


def test_the_strongest_change_comes_first() -> None:
    counts = town([3.0] * 5, days=LOOKBACK + 14, spread=1, seed=1)
    counts[3, -7:] *= 3
    found = list(compared(counts).values())
    assert found[0].key == "3"
    assert [one.p_value for one in found] == sorted(one.p_value for one in found)
