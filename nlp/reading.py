"""One post, normalised and cut once for every part that reads it."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.segment import cut, normalise, terms
from records.post import Post


@dataclass(frozen=True, slots=True)
class Reading:
    """`title` and `text` are normalised, `pieces` joined are `whole`."""

    title: str
    text: str
    whole: str
    pieces: list[str]

    @classmethod
    def of(cls, post: Post) -> Reading:
        """Read a post."""
        whole = normalise(f"{post.title}\n{post.text}")  # one character for one, so both can be taken out
        end = len(post.title)
        return cls(whole[:end], whole[end + 1 :], whole, cut(whole))

    def words(self) -> list[str]:
        """Return the terms of title and text."""
        return terms(self.pieces)
