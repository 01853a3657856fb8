"""The facts that a message states, by the cues of urgency and dissatisfaction, and as columns of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

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
    """The tables: cues of urgency and dissatisfaction, and the words by which a message asks.

    `at` is the number of each cue. `most` and `scale` (n_columns,) are how often each column counts at most,
    and what it weighs each time.
    """

    cues: CueTable
    signs: Signs
    asking: AskingWords
    at: Mapping[str, int]
    most: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]

    @classmethod
    def of(cls, cues: CueTable, signs: Signs, asking: AskingWords) -> Self:
        """Return the reader of these tables."""
        n_cues = len(cues.cues)
        limits = [(MOST_HITS, CUE_SCALE)] * n_cues + [(1, CUE_SCALE)] * n_cues + [(1, 1)] * len(INTENTS)
        most, scale = np.array([*limits, *asking.limits]).T
        return cls(cues, signs, asking, {cue.name: at for at, cue in enumerate(cues.cues)}, most, scale)

    @classmethod
    def load(cls) -> Self:
        """Read the tables."""
        return cls.of(CueTable.load(*TABLES), Signs.load(), AskingWords.load())

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the names of what is counted: a model learnt with others cannot be used."""
        return (*self.at, *self.asking.kinds)

    def read(self, text: str) -> Facts:
        """Return the facts of a normalised text."""
        return Facts.of(self.signs.read(text), self.cues)

    def columns(self, facts: Sequence[Facts], titles: Sequence[str], texts: Sequence[str]) -> Floats:
        """Return (n, n_columns), float32, for the facts, normalised titles and texts of n messages.

        Columns: how often each cue is asserted or nearly so, whether it is denied, the intent that the title
        states, and those of `AskingWords`.
        """
        width = len(self.most)
        counted: list[int] = []  # columns of the flat array
        for row, message in enumerate(zip(facts, titles, texts, strict=True)):
            counted += [row * width + column for column in self._columns_of(*message)]
        counts = np.bincount(counted, minlength=width * len(facts)).reshape(len(facts), width)
        columns: Floats = (np.minimum(counts, self.most) * self.scale).astype(np.float32)
        return columns

    def _columns_of(self, facts: Facts, title: str, text: str) -> list[int]:
        at, n_cues = self.at, len(self.at)
        columns = [at[cue.name] for cue, _, _ in facts.asserted]
        columns += [at[cue.name] for cue, _, _ in facts.nearly]
        columns += [n_cues + at[cue.name] for cue, _, _ in facts.denied]
        intent = title_intent(title)
        if intent is not None:
            columns.append(2 * n_cues + INTENTS.index(intent))
        return columns + [2 * n_cues + len(INTENTS) + column for column in self.asking.columns(title, text)]
