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
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from nlp.fingerprint import Fingerprint, Traits
from nlp.fingerprinting import fingerprints
from nlp.matter import MatterModel
from nlp.places import places_in
from nlp.problem_evidence import BIAS, WEIGHTS, KnownProblem, copy_reason, evidence, reason_of
from nlp.reading import Reading
from nlp.summary import summarise
from records.post import Post
from records.problem import Decision, Membership, problem_id

__all__ = ["ProblemMatcher", "merge_stream", "summarise"]

BANDS = 4
ROWS = 4  # of the eight of a band: a copy with one sentence changed still meets its model
SAME_WORDS = 0.7
PRIOR_MESSAGES = 5000  # how many messages a key's rarity is reckoned on before the first has come
MOST_PROBLEMS = 100  # a key of more problems leads nowhere
# Problems of a message's rarest keys, and those of them compared with: the mean best F1 is no better with
# four times and twice as many (docs/decisions/013-the-same-problem.md).
MOST_LOOKED_AT = 120
MOST_CANDIDATES = 5
KEPT_READY = 2000  # problems ready for comparison, 16 kB each
LEAST_SHARED = 8.0  # weight of shared keys: about two pairs that are nowhere else
BODY_KEY = 0.6  # a pair in the text proves less than one in the title
STREAM_BATCH = 500  # messages whose fingerprints are made at once
THRESHOLD = -1.6  # of -2.4 to 0: a missed report of a large problem costs more than a stranger in it
# The same as a probability, as Membership.score gives it.
LEAST_SCORE = 1 / (1 + math.exp(-THRESHOLD))

# Leads other than pairs (whose hashes have 32 bits) have a number above those.
_NAME_LEAD, _BAND_LEAD = 1 << 32, 1 << 33


@dataclass(slots=True)
class StoredProblem:
    """A problem at rest: its independent reports as (post id, fingerprint in UTF-8), 1.5 kB each."""

    id: str
    reports: list[tuple[str, bytes]] = field(default_factory=list)
    last_asked: datetime | None = None


