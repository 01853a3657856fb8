"""What speaks for one report belonging to one problem, and what to tell people of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nlp.fingerprint import PERMUTATIONS, Fingerprint
from nlp.grams import Floats
from nlp.matter import DIMENSIONS

COPY_SIMILARITY = 0.7
_ROADS = ("路", "街", "巷", "大道", "桥")  # two of them are a spot
# A logistic regression on the 373 joins and 2,019 refusals that tests/nlp/problems_dev.jsonl gives. Fitted on
# either half of its problems and tried on the other, the mean best F1 is 0.89 (0.92 for those of five
# reports and more). Then "same_place" (0.2) and "crossing" (rare there) were raised by hand, so that short
# reports in wholly other words merge (tests/nlp/test_problems.py): 0.88 (0.92) with these, on all of it.
WEIGHTS = {
    "title_key_mass": 0.9,
    "title_key_share": 0.5,
    "same_place": 0.8,
    "crossing": 2.2,
    "elsewhere": -2.7,
    "words": 5.0,
    "title_vector": 1.1,
    "vector": 4.0,
    "title_covered": 1.9,
    "covers_title": 2.6,
}
BIAS = -8.6


@dataclass(slots=True)
class KnownProblem:
    """One problem, as the sum of its independent reports."""

    id: str
    n_voices: int = 0
    n_titled: int = 0
    keys: Counter[int] = field(default_factory=Counter)
    title_names: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    words: dict[str, float] = field(default_factory=dict)
    title_words: dict[str, float] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)  # word → reports that say it
    vector: Floats = field(default_factory=lambda: np.zeros(DIMENSIONS, dtype=np.float32))
    title_vector: Floats = field(default_factory=lambda: np.zeros(DIMENSIONS, dtype=np.float32))
    # Kept up by `add`, so that no comparison has to go through all the words.
    words_length: float = 0.0
    title_weight: float = 0.0
    vector_length: float = 0.0
    title_vector_length: float = 0.0
    voices: list[str] = field(default_factory=list)  # post ids, and beside them:
    minhashes: list[bytes] = field(default_factory=list)

    def add(self, post_id: str, report: Fingerprint) -> None:
        self.n_voices += 1
        self.n_titled += report.is_titled
        self.keys.update(report.keys)
        self.title_names.update(report.title_names)
        self.names.update(report.names)
        self.said.update(report.words.keys())
        for word, weight in report.words.items():
            self.words[word] = self.words.get(word, 0.0) + weight
        for word, weight in report.title_words.items():
            self.title_words[word] = self.title_words.get(word, 0.0) + weight
        if report.vector.size:
            self.vector = self.vector + report.vector
            self.title_vector = self.title_vector + report.title_vector
        self.words_length = math.sqrt(sum([weight * weight for weight in self.words.values()]))
        self.title_weight = sum(self.title_words.values())
        self.vector_length = math.sqrt(self.vector @ self.vector)
        self.title_vector_length = math.sqrt(self.title_vector @ self.title_vector)
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


def evidence(report: Fingerprint, rarities: Mapping[int, float], problem: KnownProblem) -> dict[str, float]:
    """Return what speaks for and against the report belonging to the problem, by the names of WEIGHTS.

    `rarities` are those of the report's title keys.
    """
    shared = sum(
        [
            rarity * min(1.0, problem.keys[key] / problem.n_voices)
            for key, rarity in rarities.items()
            if key in problem.keys
        ]
    )
    usual = [name for name in report.names if 3 * problem.names.get(name, 0) >= problem.n_voices]
    return {
        "title_key_mass": math.log1p(shared),
        "title_key_share": shared / (sum(rarities.values()) or 1.0),
        "same_place": float(_overlap(report.title_names, problem.title_names)),
        "elsewhere": float(_elsewhere(report, problem)),
        "crossing": float(sum(name.endswith(_ROADS) for name in usual) > 1),
        "words": _word_cosine(report.words, problem),
        "title_vector": _cosine(report.title_vector, problem.title_vector, problem.title_vector_length),
        "vector": _cosine(report.vector, problem.vector, problem.vector_length),
        "title_covered": _covered_title(report.title_words, problem),
        "covers_title": _covers_title(report.words, problem),
    }


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


def _cosine(unit: Floats, other: Floats, length: float) -> float:
    """Return the cosine of a report's vector, of unit length or zero, and a problem's."""
    return float(unit @ other) / length if length and unit.size else 0.0


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
        matter=_cosine(report.vector, problem.vector, problem.vector_length),
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
