"""The count model behind `surge`: is what came in more than the time before makes likely?

Right for counts of 0-5 a day: a Poisson-gamma (negative binomial) predictive distribution per key, so that
few past reports mean a wide expectation, never a division by a small number.

1. Days are weighed by how they are lived (alerts.workdays), learnt from all keys together.
2. Blind days, and days before there was any data, are left out.
3. Tops of the past are cut down to the plausible: last month's water cut is not this month's normal.
4. More spread than Poisson has is estimated per key and drawn to that of all keys.
5. Over all keys that were looked at, the false discovery rate is held (Benjamini & Hochberg, Heyse).

The numbers below were set on simulated years of the real calendar; benchmarks/alerts.py prints the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from alerts.facts import Step
from alerts.workdays import DayKind, day_kind

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = Sequence[Sequence[int]] | NDArray[np.int32] | NDArray[np.int64]

# Below this many past windows a week's rhythm cannot be told from chance: nothing is judged.
MIN_DAYS = 14
MIN_BLOCKS = 4
# Half a report before the first: what has never come may come (Jeffreys' prior for a Poisson rate).
PRIOR_REPORTS = 0.5
# Reports of all keys together that a weekday's factor is drawn to 1 by.
WEEKDAY_PRIOR_REPORTS = 20.0
# Expected reports of a key that its own spread is drawn to everybody's by.
SPREAD_PRIOR_REPORTS = 20.0
# Share of a key's past windows, the largest, that a first guess of its rate does without.
TOPS = 0.05
# Past counts further than this many standard deviations above their expectation are cut down to there.
CUT_AT_DEVIATIONS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the model says of one key. `q_value`: the false discovery rate at which it would just be found."""

    expected: float
    p_value: float
    q_value: float


def judge(
    steps: Sequence[Step],
    counts: Counts,
    *,
    timeframe: timedelta,
    least: int,
    first: int | None = None,
) -> list[Verdict]:
    """Return a verdict for each of the `first` keys, or all; an empty list where the baseline is too short.

    `counts` (n_keys, n_steps) by `steps`, oldest first; the last ceil(timeframe / 24h) steps are the window.
    Counts below `least` are never found, and make no false findings.
    """
    if not len(counts):
        return []
    table = np.asarray(counts, dtype=np.float64)
    n_window = ceil(timeframe / timedelta(days=1))
    past, present = table[:, :-n_window], table[:, -n_window:].sum(axis=1)
    seen = np.array([not step.blind for step in steps[:-n_window]])
    weights = day_weights(steps, past.sum(axis=0), seen)
    blocks, block_weights = _blocks(past, weights[:-n_window], seen, n_window)
    if blocks.shape[1] < (MIN_DAYS if n_window == 1 else MIN_BLOCKS):
        return []
    expected, variance = predict(blocks, block_weights, float(weights[-n_window:].sum()))
    p_values = np.ones_like(present)
    large = present >= least
    p_values[large] = upper_tail(present[large], expected[large], variance[large])
    attainable = upper_tail(np.full_like(present, least), expected, variance)
    q_values = false_discovery(p_values, attainable)
    return [
        Verdict(expected=float(e), p_value=float(p), q_value=float(q))
        for e, p, q in zip(expected[:first], p_values[:first], q_values[:first], strict=True)
    ]


