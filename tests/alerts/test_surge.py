from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from alerts.surge import day_weights, false_discovery, judge, upper_tail
from tests.alerts.simulation import BASELINE, FDR, WEEK, day_factors, found, look, steps, town

DAY = timedelta(days=1)
WINDOWS = (1, 3)  # days


def judged(past: list[int], present: int) -> tuple[float, float]:
    (verdict,) = judge(steps(0, len(past) + 1), [[*past, present]], timeframe=DAY, least=2)
    return verdict.expected, verdict.p_value


def test_fourteen_where_half_a_report_a_day_is_usual_is_a_surge() -> None:
    expected, p_value = judged([1, 0] * 28, 14)
    assert 0.3 < expected < 0.7
    assert p_value < 1e-6


@pytest.mark.parametrize(("present", "likely"), [(0, 1.0), (1, 0.9), (3, 0.4), (6, 0.05)])
def test_ordinary_days_are_likely(present: int, likely: float) -> None:
    _, p_value = judged([3, 2, 4, 3, 1, 5, 3, 3] * 7, present)
    assert p_value >= likely


def test_a_short_past_makes_wide_expectations() -> None:
    _, after_two_weeks = judged([1, 0] * 7, 4)
    _, after_eight_weeks = judged([1, 0] * 28, 4)
    assert after_two_weeks > 1.5 * after_eight_weeks


def test_nothing_is_judged_before_there_is_a_past() -> None:
    assert judge(steps(0, 14), [[0] * 13 + [9]], timeframe=DAY, least=2) == []
    assert judge(steps(0, 14), [], timeframe=DAY, least=2) == []
    assert len(judge(steps(0, 15), [[0] * 14 + [9]], timeframe=DAY, least=2)) == 1


def test_blind_days_are_not_taken_for_quiet_ones() -> None:
    usual = [4] * BASELINE
    gap = [0 if 20 <= day < 45 else 4 for day in range(BASELINE)]
    counts = [[*gap, 6]]
    seen = judge(steps(0, BASELINE + 1), counts, timeframe=DAY, least=2)[0]
    told = judge(steps(0, BASELINE + 1, blind=range(20, 45)), counts, timeframe=DAY, least=2)[0]
    whole = judge(steps(0, BASELINE + 1), [[*usual, 6]], timeframe=DAY, least=2)[0]
    assert seen.expected < 3 < told.expected
    assert told.expected == pytest.approx(whole.expected, rel=0.05)


def test_last_months_water_cut_is_not_this_months_normal() -> None:
    quiet = [1, 0, 0, 1] * 14
    cut = [*quiet[:30], 25, 18, *quiet[32:]]
    assert judged(cut, 9)[1] < 0.001
    assert judged(cut, 9)[0] < 1.0


def test_weekdays_and_holidays_are_learnt_from_all_keys() -> None:
    counts = town([2.0] * 30, days=BASELINE, spread=1, seed=3)
    weights = day_weights(steps(0, BASELINE), counts.sum(axis=0).astype(float), np.ones(BASELINE, dtype=bool))
    assert weights / weights.mean() == pytest.approx(
        day_factors(BASELINE) / day_factors(BASELINE).mean(), abs=0.12
    )
    assert WEEK[0] > WEEK[6]


def test_a_weekend_rush_is_told_from_a_weekday_one() -> None:
    weekly = [6, 6, 6, 6, 6, 0, 0]  # day 0 is a Friday: put it first
    past = [weekly[(day + 4) % 7] for day in range(BASELINE)]
    friday, p_friday = judged(past, 7)
    saturday, p_saturday = judged([*past[1:], 6], 7)
    assert friday > 4 > 2 > saturday
    assert p_saturday < 0.02 < p_friday


def test_the_tail_is_that_of_the_negative_binomial() -> None:
    mean, variance = np.array([3.0]), np.array([4.5])
    size, success = 9 / 1.5, 3.0 / 4.5
    draws = np.random.default_rng(1).negative_binomial(size, success, 200_000)
    for count in (1, 4, 8):
        assert upper_tail(np.array([float(count)]), mean, variance)[0] == pytest.approx(
            float((draws >= count).mean()), abs=0.004
        )
    assert upper_tail(np.array([0.0]), mean, variance)[0] == 1.0


def test_benjamini_hochberg_as_in_the_paper() -> None:
    # The 15 p-values of Benjamini & Hochberg (1995), section 3.2: four are rejected at 0.05.
    published = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    q_values = false_discovery(np.array(published), np.ones(15))
    assert (q_values <= 0.05).sum() == 4
    shuffled = np.random.default_rng(0).permutation(15)
    assert false_discovery(np.array(published)[shuffled], np.ones(15)) == pytest.approx(q_values[shuffled])


@pytest.mark.parametrize("spread", [1.0, 1.5])
def test_a_quiet_year_has_hardly_an_alarm(spread: float) -> None:
    """Thirty places of 0.1 to 2 reports a day, 2025's calendar, every day looked at: nothing happens."""
    counts = town(list(np.geomspace(0.1, 2.0, 30)), days=BASELINE + 366, spread=spread, seed=2025)
    days = [found(counts, end).any() for end in range(BASELINE + 1, BASELINE + 366)]
    assert np.mean(days) <= 0.05, f"{np.sum(days)} of {len(days)} days"


@pytest.mark.parametrize(("factor", "within", "least"), [(2, 2, 0.4), (2, 5, 0.8), (3, 2, 0.8), (5, 1, 0.8)])
def test_a_rise_from_three_a_day_is_found(factor: float, within: int, least: float) -> None:
    """One place that is watched on its own, by the windows that the shipped rules have.

    No test of two days' counts finds a doubling more often than 0.65 at 5 % false alarms: with the rate
    known, P(Poisson(6) ≥ 11) = 0.043 and P(Poisson(12) ≥ 11) = 0.65.
    """
    hits = []
    for seed in range(60):
        start = BASELINE + max(WINDOWS) + seed % 7
        counts = town([3.0], days=start + within, spread=1, seed=seed)
        rise = np.random.default_rng(10_000 + seed).poisson(
            3.0 * factor * day_factors(start + within)[start:]
        )
        counts[0, start:] = rise
        looks = range(start + 1, start + within + 1)
        hits.append(any(found(counts, end, window=w, ratio=1.5).any() for end in looks for w in WINDOWS))
    assert np.mean(hits) >= least


def test_places_that_can_hardly_be_found_make_hardly_any_false_findings() -> None:
    alone = false_discovery(np.array([0.01]), np.array([1.0]))[0]
    sleepy = false_discovery(np.array([0.01, *[1.0] * 99]), np.array([1.0, *[1e-6] * 99]))[0]
    busy = false_discovery(np.array([0.01, *[1.0] * 99]), np.ones(100))[0]
    assert alone == pytest.approx(0.01)
    assert sleepy == pytest.approx(0.01, rel=0.01)
    assert busy == pytest.approx(1.0)


def test_looking_at_more_places_asks_for_more() -> None:
    alone = town([3.0], days=BASELINE + 1, spread=1, seed=1)
    alone[0, -1] = 9
    crowd = np.vstack([alone, town([3.0] * 99, days=BASELINE + 1, spread=1, seed=2)])
    assert look(alone, BASELINE + 1)[0].q_value <= FDR < look(crowd, BASELINE + 1)[0].q_value