class ProblemMatcher:
    """Merges reports one by one. The state is what was added, in that order: batches make no difference.

    What people decided goes before: reports that they hold for one problem join it, however little they are
    alike, and those that they hold for two never meet in one. Who split a problem has seen both parts: each
    stays together. The newest decision counts.
    """

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._stored: list[StoredProblem] = []
        self._n_voices: list[int] = []  # beside _stored: looked up for every problem that a key leads to
        self._numbers: dict[str, int] = {}  # problem id → place in _stored
        self._known: dict[int, KnownProblem] = {}  # those compared with last, the latest at the end
        self._pairs: dict[int, dict[int, int]] = {}  # key → problem → how many of its reports hold it
        self._leads: dict[int, list[int]] = {}  # place name or band → the problems that hold it
        self._frequency: Counter[int] = Counter()  # key of a pair → messages
        self._n_messages = 0
        self._decided: defaultdict[str, list[Decision]] = defaultdict(list)  # post id → oldest first
        self._homes: dict[str, int] = {}  # post id → place in _stored, of posts decided on
        for decision in decisions:
            for post_id in (*decision.ones, *decision.others):
                self._decided[post_id].append(decision)

    def restore(self, memberships: Iterable[tuple[Membership, str, datetime]]) -> None:
        """Take in what was merged before, in that order: the same state as having added it."""
        for membership, text, asked_at in memberships:
            number = self._numbers.get(membership.problem_id)
            if number is None:
                number = self._open(membership.problem_id)
            self._take(number, membership.post_id, text, asked_at, copy=membership.copy_of is not None)

    def add(self, post_id: str, fingerprint: str, asked_at: datetime) -> Membership:
        """Return the problem that the post joins or opens. To be called in order of time."""
        report = Fingerprint.decode(fingerprint)
        home, barred = self._decision(post_id)
        if home is not None:
            return self._join_decided(home, post_id, fingerprint, asked_at)
        number, score = self._best(report, asked_at, barred)
        if number is None:
            identity = self._identity(post_id)
            self._take(self._open(identity), post_id, fingerprint, asked_at, copy=False)
            return Membership(post_id=post_id, problem_id=identity, score=1.0, reason="首次反映")
        problem = self._problem(number)
        original, alike = problem.copied(report)
        reason = copy_reason(alike) if original else reason_of(report, problem)
        self._take(number, post_id, fingerprint, asked_at, copy=original is not None)
        return Membership(
            post_id=post_id,
            problem_id=problem.id,
            score=round(max(score, alike), 3),
            reason=reason,
            copy_of=original,
        )

    def _decision(self, post_id: str) -> tuple[int | None, set[int]]:
        """Return the problem that people put the post into, if known yet, and those they keep it out of."""
        same: dict[int, bool] = {}
        for decision in self._decided.get(post_id, ()):
            for other in (*decision.ones, *decision.others):
                if other in self._homes:
                    together = (post_id in decision.ones) == (other in decision.ones)
                    same[self._homes[other]] = decision.is_same or together
        return min((number for number, is_same in same.items() if is_same), default=None), {
            number for number, is_same in same.items() if not is_same
        }

    def _join_decided(self, number: int, post_id: str, fingerprint: str, asked_at: datetime) -> Membership:
        problem = self._problem(number)
        original, _ = problem.copied(Fingerprint.decode(fingerprint))
        self._take(number, post_id, fingerprint, asked_at, copy=original is not None)
        return Membership(
            post_id=post_id, problem_id=problem.id, score=1.0, reason="人工决定", copy_of=original
        )

    def _identity(self, post_id: str) -> str:
        """Return the id of the problem that the post opens: what was split off keeps the id it got then."""
        split = [
            decision.other_id
            for decision in self._decided.get(post_id, ())
            if not decision.is_same and post_id in decision.others
        ]
        return split[-1] if split and split[-1] not in self._numbers else problem_id(post_id)

    def _open(self, identity: str) -> int:
        self._numbers[identity] = len(self._stored)
        self._stored.append(StoredProblem(identity))
        self._n_voices.append(0)
        return self._numbers[identity]

    def _take(self, number: int, post_id: str, fingerprint: str, asked_at: datetime, *, copy: bool) -> None:
        """Let the problem have the report. A copy is no new voice and teaches nothing."""
        self._n_messages += 1
        if post_id in self._decided:
            self._homes[post_id] = number
        stored = self._stored[number]
        stored.last_asked = asked_at
        if copy:
            return
        stored.reports.append((post_id, fingerprint.encode()))
        self._n_voices[number] += 1
        if number in self._known:
            self._known[number].add(post_id, Fingerprint.decode(fingerprint))
        traits = Traits.decode(fingerprint)
        for key in traits.keys:
            seen = self._frequency[key]
            self._frequency[key] = seen + 1
            held = self._pairs.get(key)
            if held is not None:
                held[number] = held.get(number, 0) + 1
                if len(held) > MOST_PROBLEMS:
                    del self._pairs[key]
            elif not seen:
                self._pairs[key] = {number: 1}
        for lead in _leads_of(traits):
            problems = self._leads.setdefault(lead, [])
            if len(problems) <= MOST_PROBLEMS and number not in problems:
                problems.append(number)

    def _problem(self, number: int) -> KnownProblem:
        """Return the problem ready for comparison: made from its reports unless it was needed lately."""
        known, stored = self._known.pop(number, None), self._stored[number]
        if known is None:
            known = KnownProblem(stored.id)
            for post_id, fingerprint in stored.reports:
                known.add(post_id, Fingerprint.decode(fingerprint.decode()))
            if len(self._known) >= KEPT_READY:
                del self._known[next(iter(self._known))]
        self._known[number] = known
        known.last_asked = stored.last_asked
        return known

    def _best(
        self, report: Fingerprint, asked_at: datetime, barred: Container[int]
    ) -> tuple[int | None, float]:
        """Return the problem that the report belongs to, none of `barred`, and the probability, or None."""
        best, best_logit = None, THRESHOLD
        for number in self._candidates(report):
            if number in barred:
                continue
            values = evidence(report, self._problem(number), rarity=self._rarity, asked_at=asked_at)
            # Nearly the same words, of another place, are another problem: 8 of 8 in the known problems.
            if values["elsewhere"] and values["words"] > SAME_WORDS:
                continue
            logit = BIAS + sum(WEIGHTS[name] * value for name, value in values.items())
            if logit > best_logit:
                best, best_logit = number, logit
        return best, 1 / (1 + math.exp(-best_logit))

    def _candidates(self, report: Fingerprint) -> list[int]:
        """Return the problems that share most with the report, most first."""
        leads: list[tuple[int, int, Mapping[int, int] | Sequence[int]]] = []
        leads += [(len(held), key, held) for key in report.keys if (held := self._pairs.get(key))]
        for lead in _leads_of(report):
            problems = self._leads.get(lead, ())
            if 0 < len(problems) <= MOST_PROBLEMS:
                leads.append((len(problems), lead, problems))
        shared: defaultdict[int, float] = defaultdict(float)
        looked = 0
        # The rarest keys first, up to a bound: the cost of a message does not grow with the problems.
        for n, key, found in sorted(leads, key=itemgetter(0, 1)):
            if looked > MOST_LOOKED_AT:
                break
            looked += n
            if isinstance(found, Mapping):
                weight = self._rarity(key) * (1.0 if key in report.title_keys else BODY_KEY)
                for number, n_reports in found.items():
                    shared[number] += weight * (n_reports / self._n_voices[number])
            else:  # the name of a place, or a band of the MinHash, is a lead by itself
                for number in found:
                    shared[number] += LEAST_SHARED
        likely = sorted((-weight, number) for number, weight in shared.items() if weight >= LEAST_SHARED)
        return [number for _, number in likely[:MOST_CANDIDATES]]

    def _rarity(self, key: int) -> float:
        return math.log((PRIOR_MESSAGES + self._n_messages) / (1 + self._frequency[key]))