def day_weights(steps: Sequence[Step], totals: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Return each step's share of an ordinary day, learnt from the past `totals` (n_past,) of all keys.

    A step belongs to the day its middle falls on: all steps end at the same hour, so a shift is learnt too.
    """
    kinds = np.array([day_kind((s.period.start + s.period.length / 2).date()) for s in steps])
    past_kinds = kinds[: len(totals)]
    mean = float(totals[seen].mean()) if seen.any() else 0.0
    factors = np.ones(len(DayKind))
    if mean > 0:
        for kind in DayKind:
            of_kind = seen & (past_kinds == kind)
            flat = mean * int(of_kind.sum())
            factors[kind] = (float(totals[of_kind].sum()) + WEEKDAY_PRIOR_REPORTS) / (
                flat + WEEKDAY_PRIOR_REPORTS
            )
    return np.asarray(factors[kinds], dtype=np.float64)


def _blocks(past: Floats, weights: Floats, seen: NDArray[np.bool_], length: int) -> tuple[Floats, Floats]:
    """Return the past as windows of `length` steps, the last touching the present; none with a blind step."""
    if length == 1:
        return (past, weights) if seen.all() else (past[:, seen], weights[seen])
    spare = past.shape[1] % length
    counts = past[:, spare:].reshape(past.shape[0], -1, length).sum(axis=2)
    whole = seen[spare:].reshape(-1, length).all(axis=1)
    return counts[:, whole], weights[spare:].reshape(-1, length).sum(axis=1)[whole]


def predict(past: Floats, weights: Floats, window_weight: float) -> tuple[Floats, Floats]:
    """Return mean and variance of the next count per key.

    `past` is (n_keys, n_windows), `weights` (n_windows,). With a gamma posterior of shape a = prior + reports
    and rate b = weights, the next count is negative binomial with mean m = a·w/b and variance m·(1 + w/b);
    the spread beyond Poisson multiplies the variance.
    """
    exposure = float(weights.sum())
    whole = _Sums.of(past, weights)
    n_kept = past.shape[1] - ceil(past.shape[1] * TOPS)
    tops = np.partition(past, n_kept - 1, axis=1)[:, n_kept:]
    rates, spread = _first_guess(whole, tops, n_kept)
    for _ in range(2):  # a third round changes nothing
        # Few keys have a count that is cut: for the others the sums are known.
        cut = np.flatnonzero(tops.max(axis=1) > _ceiling(rates, weights.min(keepdims=True), spread)[:, 0])
        kept = np.minimum(past[cut], _ceiling(rates[cut], weights, spread[cut]))
        sums = whole.with_rows(cut, _Sums.of(kept, weights))
        rates = sums.counts / exposure
        spread = sums.variance_over_mean(weights, rates)
    mean = (PRIOR_REPORTS + rates * exposure) * window_weight / exposure
    return mean, mean * (1 + window_weight / exposure) * spread


def variance_over_mean(past: Floats, weights: Floats, rates: Floats) -> Floats:
    """Return variance over mean per key, at least 1, drawn to that of all keys by expected reports.

    `past` (n_keys, n_windows), two windows or more, by `weights` (n_windows,) and `rates` (n_keys,).
    """
    return _Sums.of(past, weights).variance_over_mean(weights, rates)


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of the windows of each key (n_keys,): the counts, their squares, and the counts by weight, summed."""

    counts: Floats
    squares: Floats
    weighted: Floats

    @classmethod
    def of(cls, past: Floats, weights: Floats) -> _Sums:
        return cls(past.sum(axis=1), np.einsum("ij,ij->i", past, past), past @ weights)

    def with_rows(self, rows: NDArray[np.intp], others: _Sums) -> _Sums:
        """Return the sums with those of `others`, one for each of `rows`, in their place."""
        made = _Sums(self.counts.copy(), self.squares.copy(), self.weighted.copy())
        made.counts[rows], made.squares[rows], made.weighted[rows] = (
            others.counts, others.squares, others.weighted,
        )  # fmt: skip
        return made

    def variance_over_mean(self, weights: Floats, rates: Floats) -> Floats:
        """What is expected of a window is rate·weight; the squared distances from it are summed by term."""
        n_windows = len(weights)
        apart = self.squares - 2 * rates * self.weighted + rates**2 * (weights @ weights)
        squares = np.maximum(apart, 0.0) * n_windows / (n_windows - 1)
        reports = rates * weights.sum()
        of_all = max(1.0, float(squares.sum() / max(reports.sum(), 1.0)))
        drawn = (squares + SPREAD_PRIOR_REPORTS * of_all) / (reports + SPREAD_PRIOR_REPORTS)
        return np.asarray(np.maximum(drawn, 1.0), dtype=np.float64)


def _first_guess(whole: _Sums, tops: Floats, n_kept: int) -> tuple[Floats, Floats]:
    """Return rate and spread per key, windows taken as alike, without the largest of each key (`tops`)."""
    counts = whole.counts - tops.sum(axis=1)
    kept = _Sums(counts, whole.squares - np.einsum("ij,ij->i", tops, tops), counts)
    rates = counts / n_kept
    return rates, kept.variance_over_mean(np.ones(n_kept), rates)


def _ceiling(rates: Floats, weights: Floats, spread: Floats) -> Floats:
    """Return rate·weight + CUT_AT_DEVIATIONS·√(rate·weight·spread), at least 2: one product of matrices."""
    deviations = CUT_AT_DEVIATIONS * np.sqrt(rates * spread)
    ceiling = np.column_stack([rates, deviations]) @ np.vstack([weights, np.sqrt(weights)])
    return np.asarray(np.maximum(ceiling, 2.0, out=ceiling), dtype=np.float64)


def upper_tail(counts: Floats, mean: Floats, variance: Floats) -> Floats:
    """Return P(Y ≥ count) of the negative binomial with this mean and variance (variance > mean)."""
    failures = variance - mean
    size = mean**2 / failures
    tail = betainc(np.maximum(counts, 1.0), size, failures / variance)
    return np.where(counts > 0, tail, 1.0)


def false_discovery(p_values: Floats, attainable: Floats) -> Floats:
    """Return for each p-value the false discovery rate at which it would just be found.

    `attainable` is the chance of each key, nothing being the matter, to be found at all; a p-value of 1 means
    it was not. A key that hardly ever reaches the least count adds hardly anything to the false findings
    (Heyse 2011, for discrete tests). Where all of it is 1, this is Benjamini & Hochberg's procedure.
    """
    order = np.argsort(p_values)
    rising = np.sort(attainable)
    sums = np.concatenate([[0.0], np.cumsum(rising)])
    below = np.searchsorted(rising, p_values[order])
    expected_false = sums[below] + p_values[order] * (len(rising) - below)
    expected_false[p_values[order] >= 1.0] = len(order)  # every key gets there
    rates = expected_false / np.arange(1, len(order) + 1)
    q_values = np.empty_like(p_values)
    q_values[order] = np.minimum(np.minimum.accumulate(rates[::-1])[::-1], 1.0)
    return q_values
