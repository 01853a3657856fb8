"""What same-problem matching needs of a message: small, opaque, without its text. Only nlp.problems reads it.

A fingerprint is five lines of words and one of numbers. The words: the version; the places that stand for
the title; all others; the words of the title; the weightiest words of title and text. The numbers, in base64:

    uint16  3                whether the title names places itself, how many title keys, how many other keys
    uint32  n                title keys, other keys: hashes of rare character pairs (nlp/name_keys.py)
    uint32  PERMUTATIONS     MinHash, for copies
    uint16  n                idf of the title's words in hundredths, weights of the words in thousandths
    int8    2 · DIMENSIONS   vectors of the whole and of the title (not weighed now), unit length being 127
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from nlp.grams import Floats
from nlp.linear import unit_rows
from nlp.matter import DIMENSIONS
from nlp.shingles import PERMUTATIONS
from records.errors import ConfigurationError

VERSION = 2
_HEAD_BYTES = 6


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One message as the matcher sees it.

    `title_names` (the first of the text where the title names none) and `names` are places; `title_keys`
    and `keys` hashes of rare character pairs, likewise; `words` weigh as TF-IDF of unit length,
    `title_words` by their idf.
    """

    title_names: frozenset[str]
    is_titled: bool  # whether the title itself names them
    names: frozenset[str]
    title_keys: frozenset[int]
    keys: frozenset[int]
    words: dict[str, float]
    title_words: dict[str, float]
    vector: Floats
    minhash: npt.NDArray[np.uint32]

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` wrote; an empty text, or one of an older version, is a message not known.

        Raises ConfigurationError where a newer huiying wrote it.
        """
        lines = _lines(text)
        if lines is None:
            return cls(*_UNKNOWN)
        title_names, names, title_words, words = (line.split() for line in lines[:4])
        packed = b64decode(lines[4])
        titled, n_title, keys, minhash = _head(packed)
        at = _HEAD_BYTES + 4 * (len(keys) + PERMUTATIONS)
        weights = np.frombuffer(packed, np.uint16, len(title_words) + len(words), at)
        vector = np.frombuffer(packed, np.int8, DIMENSIONS, at + 2 * len(weights)).astype(np.float32)
        return cls(
            title_names=frozenset(title_names),
            is_titled=bool(titled),
            names=frozenset(title_names + names),
            title_keys=frozenset(keys[:n_title]),
            keys=frozenset(keys),
            words=dict(zip(words, (weights[len(title_words) :] / 1000).tolist(), strict=True)),
            title_words=dict(zip(title_words, (weights[: len(title_words)] / 100).tolist(), strict=True)),
            vector=unit_rows(vector[np.newaxis])[0],
            minhash=minhash,
        )


class Traits(NamedTuple):
    """What a message is looked up by: names of places, hashes of rare pairs, MinHash, as in `Fingerprint`."""

    names: frozenset[str]
    keys: frozenset[int]
    minhash: npt.NDArray[np.uint32]

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read these alone, in a third of the time; otherwise like `Fingerprint.decode`."""
        lines = _lines(text)
        if lines is None:
            return cls(frozenset(), frozenset(), np.zeros(0, dtype=np.uint32))
        _, _, keys, minhash = _head(b64decode(lines[4]))
        return cls(frozenset(f"{lines[0]} {lines[1]}".split()), frozenset(keys), minhash)


def encode(
    *,
    title_names: Sequence[str],
    names: Sequence[str],
    title_words: Sequence[str],
    words: Sequence[str],
    is_titled: bool,
    numbers: tuple[npt.NDArray[Any], ...],
) -> str:
    """Return the text that `decode` reads. `numbers` are the arrays named above, in their order."""
    head = pack("=3H", is_titled, len(numbers[0]), len(numbers[1]))
    packed = b"".join([head, *[part.data for part in numbers]])
    lines = [" ".join(line) for line in (title_names, names, title_words, words)]
    return "\n".join([str(VERSION), *lines, b64encode(packed).decode()])


def _lines(text: str) -> list[str] | None:
    """Return the lines after the version, None of an empty text or an older version."""
    version, *lines = text.split("\n")
    if version == str(VERSION):
        return lines
    if version.isdecimal() and int(version) > VERSION:
        raise ConfigurationError(
            f"fingerprint: version {version} is newer than this huiying reads ({VERSION}) (upgrade huiying)"
        )
    return None


def _head(packed: bytes) -> tuple[int, int, list[int], npt.NDArray[np.uint32]]:
    """Return whether it is titled, how many of the keys are the title's, the keys, the MinHash."""
    titled, n_title, n_others = np.frombuffer(packed, np.uint16, 3).tolist()
    keys = np.frombuffer(packed, np.uint32, n_title + n_others, _HEAD_BYTES).tolist()
    minhash = np.frombuffer(packed, np.uint32, PERMUTATIONS, _HEAD_BYTES + 4 * len(keys))
    return titled, n_title, keys, minhash


_NOTHING: Any = np.zeros(0, dtype=np.float32)
_UNKNOWN: Any = (
    frozenset(), False, frozenset(), frozenset(), frozenset(), {}, {}, _NOTHING,
    np.zeros(0, dtype=np.uint32),
)  # fmt: skip
