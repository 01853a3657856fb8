"""One post, normalised and cut once for every part that reads it."""

from __future__ import annotations

from dataclasses import dataclass

from nlp.linear import TITLE_COUNTS, counted
from nlp.segment import cut, normalise, terms
from records.post import Post


@dataclass(frozen=True, slots=True)
class Reading:
    """`title` and `text` are normalised, `pieces` joined are `whole`; `n_title` of them are the title's."""

    title: str
    text: str
    whole: str
    pieces: list[str]
    n_title: int

    @classmethod
    def of(cls, post: Post) -> Reading:
        """Read a post."""
        whole = normalise(f"{post.title}\n{post.text}")  # one character for one, so both can be taken out
        end = len(post.title)
        pieces = cut(whole)
        n_title, left = 0, end - len(pieces[0])
        while left >= 0:  # the line's end, if nothing before, is past the title
            n_title += 1
            left -= len(pieces[n_title])
        return cls(whole[:end], whole[end + 1 :], whole, pieces, n_title)

    def counted(self) -> tuple[list[str], str]:
        """Return the pieces, and the text, in which the terms are counted."""
        pieces = self.pieces[: self.n_title] * (TITLE_COUNTS - 1) + self.pieces
        return pieces, counted(self.title, self.text)

    def words(self) -> list[str]:
        """Return the terms of title and text."""
        return terms(self.pieces)
