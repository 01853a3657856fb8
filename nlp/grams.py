"""Texts to sparse term counts, a whole batch at once: words by a dictionary, character n-grams by number.

A character of the alphabet is a number below `SIZE`, a bigram `a * SIZE + b`, a trigram `bigram * SIZE + c`:
two gathers and a table of keys replace a Python loop over every n-gram of every text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

SIZE = 1 << 13  # more than the characters of any model; 0 stands for all others
_PLANE = 1 << 16  # characters past the basic plane are outside the alphabet
ROW_BITS = 39  # those of a trigram; the row that a term stands in comes above them
IN_ROW = (1 << ROW_BITS) - 1
_MOST_MOVES = 100  # rounds; 80,000 keys settle in 12


class Tally(NamedTuple):
    """How often terms stand in rows: `counts` of `columns`, which ascend within each row; `keys` have the row
    above `ROW_BITS`.
    """

    keys: Ints
    columns: npt.NDArray[Any]
    counts: Ints

    @classmethod
    def of_columns(cls, rows: Sequence[Sequence[int]]) -> Self:
        """Count columns that are in any order, each as often as it stands in its row."""
        lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
        above = np.repeat(np.arange(len(rows)) << ROW_BITS, lengths)
        columns = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=len(above))
        keys, counts = tally(above | columns)
        return cls(keys, keys & IN_ROW, counts)

    def then(self, other: Tally, *, row: int, column: int) -> Tally:
        """Return both, the other's rows and columns beginning at `row` and `column`."""
        return Tally(
            np.concatenate([self.keys, other.keys + (row << ROW_BITS)]),
            np.concatenate([self.columns, other.columns + column]),
            np.concatenate([self.counts, other.counts]),
        )

    def matrix(self, shape: tuple[int, int]) -> Any:
        """Return the counts, CSR float32."""
        starts = self.keys.searchsorted(np.arange(shape[0] + 1) << ROW_BITS)
        return sparse.csr_matrix(
            (self.counts.astype(np.float32), self.columns.astype(np.int32), starts.astype(np.int32)),
            shape=shape,
        )


