"""Topics that an installation defines itself, by a handful of examples: beside the trained ones, never in
their place.

Each is one label against the rest, the rest being ordinary messages: a message may have several of them, or
none. A definition goes with each and stands in the public register (`huiying topics`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from nlp.grams import CharGrams, Floats, WordTerms
from nlp.linear import TextScorer
from nlp.model_files import opened_model, unpacked
from nlp.reading import Reading

NAME = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTopicsModel:
    """`definitions` are name → definition, in the order of the scorer's columns; `thresholds` (n,)."""

    version: str
    definitions: Mapping[str, str]
    scorer: TextScorer
    thresholds: Floats

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the model in `folder`. Raises ConfigurationError where it cannot be used."""
        with opened_model(folder, NAME) as (head, arrays):
            scorer = TextScorer(
                words=WordTerms({word: column for column, word in enumerate(unpacked(arrays["words"]))}),
                grams=CharGrams.of(arrays["alphabet"].tobytes().decode(), arrays["gram_keys"]),
                idf=np.concatenate([arrays["word_idf"], arrays["gram_idf"]]),
                weights=np.vstack([arrays["word_weights"], arrays["gram_weights"]]),
                bias=arrays["bias"],
            )
            return cls(
                version=head["version"],
                definitions={topic["name"]: topic["definition"] for topic in head["topics"]},
                scorer=scorer,
                thresholds=arrays["thresholds"],
            )

    def decide(self, readings: Sequence[Reading]) -> list[tuple[str, ...]]:
        """Return for each message the topics that it has, in the order of `definitions`, often none."""
        weighed = self.scorer.weigh([r.pieces for r in readings], [r.whole for r in readings])
        has = self.scorer.scores(weighed) >= self.thresholds
        names = list(self.definitions)
        return [tuple(names[at] for at in np.flatnonzero(row)) for row in has]
