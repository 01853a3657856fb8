"""The comparison of two periods: which keys have more reports than before, or fewer, by more than chance?

1. Days are weighed by how they are lived, and blind ones left out of both periods (alerts.surge).
2. How much more a key's days differ than Poisson's is learnt from the days before the later period.
3. Given a key's reports in both periods, those of the later are beta-binomial: the exact test for two sums of
   negative binomial days of one spread, the binomial test where there is none.
4. Over all keys looked at, the false discovery rate is held; a key that could be found by no split of its few
   reports is not tested (Tarone 1990).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import betaln

from alerts.facts import Step
from alerts.surge import MIN_DAYS, Counts, day_weights, false_discovery, variance_over_mean

# Tests of discrete counts with a learnt spread: at this, at most 0.04 of the comparisons of 30 places where
# nothing changed named any, by length of periods (1 to 28 days) and spread (1 to 2.5); at 0.05 up to 0.08.
FDR = 0.03
# The beta-binomial has no spread of exactly 1; at this it is the binomial to the third digit.
_LEAST_SPREAD = 1.001


class Change(StrEnum):
    """What became of a key; STEADY where chance may explain the difference."""

    ROSE = "rose"
    FELL = "fell"
    NEW = "new"
    GONE = "gone"
    STEADY = "steady"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Reports of one key on the days seen. `expected`: of now, were it as before; `ratio`: now over expected.

    `ratio` is None where there were none before. `p_value` is two-sided, `q_value` the false discovery rate
    at which the change would just be named.
    """

    key: str
    before: int
    now: int
    expected: float
    ratio: float | None
    p_value: float
    q_value: float
    change: Change


def compare(
    keys: Sequence[str], counts: Counts, steps: Sequence[Step], *, n_before: int, n_now: int
) -> list[Compared]:
    """Return what became of each key, the strongest change first.

    `counts` (n_keys, n_steps) by `steps`: days of look-back, the `n_before` of the earlier period, and last
    the `n_now` of the later. Each period has a day that is not blind.
    """
    table = np.asarray(counts, dtype=np.float64).reshape(len(keys), len(steps))
    seen = np.array([not step.blind for step in steps])
    past, past_seen = table[:, :-n_now], seen[:-n_now]
    weights = day_weights(steps, past.sum(axis=0), past_seen)
    earlier, later = slice(-n_now - n_before, -n_now), slice(-n_now, None)
    before, now = (table[:, part] @ seen[part] for part in (earlier, later))
    exposures = [float(weights[part] @ seen[part]) for part in (earlier, later)]
    share = exposures[1] / sum(exposures)
    spread = np.ones(len(keys))
    if past_seen.sum() >= MIN_DAYS:
        past, past_weights = past[:, past_seen], weights[:-n_now][past_seen]
        spread = variance_over_mean(past, past_weights, past.sum(axis=1) / past_weights.sum())
    tests = [_test(*row, share=share) for row in zip(now, before + now, spread, strict=True)]
    p_values = np.array([p_value for p_value, _ in tests])
    q_values = false_discovery(p_values, np.array([least <= FDR for _, least in tests], dtype=np.float64))
    found = [
        _compared(key, int(b), int(n), expected=b * exposures[1] / exposures[0], p_value=p, q_value=q)
        for key, b, n, p, q in zip(
            keys, before.tolist(), now.tolist(), p_values.tolist(), q_values.tolist(), strict=True
        )
    ]
    return sorted(found, key=lambda one: (one.p_value, -abs(one.now - one.expected), one.key))


def _test(now: float, total: float, spread: float, *, share: float) -> tuple[float, float]:
    """Return the p-value of `now` of `total` reports, and the least that any split of them has.

    A sum of negative binomial days of mean m has size m / (spread - 1); `total` is the best guess of
    both means together. A key that no split could name has a p-value of 1.
    """
    if not total:
        return 1.0, 1.0
    size = total / (max(spread, _LEAST_SPREAD) - 1)
    splits = np.arange(total + 1)
    ways = -betaln(total - splits + 1, splits + 1) - np.log(total + 1)
    sizes = size * share, size * (1 - share)
    chances = np.exp(ways + betaln(splits + sizes[0], total - splits + sizes[1]) - betaln(*sizes))
    least = 2 * float(min(chances[0], chances[-1]))
    if least > FDR:
        return 1.0, least
    tails = chances[: int(now) + 1].sum(), chances[int(now) :].sum()
    return min(1.0, 2 * float(min(tails))), least


def _compared(
    key: str, before: int, now: int, *, expected: float, p_value: float, q_value: float
) -> Compared:
    return Compared(
        key=key,
        before=before,
        now=now,
        expected=expected,
        ratio=now / expected if before else None,
        p_value=p_value,
        q_value=q_value,
        change=_change(before, now, expected) if q_value <= FDR else Change.STEADY,
    )


def _change(before: int, now: int, expected: float) -> Change:
    if not before:
        return Change.NEW
    if not now:
        return Change.GONE
    return Change.ROSE if now > expected else Change.FELL
