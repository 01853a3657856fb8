"""Thousands of fixed words found in one pass: what tells a finder where, and whether, to look at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from daachorse import CharwiseDoubleArrayAhoCorasick

Places = list[tuple[int, int]]
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A group of words. With `before`, a word tells something only right before one of these characters."""

    words: Iterable[str]
    before: Set[str] | None = None


class Lexicon:
    """Groups of words; `find` tells where the words of each group are."""

    def __init__(self, groups: Sequence[Watched]) -> None:
        numbers: dict[str, list[tuple[int, Set[str] | None]]] = {}
        for number, group in enumerate(groups):
            for word in set(group.words):
                numbers.setdefault(word, []).append((number, group.before))
        self._groups = [tuple(of_word) for of_word in numbers.values()]
        self._automaton = CharwiseDoubleArrayAhoCorasick(list(numbers))

    def find(self, text: str) -> dict[int, Places]:
        """Return {group's number: [(start, end), …]}, in the order of their ends, overlapping too."""
        found: dict[int, Places] = {}
        groups, length = self._groups, len(text)
        for start, end, word in self._matches(text):
            for group, before in groups[word]:
                if before is None or (end < length and text[end] in before):
                    if group in found:
                        found[group].append((start, end))
                    else:
                        found[group] = [(start, end)]
        return found

    def _matches(self, text: str) -> list[tuple[int, int, int]]:
        try:
            return self._automaton.find_overlapping(text)
        except UnicodeEncodeError:
            # Half a surrogate, which the automaton's UTF-8 has not: another sign for each.
            return self._automaton.find_overlapping(text.translate(_SURROGATES))


def longest(places: Places) -> Iterable[tuple[int, int]]:
    """Return of the words at the same start the longest: the last to end."""
    return dict(places).items()
