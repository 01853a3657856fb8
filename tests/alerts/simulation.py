"""Simulated years of a town's counts on the real calendar: small, uneven, more spread than Poisson."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from alerts.facts import Step
from alerts.rule_types import SurgeRule
from alerts.surge import Verdict, judge
from alerts.workdays import day_kind
from records.times import DEFAULT_ZONE, Period

BASELINE = 56
FDR = SurgeRule.model_fields["fdr"].default
FIRST_DAY = date(2024, 11, 1)
# Monday to Sunday, as shares of an ordinary day: fewer people write at weekends.
WEEK = np.array([1.25, 1.1, 1.05, 1.05, 1.0, 0.7, 0.55])


def day_factors(days: int) -> NDArray[np.float64]:
    return np.array([WEEK[day_kind(FIRST_DAY + timedelta(days=n))] for n in range(days)])


def town(rates: Sequence[float], *, days: int, spread: float, seed: int) -> NDArray[np.int64]:
    """Return counts (n_keys, days); `spread` is variance over mean."""
    draw = np.random.default_rng(seed)
    means = np.outer(rates, day_factors(days))
    if spread == 1:
        return draw.poisson(means)
    return draw.negative_binomial(means / (spread - 1), 1 / spread)


def steps(first: int, last: int, *, blind: Sequence[int] = ()) -> list[Step]:
    """Return the days numbered `first` to `last` (exclusive)."""
    found = []
    for number in range(first, last):
        day = FIRST_DAY + timedelta(days=number)
        start = datetime(day.year, day.month, day.day, tzinfo=DEFAULT_ZONE)
        found.append(Step(period=Period(start=start, end=start + timedelta(days=1)), blind=number in blind))
    return found


def look(counts: NDArray[np.int64], end: int, *, window: int = 1, least: int = 4) -> list[Verdict]:
    """Return the verdicts of a rule that runs at the end of day `end` - 1."""
    first = end - BASELINE - window
    return judge(
        steps(first, end), counts[:, first:end].tolist(), timeframe=timedelta(days=window), least=least
    )


def found(
    counts: NDArray[np.int64],
    end: int,
    *,
    window: int = 1,
    fdr: float = FDR,
    least: int = 4,
    ratio: float = 2.0,
) -> NDArray[np.bool_]:
    """Return for each key whether the rule would fire, as alerts.evaluate decides it."""
    present = counts[:, end - window : end].sum(axis=1)
    return np.array(
        [
            verdict.q_value <= fdr and n >= least and n >= ratio * verdict.expected
            for verdict, n in zip(look(counts, end, window=window, least=least), present, strict=True)
        ]
    )
