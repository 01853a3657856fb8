"""What speaks for one report belonging to one problem, and what to tell people of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from nlp.fingerprint import Fingerprint
from nlp.grams import Floats
from nlp.matter import DIMENSIONS
from nlp.shingles import PERMUTATIONS

COPY_SIMILARITY = 0.7
_ROADS = ("路", "街", "巷", "大道", "桥")  # two of them are a spot
# A logistic regression on what 95 known problems of tests/nlp/problems_dev.jsonl give (455 joins, 2,808
# refusals). Fitted on either half of them and tried on the other, four times, the mean best F1 is 0.88; the
# ten values weighed before gave 0.87, and boosted trees judged pairs no better. "crossing" is too rare there
# to be learnt: set by hand, so that short reports in wholly other words merge (tests/nlp/test_problems.py).
WEIGHTS = {
    "shared_names": 0.87,
    "usual_names": 1.68,
    "elsewhere": -4.82,
    "elsewhere_titled": -3.14,
    "elsewhere_shared_names": 1.82,
    "words": 4.94,
    "vector": 4.58,
    "title_covered": 3.42,
    "covers_title": 2.01,
    "crossing": 2.2,
    "size": 0.82,
    "days": -0.41,
}
BIAS = -8.47


@dataclass(slots=True)
class KnownProblem:
    """One problem, as the sum of its independent reports."""

    id: str
    n_voices: int = 0
    n_titled: int = 0
    last_asked: datetime | None = None
    keys: Counter[int] = field(default_factory=Counter)
    title_keys: Counter[int] = field(default_factory=Counter)
    title_names: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    words: dict[str, float] = field(default_factory=dict)
    title_words: dict[str, float] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)  # word → reports that say it
    vector: Floats = field(default_factory=lambda: np.zeros(DIMENSIONS, dtype=np.float32))
    # Kept up by `add`, so that no comparison has to go through all the words and keys.
    usual_keys: list[int] = field(default_factory=list)  # of the titles of half the reports and more
    words_length: float = 0.0
    title_weight: float = 0.0
    vector_length: float = 0.0
    voices: list[str] = field(default_factory=list)  # post ids, and beside them:
    minhashes: list[bytes] = field(default_factory=list)

    def add(self, post_id: str, report: Fingerprint) -> None:
        self.n_voices += 1
        self.n_titled += report.is_titled
        self.keys.update(report.keys)
        self.title_keys.update(report.title_keys)
        self.usual_keys = [key for key, n in self.title_keys.items() if 2 * n >= self.n_voices]
        self.title_names.update(report.title_names)
        self.names.update(report.names)
        self.said.update(report.words.keys())
        for word, weight in report.words.items():
            self.words[word] = self.words.get(word, 0.0) + weight
        for word, weight in report.title_words.items():
            self.title_words[word] = self.title_words.get(word, 0.0) + weight
        if report.vector.size:
            self.vector = self.vector + report.vector
        self.words_length = math.sqrt(sum([weight * weight for weight in self.words.values()]))
        self.title_weight = sum(self.title_words.values())
        self.vector_length = math.sqrt(self.vector @ self.vector)
        self.voices.append(post_id)
        self.minhashes.append(report.minhash.tobytes())

    def copied(self, report: Fingerprint) -> tuple[str | None, float]:
        """Return the earliest report whose text this one repeats, and how alike they are, 0-1."""
        if not report.minhash.size or not self.voices:
            return None, 0.0
        known = np.frombuffer(b"".join(self.minhashes), dtype=np.uint32).reshape(-1, PERMUTATIONS)
        alike = (known == report.minhash).mean(axis=1)
        best = int(alike.argmax())
        return (self.voices[best], float(alike[best])) if alike[best] >= COPY_SIMILARITY else (None, 0.0)


def evidence(
    report: Fingerprint, problem: KnownProblem, *, rarity: Callable[[int], float], asked_at: datetime
) -> dict[str, float]:
    """Return what speaks for and against the report belonging to the problem, by the names of WEIGHTS.

    `rarity` weighs a key; `asked_at` is the report's time.
    """
    shared = sum(
        [
            rarity(key) * min(1.0, problem.keys[key] / problem.n_voices)
            for key in report.title_keys
            if key in problem.keys
        ]
    )
    elsewhere = _elsewhere(report, problem)
    usual = [name for name in report.names if 3 * problem.names.get(name, 0) >= problem.n_voices]
    last = problem.last_asked or asked_at
    return {
        "shared_names": math.log1p(shared),
        "usual_names": _said_of_usual(report, problem, rarity),
        "elsewhere": float(elsewhere),
        "elsewhere_titled": float(elsewhere and report.is_titled and problem.n_titled > 0),
        # Names that differ, and yet share rare characters, may be one name written in two ways.
        "elsewhere_shared_names": elsewhere * math.log1p(shared),
        "words": _word_cosine(report.words, problem),
        "vector": _cosine(report.vector, problem),
        "title_covered": _covered_title(report.title_words, problem),
        "covers_title": _covers_title(report.words, problem),
        "crossing": float(sum(name.endswith(_ROADS) for name in usual) > 1),
        "size": math.log(problem.n_voices),
        "days": math.log1p(abs(asked_at - last) / timedelta(days=1)),
    }


def _said_of_usual(report: Fingerprint, problem: KnownProblem, rarity: Callable[[int], float]) -> float:
    """Return how much of the weight of the keys usual in the problem's titles the report says, 0-1."""
    rarities = {key: rarity(key) for key in problem.usual_keys}
    said = sum([weight for key, weight in rarities.items() if key in report.keys])
    return said / (sum(rarities.values()) or 1.0)


