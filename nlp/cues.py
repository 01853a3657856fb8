"""Tables of cues: the words that show a fact, as data (TOML beside this module), found in one pass.

A phrase is plain words with a few signs of regular expressions. `…` stands for up to four Chinese characters,
`……` for up to ten, `{name}` for any word of the fragment of that name. A phrase begins with a plain
character.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from ahocorasick_rs import AhoCorasick

from records.errors import ConfigurationError

# By category, not as a range: of each range re makes a table of 65,536 bits, half a millisecond a time.
_CHINESE, _CHINESE_OR_DIGIT = r"[^\W\d_A-Za-z]", r"[^\W_A-Za-z]"
_FRAGMENT = re.compile(r"\{([a-z]+)\}")
_SIGNS, _REPEATS = frozenset("[](){}|?*+.^$\\"), frozenset("?*+{")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One kind of fact: its name, the code that it stands for, and the level that it carries (0: none).

    One that is `sure` needs no support by the rest of the message.
    """

    name: str
    code: str
    weight: float
    sure: bool = False


class Hit(NamedTuple):
    """A cue and where it stands."""

    cue: Cue
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CueTable:
    """The cues of one or more files.

    `openings` finds where a phrase may begin: its first two characters, or one where the second is no plain
    one. `firsts[n]` is the first character of opening n, `phrases` what may follow each. So a text is looked
    at by re only where something may stand: 65 µs for 390 characters and 1,400 phrases, a tenth of one
    alternation of them all. `compiled` fills as characters are first met: to compile all takes half a second.
    """

    cues: tuple[Cue, ...]
    openings: AhoCorasick
    firsts: tuple[str, ...]
    phrases: dict[str, list[tuple[str, Cue]]]
    compiled: dict[str, tuple[re.Pattern[str], tuple[Cue, ...]]] = field(default_factory=dict)

    @classmethod
    def load(cls, *paths: Path) -> Self:
        """Read one table out of several files. Raises ConfigurationError naming the phrase of no use."""
        phrases = [phrase for path in paths for phrase in _phrases(path)]
        by_first: dict[str, list[tuple[str, Cue]]] = {}
        for plain, cue in phrases:
            by_first.setdefault(plain[0], []).append((plain[1:], cue))
        openings = sorted(set().union(*(_openings(*entry) for entry in by_first.items())))
        return cls(
            tuple(dict.fromkeys(cue for _, cue in phrases)),
            AhoCorasick(openings),
            tuple(opening[0] for opening in openings),
            by_first,
        )

    def find(self, text: str) -> Iterator[Hit]:
        """Yield the cues in order, none over another; of two that begin together, the longer plain words."""
        end = 0
        for opening, start, _ in self.openings.find_matches_as_indexes(text, overlapping=True):
            if start < end:
                continue
            pattern, owners = self._rest(self.firsts[opening])
            match = pattern.match(text, start + 1)
            if match is not None:
                end = match.end()
                yield Hit(owners[(match.lastindex or 1) - 1], start, end)

    def _rest(self, first: str) -> tuple[re.Pattern[str], tuple[Cue, ...]]:
        known = self.compiled.get(first)
        if known is None:  # two threads may both compile it: the same pattern, so either may stay
            known = self.compiled[first] = _compile(self.phrases[first])
        return known


def _phrases(path: Path) -> Iterator[tuple[str, Cue]]:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    fragments = {name: tuple(words) for name, words in content.pop("fragments", {}).items()}
    for name, entry in content.items():
        cue = Cue(
            name=name,
            code=entry.get("code", name),
            weight=float(entry.get("weight", 0)),
            sure=entry.get("sure", False),
        )
        for phrase in entry["words"]:
            for plain in _spelled_out(phrase, fragments):
                if not plain[0].isalnum() or _plain_start(plain) is None:
                    raise ConfigurationError(f'{path.name}: {name}: "{phrase}": begin with a plain character')
                yield plain, cue


def _spelled_out(phrase: str, fragments: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    first = _FRAGMENT.match(phrase)
    starts = fragments[first[1]] if first else ("",)
    rest = phrase[first.end() :] if first else phrase
    rest = _FRAGMENT.sub(lambda found: "(?:" + "|".join(fragments[found[1]]) + ")", rest)
    rest = rest.replace("……", _CHINESE_OR_DIGIT + "{0,10}").replace("…", _CHINESE + "{0,4}")
    return (start + rest for start in starts)


def _plain_start(pattern: str) -> str | None:
    """Return the character that every match of `pattern` begins with, None where it could be another."""
    if not pattern or pattern[0] in _SIGNS or pattern[1:2] in _REPEATS:
        return None
    return pattern[0]


def _openings(first: str, rests: Sequence[tuple[str, Cue]]) -> set[str]:
    seconds = {_plain_start(rest) for rest, _ in rests}
    return {first} if None in seconds else {first + str(second) for second in seconds}


def _compile(rests: Sequence[tuple[str, Cue]]) -> tuple[re.Pattern[str], tuple[Cue, ...]]:
    owners: list[Cue] = []
    return re.compile(_branch(rests, owners)), tuple(owners)


def _branch(rests: Sequence[tuple[str, Cue]], owners: list[Cue]) -> str:
    """Return one pattern for all `rests`, by their common starts; an empty group at the end tells which."""
    by_first: dict[str, list[tuple[str, Cue]]] = {}
    others, ended = [], []
    for rest, cue in rests:
        first = _plain_start(rest)
        if first is not None:
            by_first.setdefault(first, []).append((rest[1:], cue))
        elif rest:
            others.append((rest, cue))
        else:
            ended.append(cue)
    branches = [re.escape(first) + _branch(sub, owners) for first, sub in by_first.items()]
    for rest, cue in others:
        owners.append(cue)
        branches.append(f"(?:{rest})()")
    if ended:  # last: an empty branch always matches
        owners.append(ended[0])
        branches.append("()")
    return branches[0] if len(branches) == 1 else "(?:" + "|".join(branches) + ")"
