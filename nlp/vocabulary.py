"""The terms a model knows, learnt from texts: words and character n-grams that enough messages share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from nlp.grams import IN_ROW, SIZE, CharGrams, Floats, Ints, WordTerms, tally

# A term that fewer messages share says little and could be a person's name: it is never kept (privacy, and
# the terms of the data: vocabulary may be published only where it occurs in at least five messages).
FEWEST_MESSAGES = 5


def learn_words(documents: Sequence[Sequence[str]], *, fewest: int = FEWEST_MESSAGES) -> WordTerms:
    """Return the words that at least `fewest` of the documents hold, sorted."""
    spread: Counter[str] = Counter()
    for words in documents:
        spread.update(set(words))
    kept = sorted(word for word, n in spread.items() if n >= fewest)
    return WordTerms({word: column for column, word in enumerate(kept)})


def learn_grams(texts: Sequence[str], *, fewest: int = FEWEST_MESSAGES) -> CharGrams:
    """Return the bigrams and trigrams that at least `fewest` of the texts hold."""
    spread: Counter[str] = Counter()
    for text in texts:
        spread.update(set(text.lower()))
    alphabet = "".join(sorted(c for c, n in spread.items() if n >= fewest and _belongs(c)))
    if len(alphabet) >= SIZE:  # the rarest go: their numbers would not fit the keys
        alphabet = "".join(sorted(sorted(alphabet, key=lambda char: -spread[char])[: SIZE - 1]))
    every = CharGrams.of(alphabet, np.zeros(0, dtype=np.int64))
    in_texts, _ = tally(every.grams(texts))
    kept, n_texts = tally(in_texts & IN_ROW)
    return CharGrams.of(alphabet, kept[n_texts >= fewest])


def inverse_frequency(n_texts_with: Ints, n_texts: int) -> Floats:
    """Return ln((1 + n) / (1 + df)) + 1, float32: scikit-learn's smoothed idf."""
    idf: Floats = (np.log((1 + n_texts) / (1 + n_texts_with)) + 1).astype(np.float32)
    return idf


def _belongs(char: str) -> bool:
    return char.isalnum() and ord(char) < 1 << 16 and not 0xFF01 <= ord(char) <= 0xFF5E