def _elsewhere(report: Fingerprint, problem: KnownProblem) -> bool:
    """Return whether both titles name a place, and neither's place is named by the other at all."""
    return (
        bool(report.title_names and problem.title_names)
        and not _overlap(report.title_names, problem.names)
        and not _overlap(problem.title_names, report.names)
    )


def _overlap(some: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether a name of one side is, or is part of, a name of the other (魅力之城, 万科魅力之城)."""
    others = list(others)
    return any(a in b or b in a for a in some for b in others)


def _cosine(unit: Floats, problem: KnownProblem) -> float:
    """Return the cosine of a report's vector, of unit length or zero, and a problem's."""
    length = problem.vector_length
    return float(unit @ problem.vector) / length if length and unit.size else 0.0


def _word_cosine(words: Mapping[str, float], problem: KnownProblem) -> float:
    """Return the cosine of a report's words (of unit length) and a problem's."""
    known = problem.words
    shared = sum([weight * known[word] for word, weight in words.items() if word in known])
    return shared / problem.words_length if problem.words_length else 0.0


def _covered_title(title_words: Mapping[str, float], problem: KnownProblem) -> float:
    """Return how much of the weight of a report's title the problem's reports say, each word by its share."""
    whole, said = sum(title_words.values()), problem.said
    shares = [weight * said[word] / problem.n_voices for word, weight in title_words.items() if word in said]
    return sum(shares) / whole if whole else 0.0


def _covers_title(words: Mapping[str, float], problem: KnownProblem) -> float:
    """Return how much of the weight of the problem's titles the report says."""
    said = sum([weight for word, weight in problem.title_words.items() if word in words])
    return said / problem.title_weight if problem.title_weight else 0.0


def copy_reason(alike: float) -> str:
    """Return in a sentence for people that the text was there before."""
    return "文字与先前一件相同" if alike > 0.99 else f"文字与先前一件有{alike:.0%}相同"


def reason_of(report: Fingerprint, problem: KnownProblem) -> str:
    """Return the shared place and the weightiest shared words, in a sentence for people."""
    places, words = shared_places(report, problem), shared_words(report, problem)
    parts = [f"同一地点“{places[0]}”"] if places else []
    parts += ["都说到" + "、".join(words[:3])] if words else []
    return "，".join(parts) or "名称与说法相近"


def shared_places(report: Fingerprint, problem: KnownProblem) -> list[str]:
    """Return the report's places that the problem names too: those of the title first, then the longest."""
    names = [name for name in report.names if _overlap([name], problem.names)]
    return sorted(names, key=lambda name: (name in report.title_names, len(name), name), reverse=True)


def shared_words(report: Fingerprint, problem: KnownProblem) -> list[str]:
    """Return the words of two characters and more that both say, the weightiest of the report first."""
    shared = [word for word in report.words if len(word) > 1 and word in problem.said]
    return sorted(shared, key=lambda word: (-report.words[word], word))


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What a report shares with those of its problem that came before it; all similarities are 0-1.

    `words` is the cosine of weighted words, `matter` that of word vectors: alike in meaning, whatever the
    words. `copy` is how much of an earlier text it repeats, 0 where it repeats none.
    """

    places: tuple[str, ...]
    shared_words: tuple[str, ...]
    words: float
    matter: float
    copy: float


def likeness(fingerprint: str, earlier: Sequence[tuple[str, str]]) -> Likeness | None:
    """Return what the report shares with the `earlier` ones, (post id, fingerprint); None without text."""
    report, problem = Fingerprint.decode(fingerprint), KnownProblem("")
    for post_id, text in earlier:
        problem.add(post_id, Fingerprint.decode(text))
    if not report.minhash.size or not problem.said:
        return None
    return Likeness(
        places=tuple(shared_places(report, problem)),
        shared_words=tuple(shared_words(report, problem)),
        words=_word_cosine(report.words, problem),
        matter=_cosine(report.vector, problem),
        copy=problem.copied(report)[1],
    )


def fold_copies(reports: Sequence[tuple[str, str, str | None]]) -> dict[str, str | None]:
    """Return post id → the earlier report that it repeats, for all reports of one problem.

    `reports` are (post id, fingerprint, what it was known to repeat), in order of time. What was known
    stays where that report is here, too: its text may be gone by now.
    """
    problem, copies = KnownProblem(""), dict[str, str | None]()
    for post_id, text, known in reports:
        report = Fingerprint.decode(text)
        copies[post_id] = known if known in copies else problem.copied(report)[0]
        if copies[post_id] is None:
            problem.add(post_id, report)
    return copies
