"""The count model: how fast it judges, its false alarms in quiet years, and how soon it finds a rise.

    python -m benchmarks alerts

The peer of the speed is the test that most tools do: a z-score per key in plain Python, on the same counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import fmean, pstdev

import numpy as np
from scipy.stats import poisson

from tests.alerts.simulation import BASELINE, day_factors, found, look, town

KEYS = 3500  # 500 places, 7 topics
DAYS = 366
TRIALS = 60


def main() -> None:
    speed()
    false_alarms()
    detection()


def speed() -> None:
    counts = town(list(np.random.default_rng(1).gamma(0.5, 0.4, KEYS)), days=BASELINE + 1, spread=1.3, seed=1)
    counts[0, -1] = 30
    rows = counts.tolist()
    model = _seconds(lambda: look(counts, BASELINE + 1))
    peer = _seconds(lambda: [_z_score(row) for row in rows])
    assert look(counts, BASELINE + 1)[0].q_value < 1e-6
    assert _z_score(rows[0]) > 5
    ratio = f"ratio {model / peer:.2f}"
    print(f"judge {KEYS:,} keys: {model * 1000:.0f} ms; z-scores: {peer * 1000:.0f} ms; {ratio}")


def false_alarms() -> None:
    print(f"days with an alarm in a quiet year ({DAYS} days, all keys together)")
    for title, rates in (
        ("1 key, 3 a day", [3.0]),
        ("30 keys, 0.1 to 2 a day", list(np.geomspace(0.1, 2, 30))),
        ("20 keys, 3 a day", [3.0] * 20),
    ):
        for spread in (1.0, 1.5):
            counts = town(rates, days=BASELINE + DAYS, spread=spread, seed=2025)
            ends = range(BASELINE + 1, BASELINE + DAYS)
            model = fmean(bool(found(counts, end).any()) for end in ends)
            peer = fmean(
                any(_z_alarm(row[end - BASELINE - 1 : end]) for row in counts.tolist()) for end in ends
            )
            print(f"  {title:24} variance/mean {spread}: {model:6.1%}   z-score > 3: {peer:6.1%}")


def detection() -> None:
    print("share of rises from 3 a day that are found, by the windows of one and three days")
    for factor in (2, 3, 5):
        shares = [_share_found(factor, within) for within in (1, 2, 3, 4)]
        print(
            f"  to {3 * factor:2} a day, within 1 2 3 4 days: "
            + "  ".join(f"{share:.0%}" for share in shares)
        )
    least = next(n for n in range(50) if poisson.sf(n - 1, 6) <= 0.05)
    bound = poisson.sf(least - 1, 12)
    print(f"  the best test of two days, rate known, 5 % false alarms, finds a doubling: {bound:.0%}")


def _share_found(factor: int, within: int) -> float:
    hits = []
    for seed in range(TRIALS):
        start = BASELINE + 3 + seed % 7
        counts = town([3.0], days=start + within, spread=1, seed=seed)
        means = 3.0 * factor * day_factors(start + within)[start:]
        counts[0, start:] = np.random.default_rng(10_000 + seed).poisson(means)
        ends = range(start + 1, start + within + 1)
        hits.append(any(found(counts, end, window=w, ratio=1.5).any() for end in ends for w in (1, 3)))
    return fmean(hits)


def _z_score(row: list[int]) -> float:
    past, present = row[:-1], row[-1]
    return (present - fmean(past)) / max(pstdev(past), 0.1)


def _z_alarm(row: list[int]) -> bool:
    return row[-1] >= 4 and _z_score(row) > 3


def _seconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)
