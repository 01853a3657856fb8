"""What a message is about: the best label, how likely it is right, and None where that is too unlikely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nlp.grams import Floats


@dataclass(frozen=True, slots=True)
class TopicGuess:
    """`topic` is None where the model abstains; `guess` is its best label even then."""

    topic: str | None
    guess: str
    score: float
    runner_up: str | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """Scores to probabilities: softmax(slope · scores + offsets), offsets (n_labels,)."""

    slope: float
    offsets: Floats

    def probabilities(self, scores: Floats) -> npt.NDArray[np.float64]:
        """Return (n, n_labels) whose rows sum to 1."""
        logits = np.multiply(scores, self.slope, dtype=np.float64) + self.offsets
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        ratios: npt.NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
        return ratios


@dataclass(frozen=True, slots=True)
class TopicDecider:
    """`threshold` is the score under which the model abstains."""

    labels: tuple[str, ...]
    calibration: Calibration
    threshold: float

    @classmethod
    def from_plain(cls, head: Mapping[str, Any]) -> Self:
        """Return the decider that `plain` gave. Raises KeyError."""
        offsets = np.array(head["offsets"], dtype=np.float32)
        return cls(tuple(head["labels"]), Calibration(head["slope"], offsets), head["threshold"])

    def plain(self) -> dict[str, Any]:
        """Return the decider as plain values, for a file."""
        return {
            "labels": list(self.labels),
            "slope": self.calibration.slope,
            "offsets": [round(float(offset), 6) for offset in self.calibration.offsets],
            "threshold": self.threshold,
        }

    def decide(self, scores: Floats) -> list[TopicGuess]:
        """Return a guess for each row of `scores` (n, n_labels)."""
        return [self._guess(chances) for chances in self.calibration.probabilities(scores).tolist()]

    def _guess(self, chances: Sequence[float]) -> TopicGuess:
        ranks = sorted(range(len(chances)), key=chances.__getitem__, reverse=True)
        guess, score = self.labels[ranks[0]], chances[ranks[0]]
        return TopicGuess(
            topic=guess if score >= self.threshold else None,
            guess=guess,
            score=round(score, 4),
            runner_up=self.labels[ranks[1]] if len(ranks) > 1 else None,
        )
