"""An installation's own words: one a line, and behind a blank what it is, where that is a place or an office.

    云时代 place
    江北办事处 department
    满五唯一

They join the dictionary of this process, each with the frequency that jieba itself suggests: enough to hold
together, and no other word is cut for it. A place is found by its name alone; an office that ends like a
place is none.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from nlp.place_words import know_names
from nlp.segment import add_word, normalise
from records.errors import ConfigurationError


class WordKind(StrEnum):
    PLACE = "place"
    DEPARTMENT = "department"


def use_words(path: Path) -> int:
    """Make the words of the file known in this process and return how many they are; 0 without the file.

    Idempotent. Raises ConfigurationError naming the line.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError:
        return 0
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigurationError(f'words file "{path}": {err} (one word a line, in UTF-8)') from err
    known: dict[str, WordKind | None] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.startswith("#"):
            known.update([_word(line, f'words file "{path}", line {number}')])
    for word in known:
        add_word(word)
    know_names({word: kind is WordKind.PLACE for word, kind in known.items() if kind})
    return len(known)


def _word(line: str, where: str) -> tuple[str, WordKind | None]:
    word, *rest = normalise(line).split()
    if len(word) < 2:
        raise ConfigurationError(f'{where}: "{word}" is one character (a word has two or more)')
    if not rest:
        return word, None
    if len(rest) > 1 or rest[0] not in list(WordKind):
        raise ConfigurationError(
            f'{where}: "{" ".join(rest)}" is no kind (leave it out, or write place or department)'
        )
    return word, WordKind(rest[0])
