"""Reports of the same thing, merged as they arrive.

A report joins a problem where place and matter agree: the same estate, road or company, and the same
complaint, in whatever words. Each report is compared only with the problems that share a rare pair of
characters (so names are found that no pattern knows) or its text's MinHash; the likeliest one takes it if
it is likely enough, else it opens a problem of its own.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from nlp.fingerprint import PERMUTATIONS, Fingerprint
from nlp.fingerprinting import fingerprint
from nlp.grams import Floats
from nlp.matter import DIMENSIONS
from nlp.places import find_places
from nlp.summary import summarise
from records.post import Post
from records.problem import Membership, problem_id

__all__ = ["ProblemMatcher", "fingerprint", "merge_stream", "summarise"]

BANDS = 4
ROWS = 4  # of the eight of a band: a copy with one sentence changed still meets its model
COPY_SIMILARITY = 0.7
SAME_WORDS = 0.7
PRIOR_MESSAGES = 5000  # how many messages a key's rarity is reckoned on before the first has come
MOST_PROBLEMS = 100  # a key of more problems leads nowhere
MOST_CANDIDATES = 12
LEAST_SHARED = 8.0  # weight of shared keys: about two pairs that are nowhere else
BODY_KEY = 0.6  # a pair in the text proves less than one in the title

_ROADS = ("路", "街", "巷", "大道", "桥")  # two of them are a spot
# Leads other than pairs (whose hashes have 32 bits) have a number above those.
_NAME_LEAD, _BAND_LEAD = 1 << 32, 1 << 33
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
THRESHOLD = -1.6  # of -1.9 to 0: a missed report of a large problem costs more than a stranger in it


@dataclass(slots=True)
class _Known:
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
        if not report.minhash.size:
            return None, 0.0
        known = np.frombuffer(b"".join(self.minhashes), dtype=np.uint32).reshape(-1, PERMUTATIONS)
        alike = (known == report.minhash).mean(axis=1)
        best = int(alike.argmax())
        return (self.voices[best], float(alike[best])) if alike[best] >= COPY_SIMILARITY else (None, 0.0)


class ProblemMatcher:
    """Merges reports one by one. The state is what was added, in that order: batches make no difference."""

    def __init__(self) -> None:
        self._problems: list[_Known] = []
        self._numbers: dict[str, int] = {}  # problem id → place in _problems
        self._leads: dict[int, list[int]] = {}  # key → the problems that hold it, oldest first
        self._frequency: Counter[int] = Counter()  # key → messages
        self._n_messages = 0

    def restore(self, memberships: Iterable[tuple[Membership, str, datetime]]) -> None:
        """Take in what was merged before, in that order: the same state as having added it."""
        for membership, text, _ in memberships:
            report = Fingerprint.decode(text)
            number = self._numbers.get(membership.problem_id)
            if number is None:
                number = self._open(membership.problem_id)
            self._take(number, membership.post_id, report, copy=membership.copy_of is not None)

    def add(self, post_id: str, fingerprint: str, asked_at: datetime) -> Membership:
        """Return the problem that the post joins or opens. To be called in order of time."""
        report = Fingerprint.decode(fingerprint)
        number, score = self._best(report)
        if number is None:
            identity = problem_id(post_id)
            self._take(self._open(identity), post_id, report, copy=False)
            return Membership(post_id=post_id, problem_id=identity, score=1.0, reason="首次反映")
        problem = self._problems[number]
        original, alike = problem.copied(report)
        reason = _copy_reason(alike) if original else _reason(report, problem)
        self._take(number, post_id, report, copy=original is not None)
        return Membership(
            post_id=post_id,
            problem_id=problem.id,
            score=round(max(score, alike), 3),
            reason=reason,
            copy_of=original,
        )

    def _open(self, identity: str) -> int:
        self._numbers[identity] = len(self._problems)
        self._problems.append(_Known(identity))
        return self._numbers[identity]

    def _take(self, number: int, post_id: str, report: Fingerprint, *, copy: bool) -> None:
        """Let the problem have the report. A copy is no new voice and teaches nothing."""
        self._n_messages += 1
        if copy:
            return
        leading = _leading_keys(report)
        self._frequency.update(leading)
        for key in leading:
            leads = self._leads.get(key)
            if leads is None:
                self._leads[key] = [number]
            elif len(leads) <= MOST_PROBLEMS and number not in leads:
                leads.append(number)
        self._problems[number].add(post_id, report)

    def _best(self, report: Fingerprint) -> tuple[int | None, float]:
        """Return the problem that the report belongs to and the probability of that, or None."""
        best, best_logit = None, THRESHOLD
        rarities = {key: self._rarity(key) for key in report.title_keys}
        for number in self._candidates(report):
            problem = self._problems[number]
            values = _evidence(report, rarities, problem)
            # Nearly the same words, of another place, are another problem.
            if values["elsewhere"] and (
                (report.is_titled and problem.n_titled) or values["words"] > SAME_WORDS
            ):
                continue
            logit = BIAS + sum(WEIGHTS[name] * value for name, value in values.items())
            if logit > best_logit:
                best, best_logit = number, logit
        return best, 1 / (1 + math.exp(-best_logit))

    def _candidates(self, report: Fingerprint) -> list[int]:
        """Return the problems that share most with the report, most first."""
        shared: defaultdict[int, float] = defaultdict(float)
        for key in _leading_keys(report):
            leads = self._leads.get(key)
            if leads is None or len(leads) > MOST_PROBLEMS:
                continue
            if key >> 32:  # the name of a place, or a band of the MinHash, is a lead by itself
                for number in leads:
                    shared[number] += LEAST_SHARED
                continue
            weight = self._rarity(key) * (1.0 if key in report.title_keys else BODY_KEY)
            for number in leads:
                known = self._problems[number]
                shared[number] += weight * (known.keys[key] / known.n_voices)
        likely = sorted((-weight, number) for number, weight in shared.items() if weight >= LEAST_SHARED)
        return [number for _, number in likely[:MOST_CANDIDATES]]

    def _rarity(self, key: int) -> float:
        return math.log((PRIOR_MESSAGES + self._n_messages) / (1 + self._frequency[key]))


def merge_stream(messages: Iterable[Post]) -> dict[str, list[str]]:
    """Merge messages in order of time (then id) as the pipeline does; return problem id → post ids."""
    matcher = ProblemMatcher()
    problems: dict[str, list[str]] = {}
    for post in sorted(messages, key=lambda post: (post.asked_at, post.id)):
        text = fingerprint(post, find_places(post.whole_text, post.place))
        membership = matcher.add(post.id, text, post.asked_at)
        problems.setdefault(membership.problem_id, []).append(post.id)
    return problems


def _leading_keys(report: Fingerprint) -> list[int]:
    """Return the keys by which a report is looked up: rare pairs, names of places, bands of its MinHash."""
    names = [_NAME_LEAD | zlib.crc32(name.encode()) for name in report.names]
    return [*report.keys, *names, *_band_keys(report)]


def _band_keys(report: Fingerprint) -> list[int]:
    """Return a number above all pair hashes (32 bits) for each band."""
    if not report.minhash.size:
        return []
    bands = report.minhash.reshape(BANDS, -1)[:, :ROWS]
    return [_BAND_LEAD * (band + 1) | zlib.crc32(rows.tobytes()) for band, rows in enumerate(bands)]


def _evidence(report: Fingerprint, rarities: Mapping[int, float], problem: _Known) -> dict[str, float]:
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


def _elsewhere(report: Fingerprint, problem: _Known) -> bool:
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


def _word_cosine(words: Mapping[str, float], problem: _Known) -> float:
    """Return the cosine of a report's words (of unit length) and a problem's."""
    known = problem.words
    shared = sum([weight * known[word] for word, weight in words.items() if word in known])
    return shared / problem.words_length if problem.words_length else 0.0


def _covered_title(title_words: Mapping[str, float], problem: _Known) -> float:
    """Return how much of the weight of a report's title the problem's reports say, each word by its share."""
    whole, said = sum(title_words.values()), problem.said
    shares = [weight * said[word] / problem.n_voices for word, weight in title_words.items() if word in said]
    return sum(shares) / whole if whole else 0.0


def _covers_title(words: Mapping[str, float], problem: _Known) -> float:
    """Return how much of the weight of the problem's titles the report says."""
    said = sum([weight for word, weight in problem.title_words.items() if word in words])
    return said / problem.title_weight if problem.title_weight else 0.0


def _copy_reason(alike: float) -> str:
    return "文字与先前一件相同" if alike > 0.99 else f"文字与先前一件有{alike:.0%}相同"


def _reason(report: Fingerprint, problem: _Known) -> str:
    """Return the shared place and the weightiest shared words, in a sentence for people."""
    names = [name for name in report.names if _overlap([name], problem.names)]
    place = max(names, key=lambda name: (name in report.title_names, len(name), name), default="")
    shared = {word: weight for word, weight in report.words.items() if len(word) > 1 and word in problem.said}
    words = sorted(shared, key=lambda word: (-shared[word], word))[:3]
    parts = [f"同一地点“{place}”"] if place else []
    parts += ["都说到" + "、".join(words)] if words else []
    return "，".join(parts) or "名称与说法相近"
