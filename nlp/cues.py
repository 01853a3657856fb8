"""Tables of cues: the words that show a fact, as data (TOML beside this module), found in one pass.

A phrase is plain words with a few signs of regular expressions. `…` stands for up to four Chinese characters,
`……` for up to ten, `{name}` for any word of the fragment of that name. A phrase begins with a plain
character: the pattern branches on it first, which keeps a search near the cost of reading the text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from records.errors import ConfigurationError

# By category, not as a range: of each range re makes a table of 65,536 bits, half a millisecond a time.
_CHINESE, _CHINESE_OR_DIGIT = r"[^\W\d_A-Za-z]", r"[^\W_A-Za-z]"
_FRAGMENT = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One kind of fact: its name, the urgency level or share that it carries, and why."""

    name: str
    code: str
    weight: float


@dataclass(frozen=True, slots=True)
class CueTable:
    """Compiled cues. `owners[n]` is the cue of the pattern's group n + 1."""

    pattern: re.Pattern[str]
    owners: tuple[Cue, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a table. Raises ConfigurationError naming the cue and phrase that cannot be used."""
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        fragments = {name: tuple(words) for name, words in content.pop("fragments", {}).items()}
        by_first: dict[str, list[tuple[str, Cue]]] = {}
        for name, entry in content.items():
            cue = Cue(name=name, code=entry.get("code", name), weight=float(entry.get("weight", 0)))
            for phrase in entry["words"]:
                for plain in _spelled_out(phrase, fragments):
                    if not plain[0].isalnum():
                        raise ConfigurationError(
                            f'{path.name}: {name}: "{phrase}": begin with a plain character'
                        )
                    by_first.setdefault(plain[0], []).append((plain[1:], cue))
        return cls(*_compile(by_first))

    def find(self, text: str) -> Iterator[tuple[Cue, re.Match[str]]]:
        """Yield each cue and where it stands, in order; where two begin together, the first of the table."""
        for match in self.pattern.finditer(text):
            yield self.owners[(match.lastindex or 1) - 1], match


def _spelled_out(phrase: str, fragments: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    first = _FRAGMENT.match(phrase)
    starts = fragments[first[1]] if first else ("",)
    rest = phrase[first.end() :] if first else phrase
    rest = _FRAGMENT.sub(lambda found: "(?:" + "|".join(fragments[found[1]]) + ")", rest)
    rest = rest.replace("……", _CHINESE_OR_DIGIT + "{0,10}").replace("…", _CHINESE + "{0,4}")
    return (start + rest for start in starts)


def _compile(by_first: Mapping[str, list[tuple[str, Cue]]]) -> tuple[re.Pattern[str], tuple[Cue, ...]]:
    branches, owners = [], []
    for first, rests in by_first.items():
        branches.append(re.escape(first) + "(?:" + "|".join(f"({rest})" for rest, _ in rests) + ")")
        owners += [cue for _, cue in rests]
    pattern: Any = re.compile("|".join(branches))
    return pattern, tuple(owners)