@dataclass(frozen=True, slots=True)
class WordTerms:
    """The words a model knows, each with its column."""

    columns: dict[str, int]

    def counts(self, documents: Sequence[Sequence[str]]) -> Any:
        """Return term counts, CSR float32 (n_documents, n_words); case does not matter."""
        return self.tally(documents).matrix((len(documents), len(self.columns)))

    def tally(self, documents: Sequence[Sequence[str]]) -> Tally:
        """Return the same counts, of which no matrix is made yet."""
        return Tally.of_columns([self._columns_of(words) for words in documents])

    def _columns_of(self, words: Sequence[str]) -> list[int]:
        """Return the columns of the known words; most are found as they are, before their case is changed."""
        find = self.columns.get
        return [
            column
            for word in words
            if (column := find(word)) is not None or (column := find(word.lower())) is not None
        ]


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Sorted keys with a hash table over them: four times as fast as a search in the sorted keys.

    A key lies in one of its two homes (cuckoo hashing, Pagh and Rodler 2004), so that two looks find any.
    `held` (a power of two) are the keys that lie there, -1 where none does, `places` their places in `keys`.
    """

    keys: Ints
    held: Ints
    places: npt.NDArray[np.int32]

    @classmethod
    def of(cls, keys: Ints) -> KeyTable:
        """Return the table of sorted distinct `keys`, none of them negative."""
        size = 1 << max(4, (2 * len(keys)).bit_length())  # a quarter to a half full: all find a home
        while (places := _settled(keys, size)) is None:
            size *= 2
        return cls(keys, np.append(keys, -1)[places], places)

    def find(self, wanted: Ints) -> npt.NDArray[np.int32]:
        """Return the place of each wanted key in `keys`, -1 where it is none of them."""
        first, second = _homes(wanted, len(self.held))
        at = np.where(self.held[first] == wanted, first, second)
        return np.where(self.held[at] == wanted, self.places[at], np.int32(-1))


def _homes(keys: Ints, size: int) -> tuple[Ints, Ints]:
    """Fibonacci hashing (Knuth 6.4): the high bits of key times 2^64 over the golden ratio, and the next."""
    bits = size.bit_length() - 1
    mixed = keys.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    first, second = mixed >> np.uint64(64 - bits), mixed >> np.uint64(64 - 2 * bits)
    return first.view(np.int64), second.view(np.int64) & (size - 1)


def _settled(keys: Ints, size: int) -> npt.NDArray[np.int32] | None:
    """Return which key lies in each slot, -1 for none; None where not all find a home."""
    homes = np.stack(_homes(keys, size))
    places = np.full(size, -1, dtype=np.int32)
    home = np.zeros(len(keys), dtype=np.int8)
    waiting = np.arange(len(keys), dtype=np.int32)
    for _ in range(_MOST_MOVES):
        at = homes[home[waiting], waiting]
        before = places[at]
        places[at] = waiting  # of two for one slot the last stays; the other tries its other home
        waiting = np.concatenate([waiting[places[at] != waiting], np.unique(before[before >= 0])])
        if not len(waiting):
            return places
        home[waiting] ^= 1
    return None


@dataclass(frozen=True, slots=True)
class CharGrams:
    """The character bigrams and trigrams a model knows.

    `alphabet` are its characters, lower case and half width; `numbers` (65536,) gives each code point its
    number. The column of an n-gram is its place in the table's keys.
    """

    alphabet: str
    numbers: npt.NDArray[np.uint16]
    table: KeyTable

    @classmethod
    def of(cls, alphabet: str, keys: Ints) -> CharGrams:
        """Return the grams over `alphabet` (its characters get 1, 2, …); case and width do not count."""
        numbers = np.zeros(_PLANE, dtype=np.uint16)
        numbers[[ord(char) for char in alphabet]] = np.arange(1, len(alphabet) + 1)
        numbers[0x41:0x5B] = numbers[0x61:0x7B]
        numbers[0xFF01:0xFF5F] = numbers[0x21:0x7F]
        return cls(alphabet, numbers, KeyTable.of(keys))

    def spelled(self) -> list[str]:
        """Return the n-grams themselves, in the order of the keys."""
        chars = np.array(["", *self.alphabet], dtype=object)
        keys = self.table.keys
        pairs = chars[keys // SIZE // SIZE] + chars[keys // SIZE % SIZE] + chars[keys % SIZE]
        return [str(gram) for gram in pairs]

    def counts(self, texts: Sequence[str]) -> Any:
        """Return n-gram counts, CSR float32 (n_texts, n_keys)."""
        return self.tally(texts).matrix((len(texts), len(self.table.keys)))

    def tally(self, texts: Sequence[str]) -> Tally:
        """Return the same counts, of which no matrix is made yet."""
        keys, counts = tally(self.grams(texts))
        columns = self.table.find(keys & IN_ROW)
        known = columns >= 0
        return Tally(keys[known], columns[known], counts[known])

    def grams(self, texts: Sequence[str]) -> Ints:
        """Return every bigram and trigram of the alphabet as a key, its row above it, in no order."""
        joined = "\n".join(texts) + "\n"
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        chars = self.numbers[np.minimum(codes, _PLANE - 1)].astype(np.int64)
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
        rows = np.repeat(np.arange(len(texts)) << ROW_BITS, lengths)
        known = chars > 0
        pairs = known[:-1] & known[1:]
        triples = pairs[:-1] & known[2:]
        two = chars[:-1] * SIZE + chars[1:]
        three = two[:-1] * SIZE + chars[2:]
        return np.concatenate([(rows[:-1] | two)[pairs], (rows[:-2] | three)[triples]])


def tally(keys: Ints) -> tuple[Ints, Ints]:
    """Return the distinct keys, ascending, and how often each occurs: numpy's unique, in half the time."""
    keys = np.sort(keys)
    is_bound = np.ones(len(keys) + 1, dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=is_bound[1:-1])
    bounds = is_bound.nonzero()[0]
    return keys[bounds[:-1]], bounds[1:] - bounds[:-1]
