"""The facts that a message states, by the cues of urgency and dissatisfaction, and as columns of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from nlp.assertion import Statement
from nlp.cues import CueTable, Hit
from nlp.grams import Floats
from nlp.intent import INTENTS, title_intent

TABLES = tuple(Path(__file__).parent / f"{name}.toml" for name in ("urgency", "dissatisfaction"))
# A cue counts twice at most; it weighs about as much as the strongest word of a message.
MOST_HITS, CUE_SCALE = 2, 0.3


def load_cues() -> CueTable:
    """Return the cues of urgency and dissatisfaction as one table."""
    return CueTable.load(*TABLES)


@dataclass(frozen=True, slots=True)
class Facts:
    """The cues that a message asserts for its own case, and those that it denies, supposes or has settled."""

    asserted: tuple[Hit, ...]
    denied: tuple[Hit, ...]

    @classmethod
    def of(cls, text: str, cues: CueTable) -> Self:
        """Find the facts of a normalised text."""
        statement = Statement.of(text)
        asserted: list[Hit] = []
        denied: list[Hit] = []
        for hit in cues.find(text):
            (asserted if statement.asserts(hit.start, hit.end) else denied).append(hit)
        return cls(tuple(asserted), tuple(denied))

    def names(self, code: str) -> bool:
        """Return whether some asserted cue is a reason of `code`."""
        return any(hit.cue.code == code and hit.cue.weight > 0 for hit in self.asserted)


def fact_features(facts: Sequence[Facts], titles: Sequence[str], cues: CueTable) -> Floats:
    """Return (n, 2 · n_cues + n_intents), float32.

    Columns: how often each cue is asserted, whether it is denied, and the intent that the title states.
    """
    at = {cue.name: column for column, cue in enumerate(cues.cues)}
    asserted, denied = np.zeros((2, len(facts), len(at)), dtype=np.float32)
    stated = np.zeros((len(facts), len(INTENTS)), dtype=np.float32)
    for row, (found, title) in enumerate(zip(facts, titles, strict=True)):
        for hit in found.asserted:
            asserted[row, at[hit.cue.name]] += 1
        for hit in found.denied:
            denied[row, at[hit.cue.name]] = 1
        intent = title_intent(title)
        if intent is not None:
            stated[row, INTENTS.index(intent)] = 1
    counts = np.minimum(asserted, MOST_HITS)
    features: Floats = np.hstack([CUE_SCALE * counts, CUE_SCALE * denied, stated])
    return features.astype(np.float32)
