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
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, Self

from daachorse import CharwiseDoubleArrayAhoCorasick

from records.errors import ConfigurationError

# By category, not as a range: of each range re makes a table of 65,536 bits, half a millisecond a time.
_CHINESE, _CHINESE_OR_DIGIT = r"[^\W\d_A-Za-z]", r"[^\W_A-Za-z]"
_FRAGMENT = re.compile(r"\{([a-z]+)\}")
_SIGNS, _REPEATS = frozenset("[](){}|?*+.^$\\"), frozenset("?*+{")
_START = itemgetter(0)


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


class Ending(NamedTuple):
    """What may follow the plain words that one or more phrases begin with.

    `pattern` is of the phrases that go on, None where none does; its empty groups tell whose cue it is, of
    `owners`. `cue` is that of the phrase that is these words alone, None where none is.
    """

    pattern: re.Pattern[str] | None
    owners: tuple[Cue, ...]
    cue: Cue | None


@dataclass(frozen=True, slots=True)
class CueTable:
    """The cues of one or more files.

    `starts` finds the plain words that phrases begin with, most of them whole phrases; `phrases[n]` are what
    may follow the n-th and the cue, `endings` the same ready for use, filled as each is first met: to
    compile all takes half a second. So re looks only where something may stand.
    """

    cues: tuple[Cue, ...]
    starts: CharwiseDoubleArrayAhoCorasick
    phrases: tuple[tuple[tuple[str, Cue], ...], ...]
    endings: dict[int, Ending] = field(default_factory=dict)

    @classmethod
    def load(cls, *paths: Path) -> Self:
        """Read one table out of several files. Raises ConfigurationError naming the phrase of no use."""
        phrases = [phrase for path in paths for phrase in _phrases(path)]
        by_start: dict[str, list[tuple[str, Cue]]] = {}
        for phrase, cue in phrases:
            length = _plain_length(phrase)
            by_start.setdefault(phrase[:length], []).append((phrase[length:], cue))
        return cls(
            tuple(dict.fromkeys(cue for _, cue in phrases)),
            CharwiseDoubleArrayAhoCorasick(list(by_start)),
            tuple(map(tuple, by_start.values())),
        )

    def find(self, text: str) -> Iterator[Hit]:
        """Yield the cues in order, none over another; of two that begin together, the longer plain words."""
        begun = self.starts.find_overlapping(text)
        begun.reverse()  # they come by their ends; sorted by their starts the longest of each is first now
        begun.sort(key=_START)
        endings, end = self.endings, 0
        for start, stop, number in begun:
            if start < end:
                continue
            pattern, owners, cue = endings.get(number) or self._ending(number)
            match = pattern.match(text, stop) if pattern else None
            if match is not None:
                end = match.end()
                yield Hit(owners[(match.lastindex or 1) - 1], start, end)
            elif cue is not None:
                end = stop
                yield Hit(cue, start, end)

    def _ending(self, number: int) -> Ending:
        # Two threads may both compile it: the same, so either may stay.
        ending = self.endings[number] = _compile(self.phrases[number])
        return ending


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
                if not plain[0].isalnum() or not _plain_length(plain):
                    raise ConfigurationError(f'{path.name}: {name}: "{phrase}": begin with a plain character')
                yield plain, cue


def _spelled_out(phrase: str, fragments: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    first = _FRAGMENT.match(phrase)
    starts = fragments[first[1]] if first else ("",)
    rest = phrase[first.end() :] if first else phrase
    rest = _FRAGMENT.sub(lambda found: "(?:" + "|".join(fragments[found[1]]) + ")", rest)
    rest = rest.replace("……", _CHINESE_OR_DIGIT + "{0,10}").replace("…", _CHINESE + "{0,4}")
    return (start + rest for start in starts)


def _plain_length(phrase: str) -> int:
    """Return how many characters every match of `phrase` begins with."""
    length = 0
    while (
        length < len(phrase)
        and phrase[length] not in _SIGNS
        and phrase[length + 1 : length + 2] not in _REPEATS
    ):
        length += 1
    return length


def _compile(phrases: Sequence[tuple[str, Cue]]) -> Ending:
    going_on = [(rest, cue) for rest, cue in phrases if rest]
    return Ending(
        re.compile("|".join(f"(?:{rest})()" for rest, _ in going_on)) if going_on else None,
        tuple(cue for _, cue in going_on),
        next((cue for rest, cue in phrases if not rest), None),
    )
