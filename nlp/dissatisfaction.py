"""How badly the service fails the person who writes, 0-1. Facts count; anger, insults and marks do not.

Under 0.25: asks or thanks · under 0.5: an inconvenience · under 0.75: a clear failure · above: grave or
repeated (docs/labelling.md).
"""

from __future__ import annotations

import math

import numpy as np

from nlp.facts import Facts
from nlp.grams import Floats
from records.analysis import Intent, UrgencyCode

MARKS = (0.0, 0.25, 0.5, 0.75, 1.0)


# What the guideline grades by itself, so that a short message is not drawn to the middle: the least of each.
LEAST: dict[str, float] = {UrgencyCode.UTILITY_CUT: 0.5, UrgencyCode.UNPAID_WAGES: 0.75}
REPEATED_STEP = 0.25
# Owed for over a year and chased; without the chasing, plans that wait would count (kappa 0.747, not 0.761).
LASTING, LEAST_LASTING = {"not_done", "for_years"}, 0.5
MOST_OF_THANKS = 0.2  # thanks with no open request: nothing is wrong now


def place_dissatisfaction(raw: Floats, cuts: tuple[float, ...]) -> list[float]:
    """Return 0-1 for each raw score; `cuts` are the raw scores of 0, 0.25, 0.5, 0.75 and 1."""
    placed: list[float] = np.interp(raw, cuts, MARKS).tolist()
    return placed


def settle_dissatisfaction(placed: float, intent: Intent, facts: Facts) -> float:
    """Return the dissatisfaction, two decimals, rounded down so that one just under a level stays under.

    `placed` is the learnt one; a sure fact that the message asserts for its own case sets the least.
    """
    if intent is Intent.THANKS:
        return min(MOST_OF_THANKS, math.floor(placed * 100) / 100)
    least = max((LEAST.get(h.cue.code, 0.0) for h in facts.asserted if h.cue.sure), default=0.0)
    chased = facts.names(UrgencyCode.REPEATED_ASKING)
    if least and chased:
        least = min(0.75, least + REPEATED_STEP)
    if chased and {hit.cue.name for hit in facts.asserted} >= LASTING:
        least = max(least, LEAST_LASTING)
    return math.floor(max(placed, least) * 100 + 1e-6) / 100
