"""The search index's document of a post, built from the truth."""

from __future__ import annotations

from records.analysis import Analysis
from records.post import Post
from records.query import IndexDocument
from storage.characters import GAP, in_parts, pieces
from storage.query import Segment


def build_document(
    post: Post, analysis: Analysis | None, problem_id: str | None, *, flagged: bool, segment: Segment
) -> IndexDocument:
    """Return the document of `post`; a post that no model has read yet can already be found by its words.

    `places` are the declared one and those the text names. `department` is the office that answered last,
    else the one that was addressed.
    """
    return IndexDocument(
        id=post.id,
        title=_words(post.title, segment),
        text=_words(post.text, segment),
        reply=_words("\n".join(reply.text for reply in post.replies), segment),
        title_pieces=" ".join(pieces(post.title)),
        text_pieces=" ".join(pieces(post.text)),
        # A phrase does not go on from one reply into the next.
        reply_pieces=f" {GAP} ".join(" ".join(pieces(reply.text)) for reply in post.replies),
        topic=analysis.topic if analysis else None,
        places=_places(post, analysis),
        department=_department(post),
        channel=post.channel.value,
        source=post.source,
        status=post.status,
        intent=analysis.intent.value if analysis else None,
        urgency=analysis.urgency if analysis else 0,
        dissatisfaction=analysis.dissatisfaction if analysis else 0.0,
        asked_at=post.asked_at,
        replied_at=post.first_replied_at,
        problem=problem_id,
        flagged=flagged,
        votes=post.votes_up,
        revision=post.revision,
    )


def _words(text: str, segment: Segment) -> str:
    return " ".join(in_parts(segment(text)))


def _places(post: Post, analysis: Analysis | None) -> tuple[str, ...]:
    named = [mention.name for mention in analysis.places] if analysis else []
    return tuple(dict.fromkeys(place for place in (post.place, *named) if place))


def _department(post: Post) -> str | None:
    answering = [reply.department for reply in post.replies if reply.department]
    return answering[-1] if answering else post.addressed_to
