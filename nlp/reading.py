"""One post, normalised and cut once for every part that reads it."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.segment import cut, normalise, terms
from records.post import Post


@dataclass(frozen=True, slots=True)
class Reading:
    """`title` and `text` are normalised, `pieces` joined are `whole`, `words` are its terms."""

    title: str
    text: str
    whole: str
    pieces: list[str]
    words: list[str]

    @classmethod
    def of(cls, post: Post) -> Reading:
        """Read a post."""
        title, text = normalise(post.title), normalise(post.text)
        whole = f"{title}\n{text}"
        pieces = cut(whole)
        return cls(title, text, whole, pieces, terms(pieces))
