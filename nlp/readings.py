"""What is learnt of intent, dissatisfaction and urgency, and the facts it is learnt from.

Each reading is a sum of weights: of the words and character n-grams that the topic model already counts, of
the kinds of facts that the tables of cues find, and of what the title asks for. The cues give the words that
a reason quotes; how much each counts is learnt from labelled messages (nlp/readings_training.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import numpy as np

from nlp.dissatisfaction import place_dissatisfaction, settle_dissatisfaction
from nlp.facts import FactReader, Facts
from nlp.grams import SIZE, CharGrams, Floats, Ints
from nlp.intent import read_intents
from nlp.linear import TextScorer
from nlp.model_files import SHIPPED, opened_model, save_model
from nlp.topics import TopicDecider
from nlp.urgency import read_urgency
from records.analysis import Intent, UrgencyCode, UrgencyReason
from records.errors import ConfigurationError

NAME = "readings"
FOLDER = SHIPPED / NAME
# A date that nears has too few labels (14) to learn from: its cue alone decides.
LEARNT_CODES = (
    UrgencyCode.DANGER,
    UrgencyCode.UTILITY_CUT,
    UrgencyCode.UNPAID_WAGES,
    UrgencyCode.VULNERABLE,
    UrgencyCode.REPEATED_ASKING,
)
N_LEVELS = 2  # dissatisfaction and urgency come before the codes, the learnt intents after them


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is read: `title` and `text` are normalised, `whole` is both."""

    title: str
    text: str
    whole: str
    asked_at: datetime
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The three readings of one message; intent_score and dissatisfaction are 0-1, urgency 0-3."""

    intent: Intent
    intent_score: float
    dissatisfaction: float
    urgency: int
    reasons: tuple[UrgencyReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsModel:
    """Weights for `n_out` outputs: two levels, the learnt codes, the learnt intents.

    `word_weights` (n_words, n_out) and `gram_weights` (n_keys, n_out) are for the terms `words` and `grams`,
    `fact_weights` (n_facts, n_out) for the columns of `FactReader`, `bias` (n_out,). `cuts` (5,) are the
    raw dissatisfactions of 0, 0.25, 0.5, 0.75 and 1; `floors` the score from which each code is given.
    """

    version: str
    words: tuple[str, ...]
    grams: CharGrams
    word_weights: Floats
    gram_weights: Floats
    fact_weights: Floats
    bias: Floats
    kinds: tuple[str, ...]
    cuts: tuple[float, ...]
    floors: Mapping[UrgencyCode, float]
    intents: TopicDecider

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Self:
        """Read the model in `folder`. Raises ConfigurationError where it cannot be used."""
        with opened_model(folder, NAME) as (head, arrays):
            return cls(
                version=head["version"],
                words=tuple(arrays["words"].tobytes().decode().split("\n")),
                grams=CharGrams.of(arrays["alphabet"].tobytes().decode(), arrays["gram_keys"]),
                word_weights=arrays["word_weights"].astype(np.float32),
                gram_weights=arrays["gram_weights"].astype(np.float32),
                fact_weights=arrays["fact_weights"],
                bias=arrays["bias"],
                kinds=tuple(head["kinds"]),
                cuts=tuple(head["cuts"]),
                floors={UrgencyCode(code): floor for code, floor in head["floors"].items()},
                intents=TopicDecider.from_plain(head["intents"]),
            )

    def save(self, folder: Path) -> Self:
        """Write the model into `folder` and read it back, so that its version is the one on disk."""
        head = {
            "name": NAME,
            "kinds": list(self.kinds),
            "cuts": list(self.cuts),
            "floors": {str(code): floor for code, floor in self.floors.items()},
            "intents": self.intents.plain(),
        }
        arrays = {
            "words": np.frombuffer("\n".join(self.words).encode(), dtype=np.uint8),
            "alphabet": np.frombuffer(self.grams.alphabet.encode(), dtype=np.uint8),
            "gram_keys": self.grams.table.keys,
            "word_weights": self.word_weights.astype(np.float16),
            "gram_weights": self.gram_weights.astype(np.float16),
            "fact_weights": self.fact_weights,
            "bias": self.bias,
        }
        save_model(folder, head, arrays)
        return type(self).load(folder)

    def beside(self, scorer: TextScorer) -> TextScorer:
        """Return `scorer` with this model's outputs as further columns; a term that it lacks is not read."""
        at = {word: row for row, word in enumerate(self.words)}
        words = [at.get(word, -1) for word in scorer.words.columns]
        grams = self.grams.table.find(_respelt(scorer.grams, self.grams))
        rows = np.concatenate([words, np.where(grams >= 0, len(self.words) + grams, -1)])
        nothing = np.zeros((1, len(self.bias)), dtype=np.float32)
        weights = np.vstack([self.word_weights, self.gram_weights, nothing])
        return replace(
            scorer,
            weights=np.hstack([scorer.weights, weights[rows]]),
            bias=np.concatenate([scorer.bias, self.bias]),
        )

    def read(self, messages: Sequence[Message], outputs: Floats) -> list[Readings]:
        """Return the readings of each message from its `outputs` (n, n_out)."""
        learnt = outputs[:, N_LEVELS + len(LEARNT_CODES) :]
        intents = read_intents([m.title for m in messages], [m.text for m in messages], learnt, self.intents)
        placed = place_dissatisfaction(outputs[:, 0], self.cuts)
        found = []
        for row, message in enumerate(messages):
            scores = zip(LEARNT_CODES, outputs[row, N_LEVELS:].tolist(), strict=False)
            urgency, reasons = read_urgency(
                message.whole,
                message.facts,
                message.asked_at,
                learnt=float(outputs[row, 1]),
                holds={code: score > self.floors[code] for code, score in scores},
            )
            if intents[row][0] is Intent.THANKS:  # thanks with no open request: nothing is left to wait for
                urgency, reasons = 0, ()
            found.append(
                Readings(
                    intent=intents[row][0],
                    intent_score=intents[row][1],
                    dissatisfaction=settle_dissatisfaction(placed[row], intents[row][0], message.facts),
                    urgency=urgency,
                    reasons=reasons,
                )
            )
        return found

    def check(self, facts: FactReader) -> Self:
        """Return self. Raises ConfigurationError where it was trained with other kinds of facts."""
        if self.kinds != facts.kinds:
            raise ConfigurationError(f"model {NAME}: its facts are not those of the tables (train it again)")
        return self


def _respelt(grams: CharGrams, other: CharGrams) -> Ints:
    """Return the keys of `grams` in the numbers of the other's alphabet, 0 where it lacks a character."""
    numbers = np.zeros(SIZE, dtype=np.int64)
    codes = np.array([ord(char) for char in grams.alphabet], dtype=np.int64)
    numbers[1 : len(codes) + 1] = other.numbers[codes]
    keys = grams.table.keys
    first, second, third = keys // SIZE // SIZE, keys // SIZE % SIZE, keys % SIZE
    known = (numbers[second] > 0) & (numbers[third] > 0) & ((first == 0) | (numbers[first] > 0))
    return np.where(known, (numbers[first] * SIZE + numbers[second]) * SIZE + numbers[third], 0)
