"""Messages to fingerprints, a batch at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from nlp.fingerprint import encode
from nlp.grams import Tally
from nlp.linear import unit_tfidf
from nlp.matter import MAX_CHARACTERS, SPECIFIC, MatterModel
from nlp.name_keys import name_keys, rare_runs
from nlp.reading import Reading
from nlp.segment import cut
from nlp.shingles import minhashes
from records.analysis import PlaceMention
from records.post import Post

TITLE_REPEATS = 2  # how often a word of the title counts beside the text
MOST_WORDS = 60
CHIEF_PLACES = 2  # the first of a text, where the title names none
LONGEST_OPENING = 40  # of a message without a title, its first sentence stands for it

_Weighed = tuple[list[str], npt.NDArray[np.uint16]]  # words and a number of each

_SENTENCE_END = re.compile(r"[。！？!?\n；;]")
_GREETING = re.compile(
    r"^\W*(?:尊敬的)?[\u4e00-\u9fff]{0,6}(?:领导|书记|市长|区长|县长|局长|您好|你好)\W*(?:您好|你好)?\W*"
)


@cache
def _shipped() -> MatterModel:
    return MatterModel.load()


def fingerprint(post: Post, mentions: Sequence[PlaceMention], *, model: MatterModel | None = None) -> str:
    """Return the fingerprint of one post; `mentions` are the places found in it."""
    return fingerprints([Reading.of(post)], [mentions], model or _shipped())[0]


def fingerprints(
    readings: Sequence[Reading], mentions: Sequence[Sequence[PlaceMention]], model: MatterModel
) -> list[str]:
    """Return of each message what same-problem matching needs: an opaque, versioned text without the message.

    `mentions` are the places found in each. Looks at the title and the first 500 characters of the text.
    """
    bodies = [reading.text[:MAX_CHARACTERS] for reading in readings]
    heads = [reading.title.strip() or _opening(body) for reading, body in zip(readings, bodies, strict=True)]
    n = len(readings)
    pieces = [_pieces(reading, head) for reading, head in zip(readings, heads, strict=True)]
    specific = [_names(places, specific=True) for places in mentions]
    wide = [_names(places, specific=False) for places in mentions]
    titled = [[name for name in names if name in head] for names, head in zip(specific, heads, strict=True)]
    # Where the title names no place, the first places of the text stand for it.
    chief = [own or names[:CHIEF_PLACES] for own, names in zip(titled, specific, strict=True)]
    keys = name_keys(
        chief=["\n".join(names) for names in chief],
        wide=["\n".join(names) for names in wide],
        title=[rare_runs(title, model.common_words) for title, _ in pieces],
        text=[rare_runs(text, model.common_words) for _, text in pieces],
        common=model.common_pairs,
    )
    names = [" ".join([place.name for place in places]) for places in mentions]
    titles = [_columns(title, names, model) for (title, _), names in zip(pieces, names, strict=True)]
    texts = [_columns(text, names, model) for (_, text), names in zip(pieces, names, strict=True)]
    wholes = [title * TITLE_REPEATS + text for title, text in zip(titles, texts, strict=True)]
    weighed = unit_tfidf(Tally.of_columns([*wholes, *titles]).matrix((2 * n, len(model.names))), model.idf)
    vectors = np.round(model.vectors_of(weighed) * 127).astype(np.int8)
    copies = minhashes([body or head for body, head in zip(bodies, heads, strict=True)])
    words, title_words = _weighed_words(weighed, n, model)
    return [
        encode(
            title_names=chief[row],
            names=[name for name in specific[row] if name not in chief[row]],
            title_words=title_words[row][0],
            words=words[row][0],
            is_titled=bool(titled[row]),
            numbers=(
                *keys[row], copies[row], title_words[row][1], words[row][1],
                vectors[row], vectors[n + row],
            ),
        )
        for row in range(n)
    ]  # fmt: skip


def _opening(text: str) -> str:
    """Return the first sentence that is more than a greeting."""
    text = _GREETING.sub("", text, count=1)
    return _SENTENCE_END.split(text, maxsplit=1)[0][:LONGEST_OPENING]


def _pieces(reading: Reading, head: str) -> tuple[list[str], list[str]]:
    """Return the title's (or opening's) and the text's pieces."""
    limit = len(reading.title) + 1 + MAX_CHARACTERS
    pieces = reading.pieces if len(reading.whole) <= limit else cut(reading.whole[:limit])
    if not reading.title.strip():
        return cut(head), pieces
    return pieces[: reading.n_title], pieces[reading.n_title :]


def _names(places: Sequence[PlaceMention], *, specific: bool) -> list[str]:
    return [place.name for place in places if (place.kind in SPECIFIC) == specific]


def _columns(words: Sequence[str], names: str, model: MatterModel) -> list[int]:
    """Return the columns of the known words that are no part of `names`."""
    find = model.index.get
    return [column for word in words if (column := find(word)) is not None and word not in names]


def _weighed_words(weighed: Any, n: int, model: MatterModel) -> tuple[list[_Weighed], list[_Weighed]]:
    """Return the weightiest words of each of the first n rows and their weights in thousandths; those of the
    others and their idf in hundredths.
    """
    words = [model.names[column] for column in weighed.indices.tolist()]
    weights = (weighed.data * 1000).astype(np.uint16)
    rarity = (model.idf[weighed.indices] * 100).astype(np.uint16)
    bounds = list(pairwise(weighed.indptr.tolist()))
    whole = [(words[start:end], weights[start:end]) for start, end in bounds[:n]]
    for row, (start, end) in enumerate(bounds[:n]):
        if end - start > MOST_WORDS:
            kept = np.sort(np.argsort(-weighed.data[start:end], kind="stable")[:MOST_WORDS])
            whole[row] = [words[start + at] for at in kept.tolist()], weights[start:end][kept]
    return whole, [(words[start:end], rarity[start:end]) for start, end in bounds[n:]]
