"""What messages are about, apart from where: word weights and word vectors, learnt from unlabelled messages.

Two reports of one problem may share no word ("吵得睡不着", "噪音扰民"). Words that are used alike get alike
vectors (TF-IDF, then truncated SVD), so that such reports still lie close together.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nlp.grams import Floats, KeyTable
from nlp.linear import unit_rows
from nlp.model_files import SHIPPED, opened_model, packed, save_model, unpacked
from nlp.name_keys import pairs_in
from nlp.places import find_places
from nlp.segment import words
from records.analysis import PlaceKind, PlaceMention
from records.errors import ConfigurationError

DIMENSIONS = 96
FEWEST_MESSAGES = 5  # a word that fewer messages use is a name or a slip, and is not kept
LARGEST_SHARE = 0.3  # a word that more use says nothing
COMMON_IDF = 5.6  # of a word in one message of a hundred: no part of an unusual name
COMMON_PAIRS = 9  # two characters that so many of the messages hold side by side are no part of a name
MAX_CHARACTERS = 500  # what a message is about is said by then
NAME = "matter"
FOLDER = SHIPPED / NAME
SEED = 0

# Places that tell one problem from another. City, district and street are shared by too many.
SPECIFIC = frozenset({PlaceKind.COMMUNITY, PlaceKind.ROAD, PlaceKind.ESTATE, PlaceKind.SITE})
_FIRST, _LAST = "\u4e00", "\u9fff"


@dataclass(frozen=True, slots=True)
class MatterModel:
    """`idf` and `vectors` (n_words, DIMENSIONS) belong to the words of `names`.

    `common_words` are in a hundredth of the messages or more, `common_pairs` as above.
    """

    version: str
    names: list[str]
    index: dict[str, int]
    idf: npt.NDArray[np.float64]
    vectors: Floats
    common_words: frozenset[str]
    common_pairs: KeyTable

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """Read the model in `folder`, or the shipped one. Raises ConfigurationError if it cannot be used."""
        with opened_model(folder or FOLDER, NAME) as (head, arrays):
            names = unpacked(arrays["words"])
            idf = arrays["idf"].astype(np.float64)
            return cls(
                version=head["version"],
                names=names,
                index={word: row for row, word in enumerate(names)},
                idf=idf,
                vectors=arrays["vectors"].astype(np.float32) * arrays["scale"],
                common_words=frozenset(names[row] for row in np.flatnonzero(idf < COMMON_IDF)),
                common_pairs=KeyTable.of(np.sort(pairs_in(arrays["pairs"].tobytes().decode())[1])),
            )

    def vectors_of(self, weighed: Any) -> Floats:
        """Return the unit vector of what each row of weights is about, zero where no word is known."""
        return unit_rows(weighed @ self.vectors)


def fit_matter(texts: Sequence[str], folder: Path) -> MatterModel:
    """Learn from messages (title and text in one string each) and write the model: the same texts, the same
    bytes; a byte for each number of a vector. Raises ConfigurationError where no word tells them apart."""
    documents = [matter_words(words(text[:MAX_CHARACTERS]), find_places(text)) for text in texts]
    counts = Counter(word for document in documents for word in set(document))
    kept = sorted(w for w, n in counts.items() if FEWEST_MESSAGES <= n <= LARGEST_SHARE * len(texts))
    if not kept:
        raise ConfigurationError(
            f"training data: no Chinese word is used in {FEWEST_MESSAGES} of {len(texts)} messages and in few"
            " enough to tell them apart (give messages about different matters)"
        )
    index = {word: row for row, word in enumerate(kept)}
    idf = [1 + math.log((1 + len(texts)) / (1 + counts[w])) for w in kept]
    pairs = Counter(pair for text in texts for pair in character_pairs(text[:MAX_CHARACTERS]))
    common = sorted(pair for pair, n in pairs.items() if n >= COMMON_PAIRS and all(map(is_chinese, pair)))
    vectors = _vectors(documents, index, idf)
    scale = np.float32(np.abs(vectors).max() / 127 or 1)
    arrays: dict[str, Any] = {
        "words": packed(kept),
        "idf": np.array(idf, dtype=np.float16),
        "vectors": np.round(vectors / scale).astype(np.int8),
        "scale": scale,
        "pairs": packed(common),
    }
    save_model(folder, {"name": NAME}, arrays)
    return MatterModel.load(folder)


def matter_words(terms: Iterable[str], mentions: Sequence[PlaceMention]) -> list[str]:
    """Return the Chinese words among `terms` that are no part of a place the message names."""
    names = " ".join([mention.name for mention in mentions])
    return [term for term in terms if term not in names and is_chinese(term)]


def character_pairs(text: str) -> set[str]:
    """Return each two characters that stand side by side."""
    return {text[at : at + 2] for at in range(len(text) - 1)}


def is_chinese(word: str) -> bool:
    """Return whether the word begins with a Chinese character."""
    return _FIRST <= word[0] <= _LAST


def _vectors(documents: Sequence[Sequence[str]], index: Mapping[str, int], idf: Sequence[float]) -> Floats:
    """Return the word vectors, (n_words, DIMENSIONS): the right singular vectors of the TF-IDF matrix."""
    from scipy import sparse
    from sklearn.utils.extmath import randomized_svd

    rows, columns, values = [], [], []
    for row, document in enumerate(documents):
        counted = Counter(word for word in document if word in index)
        weights = {word: (1 + np.log(n)) * idf[index[word]] for word, n in counted.items()}
        length = sum(weight * weight for weight in weights.values()) ** 0.5 or 1.0
        rows += [row] * len(weights)
        columns += [index[word] for word in weights]
        values += [weight / length for weight in weights.values()]
    matrix = sparse.csr_matrix(
        (values, (rows, columns)), shape=(len(documents), len(index)), dtype=np.float64
    )
    dimensions = min(DIMENSIONS, *matrix.shape)
    _, _, components = randomized_svd(matrix, dimensions, n_iter=4, random_state=SEED)
    vectors: Floats = np.zeros((len(index), DIMENSIONS), dtype=np.float32)
    vectors[:, :dimensions] = components.T
    return vectors
