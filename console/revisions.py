"""What changed between two revisions of a post, in pieces to show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise

from records.post import Post, Reply

_SENTENCE = re.compile(r"[^。！？；\n]*[。！？；\n]|[^。！？；\n]+")
# Comparing is quadratic: longer sentences are shown as wholly replaced, longer texts by their beginning.
_MAX_COMPARED_CHARS = 400
_MAX_SENTENCES = 2000


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    change: Change
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionChange:
    """What the revision `after` changed; `title` and `text` are empty where they stayed the same."""

    after: Post
    title: Sequence[Piece]
    text: Sequence[Piece]
    status: tuple[str | None, str | None] | None
    new_replies: Sequence[Reply]
    lost_replies: Sequence[Reply]


def revision_changes(revisions: Sequence[Post]) -> list[RevisionChange]:
    """Return what each revision after the first changed, newest first. `revisions` is oldest first."""
    return [_change(before, after) for before, after in pairwise(revisions)][::-1]


def _change(before: Post, after: Post) -> RevisionChange:
    return RevisionChange(
        after=after,
        title=_pieces(before.title, after.title),
        text=_pieces(before.text, after.text),
        status=(before.status, after.status) if before.status != after.status else None,
        new_replies=[reply for reply in after.replies if reply not in before.replies],
        lost_replies=[reply for reply in before.replies if reply not in after.replies],
    )


def _pieces(before: str, after: str) -> list[Piece]:
    return list(compare(before, after)) if before != after else []


def compare(before: str, after: str) -> Iterator[Piece]:
    """Yield the pieces of both texts in reading order: sentence by sentence, then by characters within."""
    old, new = _sentences(before), _sentences(after)
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        removed, added = "".join(old[start:end]), "".join(new[new_start:new_end])
        if kind == "equal":
            yield Piece(change=Change.SAME, text=removed)
        elif removed and added and max(len(removed), len(added)) <= _MAX_COMPARED_CHARS:
            yield from _compare_characters(removed, added)
        else:
            yield from _replaced(removed, added)


def _sentences(text: str) -> list[str]:
    return _SENTENCE.findall(text)[:_MAX_SENTENCES]


def _compare_characters(before: str, after: str) -> Iterator[Piece]:
    for kind, start, end, new_start, new_end in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            yield Piece(change=Change.SAME, text=before[start:end])
        else:
            yield from _replaced(before[start:end], after[new_start:new_end])


def _replaced(removed: str, added: str) -> Iterator[Piece]:
    if removed:
        yield Piece(change=Change.REMOVED, text=removed)
    if added:
        yield Piece(change=Change.ADDED, text=added)
