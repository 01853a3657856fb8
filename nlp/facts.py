"""The facts that a message states, by the cues of urgency and dissatisfaction, and as columns of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from nlp.asking import AskingWords
from nlp.assertion import Signs, Statement
from nlp.cues import CueTable, Hit
from nlp.grams import Floats
from nlp.intent import INTENTS, title_intent

TABLES = tuple(Path(__file__).parent / f"{name}.toml" for name in ("urgency", "dissatisfaction"))
# A cue counts twice at most; it weighs about as much as the strongest word of a message.
MOST_HITS, CUE_SCALE = 2, 0.3
GRAVE = 2  # the least weight of what does harm; below it stands the risk, which a near miss shows as well


@dataclass(frozen=True, slots=True)
class Facts:
    """The cues that a message asserts for its own case, and those that it denies, supposes or has settled.

    `nearly` are grave ones that did not quite happen.
    """

    asserted: tuple[Hit, ...]
    nearly: tuple[Hit, ...]
    denied: tuple[Hit, ...]

    @classmethod
    def of(cls, statement: Statement, cues: CueTable) -> Self:
        """Find the facts of a normalised text."""
        asserted: list[Hit] = []
        nearly: list[Hit] = []
        denied: list[Hit] = []
        for hit in cues.find(statement.text):
            if not statement.asserts(hit.start, hit.end):
                denied.append(hit)
            elif hit.cue.weight >= GRAVE and statement.nearly(hit.start):
                nearly.append(hit)
            else:
                asserted.append(hit)
        return cls(tuple(asserted), tuple(nearly), tuple(denied))

    def names(self, code: str) -> bool:
        """Return whether some asserted cue is a reason of `code`."""
        return any(hit.cue.code == code and hit.cue.weight > 0 for hit in self.asserted)


@dataclass(frozen=True, slots=True)
class FactReader:
    """The tables: cues of urgency and dissatisfaction, and the words by which a message asks."""

    cues: CueTable
    signs: Signs
    asking: AskingWords

    @classmethod
    def load(cls) -> Self:
        """Read the tables."""
        return cls(CueTable.load(*TABLES), Signs.load(), AskingWords.load())

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the names of what is counted: a model learnt with others cannot be used."""
        return (*(cue.name for cue in self.cues.cues), *self.asking.kinds)

    def read(self, text: str) -> Facts:
        """Return the facts of a normalised text."""
        return Facts.of(self.signs.read(text), self.cues)

    def columns(self, facts: Sequence[Facts], titles: Sequence[str], texts: Sequence[str]) -> Floats:
        """Return (n, n_columns), float32, for the facts, normalised titles and texts of n messages.

        Columns: how often each cue is asserted or nearly so, whether it is denied, the intent that the title
        states, and those of `AskingWords`.
        """
        at = {cue.name: column for column, cue in enumerate(self.cues.cues)}
        asserted, denied = np.zeros((2, len(facts), len(at)), dtype=np.float32)
        stated = np.zeros((len(facts), len(INTENTS)), dtype=np.float32)
        for row, (found, title) in enumerate(zip(facts, titles, strict=True)):
            for hit in (*found.asserted, *found.nearly):
                asserted[row, at[hit.cue.name]] += 1
            for hit in found.denied:
                denied[row, at[hit.cue.name]] = 1
            intent = title_intent(title)
            if intent is not None:
                stated[row, INTENTS.index(intent)] = 1
        counts = np.minimum(asserted, MOST_HITS)
        asked = self.asking.columns(titles, texts)
        columns: Floats = np.hstack([CUE_SCALE * counts, CUE_SCALE * denied, stated, asked])
        return columns.astype(np.float32)
