"""Words that a period's messages say more often than those before it, by more than chance explains."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import bdtrc, xlogy  # scipy.stats, which has the binomial test, takes a second to load

from nlp.placeholders import PLACEHOLDER
from nlp.segment import is_person_name, words
from records.post import Post

# Of the words listed so many may be chance (Benjamini and Hochberg 1995). On the messages of 2017-2020, dealt
# at random to heaps of 300 and 4,026, no word was listed in any of 20 deals.
FDR = 0.05
# A rise that is certain is not yet one that anybody cares about.
LEAST_RATIO = 1.5
LEAST_MESSAGES = 3  # of the period
# A word of fewer messages in both times together cannot rise by chance, nor otherwise: it is not tested.
FEWEST_MESSAGES = 4
_MASKED = re.compile(rf"{PLACEHOLDER.pattern}|[█*]{{2,}}")
_UNNAMED = re.compile(r"某|[Xx]{2,}")  # 张某, 王某某: persons after all


@dataclass(frozen=True, slots=True, kw_only=True)
class Rising:
    """A word, how many messages of the period and of the baseline say it; `expected` at the baseline's rate.

    `strength` is the log-likelihood ratio (Dunning 1993), `chance` the p-value of so many by chance.
    """

    word: str
    count: int
    before: int
    expected: float
    strength: float
    chance: float


def words_of(post: Post) -> list[str]:
    """Return the words of title and text, without what stands for masked personal details."""
    return words(without_masks(post.whole_text))


def without_masks(text: str) -> str:
    """Return the text with a line's end wherever a personal detail was masked."""
    return _MASKED.sub("\n", text)


def rising(
    words_of_period: Iterable[Iterable[str]], words_of_baseline: Iterable[Iterable[str]]
) -> list[Rising]:
    """Return the rising words, the strongest first; each message is given as its words. Linear in them.

    A word counts once a message. It rises where more of the messages that say it are of the period than
    the period's share of all messages explains: an exact binomial test, right for rare words too. Names of
    persons are left out, and whatever is no Chinese word of two characters or more.
    """
    now, n_now = _spread(words_of_period)
    before, n_before = _spread(words_of_baseline)
    if not n_now or not n_before:
        return []
    tested = [word for word in now if now[word] + before[word] >= FEWEST_MESSAGES and _is_term(word)]
    counts = np.array([now[word] for word in tested], dtype=np.float64)
    earlier = np.array([before[word] for word in tested], dtype=np.float64)
    expected = (counts + earlier) * n_now / (n_now + n_before)
    chances = bdtrc(counts - 1, (counts + earlier).astype(np.int64), n_now / (n_now + n_before))
    gained = xlogy(counts, counts / expected)
    lost = xlogy(earlier, earlier / np.maximum(counts + earlier - expected, 1e-9))
    strengths = 2 * (gained + lost)
    # Words of the baseline alone cannot rise, but they were looked at: they count among the tests.
    n_tests = len(tested) + sum(before[word] >= FEWEST_MESSAGES and word not in now for word in before)
    # The rate of the rise, with half a message more on both sides, so that a new word's is finite.
    ratios = (counts + 0.5) / n_now / ((earlier + 0.5) / n_before)
    is_listed = _false_discovery_control(chances, n_tests)
    is_listed &= (counts >= LEAST_MESSAGES) & (ratios >= LEAST_RATIO)
    found = [
        Rising(
            word=tested[row],
            count=int(counts[row]),
            before=int(earlier[row]),
            expected=round(float(n_now * earlier[row] / n_before), 1),
            strength=round(float(strengths[row]), 1),
            chance=float(chances[row]),
        )
        for row in np.flatnonzero(is_listed).tolist()
    ]
    return sorted(
        (one for one in found if not is_person_name(one.word)), key=lambda one: (-one.strength, one.word)
    )


def _spread(messages: Iterable[Iterable[str]]) -> tuple[Counter[str], int]:
    """Return how many messages say each word, and how many messages there are."""
    spread: Counter[str] = Counter()
    n_messages = 0
    for said in messages:
        spread.update(set(said))
        n_messages += 1
    return spread, n_messages


def _is_term(word: str) -> bool:
    return len(word) > 1 and "\u4e00" <= word[0] <= "\u9fff" and not _UNNAMED.search(word)


def _false_discovery_control(chances: npt.NDArray[np.float64], n_tests: int) -> npt.NDArray[np.bool_]:
    """Return which of the p-values pass at FDR among `n_tests`, the others being 1 (Benjamini-Hochberg)."""
    order = np.argsort(chances)
    limits = FDR * np.arange(1, len(chances) + 1) / max(n_tests, 1)
    passing = np.flatnonzero(chances[order] <= limits)
    is_passing = np.zeros(len(chances), dtype=bool)
    if len(passing):
        is_passing[order[: passing[-1] + 1]] = True
    return is_passing
