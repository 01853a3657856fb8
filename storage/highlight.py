"""Which characters of a text a query found, and the part of the text worth showing. One for all engines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Protocol

from storage.characters import find_pieces, pieces
from storage.query_tree import Fuzzy, Pattern, Phrase, Term, Words

# Characters of a snippet: two lines of a results page at 1280 pixels.
SNIPPET_LENGTH = 120
# A snippet that begins within a text shows this much before its first found word, and begins after a mark
# of the end of a sentence where one is in there.
_LEAD = 20
_SENTENCE_END = re.compile(r"[。！？!?；;\n]\s*")

Span = tuple[int, int]


class TextToken(Protocol):
    """A word of a text and where it stands in it."""

    @property
    def text(self) -> str: ...

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


Tokens = Callable[[str], Sequence[TextToken]]


def highlight_spans(text: str, terms: Iterable[Words], *, tokens: Tokens) -> list[Span]:
    """Return (start, end) of every part of `text` that a term matches, in order, touching ones joined.

    A phrase is marked only where it stands as a whole, a word also where the text was cut otherwise.
    Cost is len(text) × len(terms).
    """
    found = [token for token in tokens(text) if token.text.strip()]
    words = [_folded(token.text) for token in found]
    spans: set[Span] = set()
    for term in terms:
        spans.update((found[place].start, found[place].end) for place in _matches(term, words))
        spans.update(find_pieces(text, _wanted_pieces(term)))
    return _join(text, sorted(spans))


def choose_snippet(text: str, spans: Sequence[Span], *, length: int = SNIPPET_LENGTH) -> Span:
    """Return (start, end) of about `length` characters of `text` around the densest of `spans`."""
    if len(text) <= length:
        return 0, len(text)
    start = _sentence_start(text, _densest(spans, length))
    end = min(start + length, len(text))
    return max(end - length, 0), end


def spans_within(spans: Iterable[Span], part: Span) -> list[Span]:
    """Return the spans inside `part`, counted from its start."""
    start, end = part
    return [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]


def _wanted_pieces(term: Words) -> Sequence[str]:
    match term:
        case Term(word=word):
            return pieces(word)
        case Phrase(words=wanted, slop=0):
            return wanted
    return ()


def _matches(term: Words, words: Sequence[str]) -> set[int]:
    match term:
        case Term(word=word):
            return {place for place, other in enumerate(words) if other == word}
        case Phrase(slop=0):
            return set()
        case Phrase(words=wanted, slop=slop):
            near = (_near_matches(two, slop, words) for two in pairwise(map(_folded, wanted)))
            return set().union(*near)
        case Pattern(parts=parts):
            wild = {"*": ".*", "?": "."}
            regex = re.compile("".join(wild.get(part) or re.escape(part) for part in parts), re.DOTALL)
            return {place for place, other in enumerate(words) if regex.fullmatch(other)}
        case Fuzzy(word=word, distance=distance):
            return {place for place, other in enumerate(words) if _within_edits(word, other, distance)}


def _near_matches(wanted: Sequence[str], slop: int, words: Sequence[str]) -> set[int]:
    width = len(wanted) + slop
    matched: set[int] = set()
    for first, word in enumerate(words):
        if word not in wanted:
            continue
        window = words[first : first + width]
        if all(part in window for part in wanted):
            matched.update(first + step for step, other in enumerate(window) if other in wanted)
    return matched


def _within_edits(word: str, other: str, distance: int) -> bool:
    """Return whether at most `distance` characters are added, missing, changed or swapped with the next."""
    if abs(len(word) - len(other)) > distance:
        return False
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, char in enumerate(word, 1):
        now = [row]
        for column, against in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (char != against))
            if row > 1 and column > 1 and char == other[column - 2] and word[row - 2] == against:
                cost = min(cost, before_last[column - 2] + 1)
            now.append(cost)
        before_last, last = last, now
    return last[-1] <= distance


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).lower()


def _join(text: str, spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _densest(spans: Sequence[Span], length: int) -> int:
    """Return the start of the span after which the most found characters come within `length`."""
    best, best_found = 0, 0
    for start, _ in spans:
        found = sum(b - a for a, b in spans if a >= start and b <= start + length - _LEAD)
        if found > best_found:
            best, best_found = start, found
    return best


def _sentence_start(text: str, found: int) -> int:
    earliest = max(found - _LEAD, 0)
    ends = [match.end() for match in _SENTENCE_END.finditer(text, earliest, found)]
    return ends[-1] if ends else earliest