def merge_stream(messages: Iterable[Post]) -> dict[str, list[str]]:
    """Merge messages in order of time (then id) as the pipeline does; return problem id → post ids."""
    posts = sorted(messages, key=lambda post: (post.asked_at, post.id))
    model, matcher = MatterModel.load(), ProblemMatcher()
    problems: dict[str, list[str]] = {}
    for start in range(0, len(posts), STREAM_BATCH):
        batch = posts[start : start + STREAM_BATCH]
        readings = [Reading.of(post) for post in batch]
        mentions = [places_in(r.whole, post.place) for r, post in zip(readings, batch, strict=True)]
        prints = fingerprints(readings, mentions, model)
        for post, text in zip(batch, prints, strict=True):
            membership = matcher.add(post.id, text, post.asked_at)
            problems.setdefault(membership.problem_id, []).append(post.id)
    return problems


def _leads_of(report: Fingerprint | Traits) -> list[int]:
    """Return what a report is looked up by beside rare pairs: names of places, bands of its MinHash."""
    names = [_NAME_LEAD | zlib.crc32(name.encode()) for name in report.names]
    return [*names, *_band_keys(report.minhash)]


def _band_keys(minhash: npt.NDArray[np.uint32]) -> list[int]:
    """Return a number above all pair hashes (32 bits) for each band."""
    if not minhash.size:
        return []
    bands = minhash.reshape(BANDS, -1)[:, :ROWS]
    return [_BAND_LEAD * (band + 1) | zlib.crc32(rows.tobytes()) for band, rows in enumerate(bands)]
