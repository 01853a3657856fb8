"""Thousands of fixed words found in one pass: what tells a finder where, and whether, to look at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ahocorasick_rs import AhoCorasick, Implementation

Places = list[tuple[int, int]]
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)


class Lexicon:
    """Groups of words; `find` tells where the words of each group are."""

    def __init__(self, groups: Sequence[Iterable[str]]) -> None:
        numbers: dict[str, list[int]] = {}
        for number, words in enumerate(groups):
            for word in set(words):
                numbers.setdefault(word, []).append(number)
        self._groups = [tuple(of_word) for of_word in numbers.values()]
        self._automaton = AhoCorasick(numbers, implementation=Implementation.DFA)

    def find(self, text: str) -> dict[int, Places]:
        """Return {group's number: [(start, end), …]}, in the order of their ends, overlapping too."""
        found: dict[int, Places] = {}
        groups = self._groups
        for word, start, end in self._automaton.find_matches_as_indexes(_encodable(text), overlapping=True):
            for group in groups[word]:
                if group in found:
                    found[group].append((start, end))
                else:
                    found[group] = [(start, end)]
        return found


def _encodable(text: str) -> str:
    """Return the text, half a surrogate replaced by U+FFFD one for one: the automaton reads UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.translate(_SURROGATES)
    return text


def longest(places: Places) -> Iterable[tuple[int, int]]:
    """Return of the words at the same start the longest: the last to end."""
    return dict(places).items()
