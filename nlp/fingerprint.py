"""What same-problem matching needs of one message: small, opaque, without its text.

A fingerprint is JSON: the names of places, hashes of rare character pairs (the parts of names that no
pattern knows), weighted words, two vectors, and a MinHash for copies. Only nlp.problems reads it.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from nlp.matter import (
    MAX_CHARACTERS,
    SPECIFIC,
    Floats,
    MatterModel,
    character_pairs,
    is_chinese,
    matter_words,
)
from nlp.segment import cut, normalise
from records.analysis import PlaceMention
from records.errors import ConfigurationError
from records.post import Post

VERSION = 1
TITLE_REPEATS = 2  # how often a word of the title counts beside the text
MOST_WORDS = 60
PERMUTATIONS = 32
SHINGLE = 5
CHIEF_PLACES = 2  # the first of a text, where the title names none
LONGEST_OPENING = 40  # of a message without a title, its first sentence stands for it

_MARKS = re.compile(r"[\W_]+")
_SENTENCE_END = re.compile(r"[。！？!?\n；;]")
_GREETING = re.compile(
    r"^\W*(?:尊敬的)?[\u4e00-\u9fff]{0,6}(?:领导|书记|市长|区长|县长|局长|您好|你好)\W*(?:您好|你好)?\W*"
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One message as the matcher sees it.

    `title_names` (the first of the text where the title names none) and `names` are places; `title_keys`
    and `keys` hashes of rare character pairs, likewise; `words` weigh as in MatterModel.weights,
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
    title_vector: Floats
    minhash: npt.NDArray[np.uint32]

    def encode(self) -> str:
        """Return the JSON text that `decode` reads."""
        return json.dumps(
            {
                "v": VERSION,
                "tn": sorted(self.title_names),
                "it": self.is_titled,
                "n": sorted(self.names - self.title_names),
                "tk": sorted(self.title_keys),
                "k": sorted(self.keys - self.title_keys),
                "w": {word: int(weight * 1000) for word, weight in self.words.items()},
                "tw": {word: int(weight * 100) for word, weight in self.title_words.items()},
                "x": _base64(np.round(self.vector * 127).astype(np.int8)),
                "tx": _base64(np.round(self.title_vector * 127).astype(np.int8)),
                "m": _base64(self.minhash),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` wrote; an empty text is a message of which nothing is known.

        Raises ConfigurationError where a newer huiying wrote it.
        """
        data: dict[str, Any] = json.loads(text or "{}")
        if data.get("v", VERSION) > VERSION:
            raise ConfigurationError(
                f"fingerprint: version {data['v']} is newer than this huiying reads ({VERSION})"
                " (upgrade huiying)"
            )
        title_names, title_keys = frozenset(data.get("tn", ())), frozenset(data.get("tk", ()))
        return cls(
            title_names=title_names,
            is_titled=data.get("it", False),
            names=title_names.union(data.get("n", ())),
            title_keys=title_keys,
            keys=title_keys.union(data.get("k", ())),
            words={word: weight / 1000 for word, weight in data.get("w", {}).items()},
            title_words={word: weight / 100 for word, weight in data.get("tw", {}).items()},
            vector=_vector(data.get("x", "")),
            title_vector=_vector(data.get("tx", "")),
            minhash=np.frombuffer(base64.b64decode(data.get("m", "")), dtype=np.uint32),
        )


@cache
def _shipped() -> MatterModel:
    return MatterModel.load()


def fingerprint(post: Post, mentions: Sequence[PlaceMention], *, model: MatterModel | None = None) -> str:
    """Return what same-problem matching needs of the post: an opaque, versioned text without the message.

    `mentions` are the places found in it. Looks at the title and the first 500 characters of the text.
    """
    return read_message(post.title, post.text, mentions, model=model or _shipped()).encode()


def read_message(
    title: str, text: str, mentions: Sequence[PlaceMention], *, model: MatterModel
) -> Fingerprint:
    """Return the fingerprint of a message."""
    body = normalise(text[:MAX_CHARACTERS])
    head = normalise(title.strip()) or _opening(body)
    specific = [mention.name for mention in mentions if mention.kind in SPECIFIC]
    # Where the title names no place, the first places of the text stand for it.
    titled = [name for name in specific if name in head]
    chief = titled or specific[:CHIEF_PLACES]
    head_pieces, body_pieces = cut(head), cut(body)
    title_words = matter_words(head_pieces, mentions)
    counted: Counter[str] = Counter(matter_words(body_pieces, mentions))
    for word in title_words:
        counted[word] += TITLE_REPEATS
    weights = model.weights(counted)
    title_weights = model.weights(Counter(title_words))
    title_keys = _keys(head_pieces, mentions, model) | _name_keys(chief, model)
    return Fingerprint(
        title_names=frozenset(chief),
        is_titled=bool(titled),
        names=frozenset(specific),
        title_keys=title_keys,
        keys=title_keys | _keys(body_pieces, mentions, model),
        words=_heaviest(weights),
        title_words={word: model.idf[model.index[word]] for word in title_weights},
        vector=model.vector(weights),
        title_vector=model.vector(title_weights),
        minhash=_minhash(body or head),
    )


def _heaviest(weights: dict[str, float]) -> dict[str, float]:
    if len(weights) <= MOST_WORDS:
        return weights
    return dict(sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS])


def _opening(text: str) -> str:
    """Return the first sentence that is more than a greeting."""
    text = _GREETING.sub("", text, count=1)
    return _SENTENCE_END.split(text, maxsplit=1)[0][:LONGEST_OPENING]


def _keys(pieces: Iterable[str], mentions: Sequence[PlaceMention], model: MatterModel) -> frozenset[int]:
    """Return the hashes of the character pairs that may be parts of names: rare ones in runs of rare words.

    A name that no pattern knows (of a company, a brand, a case) is cut into unusual words and single
    characters. Names of cities, districts and streets are left out: too much happens there.
    """
    rare: set[str] = set()
    run = ""
    for piece in pieces:
        if is_chinese(piece) and piece not in model.common_words:
            run += piece
        elif run:
            rare |= character_pairs(run)
            run = ""
    rare |= character_pairs(run)
    rare -= model.common_pairs
    for mention in mentions:
        if mention.kind not in SPECIFIC:
            rare -= character_pairs(mention.name)
    return frozenset([zlib.crc32(pair.encode()) for pair in rare])


def _name_keys(names: Iterable[str], model: MatterModel) -> frozenset[int]:
    """Return the hashes of the rare character pairs of names of places."""
    pairs = {pair for name in names for pair in character_pairs(name)} - model.common_pairs
    return frozenset([zlib.crc32(pair.encode()) for pair in pairs])


def _minhash(text: str) -> npt.NDArray[np.uint32]:
    """Return the MinHash of the text's shingles; a message shorter than one is a shingle itself."""
    dense = _MARKS.sub("", text)
    hashed = RMinHash(num_perm=PERMUTATIONS, seed=1)
    hashed.update([dense[at : at + SHINGLE] for at in range(max(1, len(dense) - SHINGLE + 1))])
    return np.array(hashed.digest(), dtype=np.uint32)


def _base64(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _vector(text: str) -> Floats:
    """Return the vector in float, made unit again; empty for ''."""
    vector = np.frombuffer(base64.b64decode(text), dtype=np.int8).astype(np.float32)
    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length else vector
