"""Posts like a text: those that share most of its strongest words. One choice of words for every engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import log

from records.query import SearchHit
from storage.characters import in_parts
from storage.paging import Slices
from storage.query import Segment
from storage.query_tree import Or, Term

# Of the first five like each of 300 real messages (among 6,408 with a known topic) so many shared its topic:
# 0.76 with 20 words, 0.69 with 8, 0.72 with tantivy's own choice of 25; with more it only takes longer.
# Weighing the words once more by their rarity, which BM25 does already, takes 0.02 away.
STRONGEST = 20
# Words that are asked for how common they are; the texts of messages have 80 on the average.
_MOST_CANDIDATES = 200
# A word that stands in this text only finds nothing.
_FEWEST_POSTS = 2
_FIELDS = ("title", "text")

# How many posts there are, and in how many each word stands.
Frequencies = Callable[[Sequence[str]], tuple[int, Sequence[int]]]


def find_similar(
    text: str, slices: Slices, frequencies: Frequencies, *, segment: Segment, without: str | None, limit: int
) -> list[SearchHit]:
    """Return up to `limit` posts like `text`, the likest first, the post `without` left out."""
    counts = Counter(word for word in in_parts(segment(text)) if len(word) > 1 and not word.isdecimal())
    candidates = [word for word, _ in counts.most_common(_MOST_CANDIDATES)]
    if not candidates or limit < 1:
        return []
    total, posts_with = frequencies(candidates)
    weights = {
        word: (1 + log(counts[word])) * log((total + 1) / found)
        for word, found in zip(candidates, posts_with, strict=True)
        if found >= _FEWEST_POSTS
    }
    strongest = sorted(weights, key=lambda word: (-weights[word], word))[:STRONGEST]
    if not strongest:
        return []
    wanted = Or(parts=tuple(Term(field=field, word=word) for word in strongest for field in _FIELDS))
    hits = slices.by_score(wanted, after=None, limit=limit + 1).hits
    return [hit for hit in hits if hit.post_id != without][:limit]
