"""The class of the taxonomy's second level that a message is about, suggested by its words; None is unknown.

Words speak for classes (nlp/subtopics.toml), more so in the title. The class that most words speak for is
given if it stands below the topic and is far enough ahead of every other class, those of other topics
included: where the words contradict the topic, the second level is unknown.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from daachorse import MATCH_KIND_LEFTMOST_LONGEST, CharwiseDoubleArrayAhoCorasick

from nlp.reading import Reading
from nlp.topics import TopicGuess

TABLE = Path(__file__).with_name("subtopics.toml")
# By 640 messages labelled to be tuned on and half of 340 labelled twice (docs/decisions/017-second-level.md):
# of the surest 60 % of that half 87 % are right, and 83 to 88 % with strong words weighing 2 to 4, 1 or 2 for
# the title, 300 or 500 characters, a doubt of 3 or 5; the standard error is 3 points.
WEIGHTS = {"strong": 3.0, "weak": 1.0}
IN_TITLE = 2.0  # times its weight, beside the once that it counts anywhere
MAX_CHARACTERS = 500  # of the text
DOUBT = 3.0  # how much one strong word alone leaves open
# Nine of ten suggestions are right from here on: 89 % of those for 58 % of the messages, the topic being the
# machine's, and 92 % for 75 % below the topic as it was labelled.
THRESHOLD = 0.45


class Below(NamedTuple):
    """A class and the topic that it stands below."""

    topic: str
    name: str


def word_weights() -> dict[Below, dict[str, float]]:
    """Return how much each word of the table speaks for its class, the strong ones first."""
    return {
        Below(topic, name): {word: weight for kind, weight in WEIGHTS.items() for word in words[kind].split()}
        for topic, names in tomllib.loads(TABLE.read_text(encoding="utf-8")).items()
        for name, words in names.items()
    }


@dataclass(frozen=True, slots=True)
class SubtopicReader:
    """`weights[n]` says for which of `classes` word n of `words` speaks, and how much.

    13 µs a message, 3.4 ms and 0.3 MB to load.
    """

    classes: tuple[Below, ...]
    words: CharwiseDoubleArrayAhoCorasick
    weights: tuple[Mapping[int, float], ...]

    @classmethod
    def load(cls) -> Self:
        classes = word_weights()
        weights: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for at, words in enumerate(classes.values()):
            for word, weight in words.items():
                weights[word][at] = weight
        found = CharwiseDoubleArrayAhoCorasick(list(weights), MATCH_KIND_LEFTMOST_LONGEST)
        return cls(tuple(classes), found, tuple(weights.values()))

    def read(self, message: Reading, guess: TopicGuess) -> str | None:
        """Return the name of the class, None where it or the topic is unknown."""
        if guess.topic is None:
            return None
        support = self._support(message)
        below = [at for at, value in enumerate(support) if value and self.classes[at].topic == guess.topic]
        if not below:
            return None
        best = max(below, key=support.__getitem__)
        value, support[best] = support[best], 0.0
        ahead = value / (value + max(support) + DOUBT)
        return self.classes[best].name if guess.score * ahead >= THRESHOLD else None

    def _support(self, message: Reading) -> list[float]:
        """Return how much the message's words speak for each class."""
        title = len(message.title)
        text = message.whole[: title + 1 + MAX_CHARACTERS]
        counts: dict[int, float] = {}
        for start, _, word in self.words.find(text):
            if start < title:
                counts[word] = 1 + IN_TITLE
            else:
                counts.setdefault(word, 1.0)
        support = [0.0] * len(self.classes)
        for word, count in counts.items():
            for at, weight in self.weights[word].items():
                support[at] += weight * count
        return support
