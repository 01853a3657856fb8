"""Texts to sparse term counts, a whole batch at once: words by a dictionary, character n-grams by number.

A character of the alphabet is a number below `SIZE`, a bigram `a * SIZE + b`, a trigram `bigram * SIZE + c`:
two gathers and a table of keys replace a Python loop over every n-gram of every text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

SIZE = 1 << 13  # more than the characters of any model; 0 stands for all others
_PLANE = 1 << 16  # characters past the basic plane are outside the alphabet


@dataclass(frozen=True, slots=True)
class WordTerms:
    """The words a model knows, each with its column."""

    columns: dict[str, int]

    def counts(self, documents: Sequence[Sequence[str]]) -> Any:
        """Return term counts, CSR float32 (n_documents, n_words); case does not matter."""
        columns = self._columns_of(list(chain.from_iterable(documents)))
        lengths = np.fromiter(map(len, documents), dtype=np.int64, count=len(documents))
        known = columns >= 0
        rows = np.repeat(np.arange(len(documents)), lengths)[known]
        return count_matrix(columns[known], np.bincount(rows, minlength=len(documents)), len(self.columns))

    def _columns_of(self, words: Sequence[str]) -> npt.NDArray[np.int32]:
        """Return the column of each word, -1 where it is not known. Words without a case are looked up as
        they are: to lower them takes longer than to find them.
        """
        columns = np.fromiter(map(self.columns.get, words, repeat(-1)), dtype=np.int32, count=len(words))
        missing = np.flatnonzero(columns < 0).tolist()
        lower = {word: self.columns.get(word.lower(), -1) for word in {words[at] for at in missing}}
        columns[missing] = [lower[words[at]] for at in missing]
        return columns


@dataclass(frozen=True, slots=True)
class KeyTable:
    """Sorted keys with a hash table over them: four times as fast as a search in the sorted keys.

    `slots` (a power of two) hold places in `keys`, -1 where empty; a key lies in the first free slot from its
    own on.
    """

    keys: Ints
    slots: npt.NDArray[np.int32]

    @classmethod
    def of(cls, keys: Ints) -> KeyTable:
        """Return the table of sorted distinct `keys`."""
        size = 1 << max(4, (2 * len(keys)).bit_length())  # a quarter to a half full: short chains
        slots = np.full(size, -1, dtype=np.int32)
        waiting, at = np.arange(len(keys), dtype=np.int32), _home(keys, size)
        while len(waiting):
            free = slots[at] < 0
            slots[at[free]] = waiting[free]  # of two for one slot the last stays; the other goes on
            left = slots[at] != waiting
            waiting, at = waiting[left], (at[left] + 1) & (size - 1)
        return cls(keys, slots)

    def find(self, wanted: Ints) -> npt.NDArray[np.int32]:
        """Return the place of each wanted key in `keys`, -1 where it is none of them."""
        if not len(self.keys):
            return np.full(len(wanted), -1, dtype=np.int32)
        size = len(self.slots)
        at = _home(wanted, size)
        found = self.slots[at]
        open_ = np.flatnonzero((found >= 0) & (self.keys[found] != wanted))
        while len(open_):
            at[open_] = (at[open_] + 1) & (size - 1)
            found[open_] = self.slots[at[open_]]
            open_ = open_[(found[open_] >= 0) & (self.keys[found[open_]] != wanted[open_])]
        return found


def _home(keys: Ints, size: int) -> Ints:
    """Fibonacci hashing (Knuth 6.4): the high bits of key times 2^64 over the golden ratio."""
    shift = np.uint64(64 - size.bit_length() + 1)
    mixed = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (mixed >> shift).astype(np.int64)


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
        grams, rows = self.grams(texts)
        columns = self.table.find(grams)
        known = columns >= 0
        lengths = np.bincount(rows[known], minlength=len(texts))
        return count_matrix(columns[known], lengths, len(self.table.keys))

    def grams(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """Return every bigram and trigram of the alphabet as keys, and the row of each; rows ascend."""
        joined = "\n".join(texts) + "\n"
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        chars = self.numbers[np.minimum(codes, _PLANE - 1)].astype(np.int64)
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
        rows = np.repeat(np.arange(len(texts)), lengths)
        two = np.where((chars[:-1] > 0) & (chars[1:] > 0), chars[:-1] * SIZE + chars[1:], 0)
        three = np.where((two[:-1] > 0) & (two[1:] > 0), two[:-1] * SIZE + chars[2:], 0)
        pairs = np.zeros((len(two), 2), dtype=np.int64)  # side by side, so that rows stay in order
        pairs[:, 0] = two
        pairs[: len(three), 1] = three
        keys = pairs.ravel()
        real = keys > 0
        return keys[real], np.repeat(rows[:-1], 2)[real]


def count_matrix(
    columns: npt.NDArray[np.int32], lengths: Ints, width: int, counts: Floats | None = None
) -> Any:
    """Return how often each row holds each column, CSR float32 (n_rows, width).

    `columns` are those of one row after another, `lengths` (n_rows,) how many of each; each counts once, or
    as often as `counts` says.
    """
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    matrix = sparse.csr_matrix(
        (np.ones(len(columns), dtype=np.float32) if counts is None else counts, columns, starts),
        shape=(len(lengths), width),
    )
    matrix.sum_duplicates()
    return matrix
