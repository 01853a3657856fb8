"""One trained model: the shared scorer, and what turns its scores into topics and intents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nlp.grams import CharGrams, WordTerms
from nlp.linear import TextScorer, counted
from nlp.model_files import opened_model, save_model, unpacked
from nlp.segment import normal_words, normalise
from nlp.topics import TopicDecider, TopicGuess

NAME = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`scorer` gives one column per topic, then one per learnt intent.

    `named` (n_words,) marks the words that the segmenter's dictionary holds as names of persons.
    """

    version: str
    scorer: TextScorer
    named: npt.NDArray[np.bool_]
    topics: TopicDecider
    intents: TopicDecider

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the model in `folder`. Raises ConfigurationError where it cannot be used."""
        with opened_model(folder, NAME) as (head, arrays):
            return cls(
                version=head["version"],
                scorer=_scorer(arrays),
                named=arrays["named"],
                topics=TopicDecider.from_plain(head["topics"]),
                intents=TopicDecider.from_plain(head["intents"]),
            )

    def guess_topics(self, messages: Sequence[tuple[str, str]]) -> list[TopicGuess]:
        """Return a guess for each message, given as title and text."""
        texts = [normalise(counted(title, text)) for title, text in messages]
        weighed = self.scorer.weigh([normal_words(text) for text in texts], texts)
        return self.topics.decide(self.scorer.scores(weighed)[:, : len(self.topics.labels)])

    def save(self, folder: Path) -> Self:
        """Write the model into `folder` and read it back, so that its version is the one on disk."""
        head = {"name": NAME, "topics": self.topics.plain(), "intents": self.intents.plain()}
        save_model(folder, head, {**_arrays(self.scorer), "named": self.named})
        return type(self).load(folder)


def _scorer(arrays: Mapping[str, Any]) -> TextScorer:
    words = unpacked(arrays["words"])
    return TextScorer(
        words=WordTerms({word: column for column, word in enumerate(words)}),
        grams=CharGrams.of(arrays["alphabet"].tobytes().decode(), arrays["gram_keys"]),
        idf=np.concatenate([arrays["word_idf"], arrays["gram_idf"]]),
        weights=np.vstack([arrays["word_weights"], arrays["gram_weights"]]).astype(np.float32),
        bias=arrays["bias"],
    )


def _arrays(scorer: TextScorer) -> dict[str, Any]:
    n_words = len(scorer.words.columns)
    weights = scorer.weights.astype(np.float16)
    return {
        "words": np.frombuffer("\n".join(scorer.words.columns).encode(), dtype=np.uint8),
        "alphabet": np.frombuffer(scorer.grams.alphabet.encode(), dtype=np.uint8),
        "gram_keys": scorer.grams.table.keys,
        "word_idf": scorer.idf[:n_words],
        "gram_idf": scorer.idf[n_words:],
        # Half precision: the file is half as large and no decision changes (tests/nlp/test_training.py).
        "word_weights": weights[:n_words],
        "gram_weights": weights[n_words:],
        "bias": scorer.bias,
    }
