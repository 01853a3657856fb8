"""The search index's document of a post, built from the truth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from records.analysis import Analysis
from records.post import Post
from records.query import IndexDocument
from storage.characters import GAP, in_parts
from storage.pairing import CharacterTerms, character_terms
from storage.query import Segment

# Posts whose characters are read at once: 16 took half the time of one (385 characters each), 64 no less.
_AT_ONCE = 16


def build_document(
    post: Post, analysis: Analysis | None, problem_id: str | None, *, flagged: bool, segment: Segment
) -> IndexDocument:
    """Return the document of `post`; a post that no model has read yet can already be found by its words.

    `places` are the declared one and those the text names. `department` is the office that answered last,
    else the one that was addressed.
    """
    terms = character_terms(_texts(post))
    return _document(post, analysis, problem_id, terms, flagged=flagged, segment=segment)


def build_documents(
    posts: Iterable[Post],
    analyses: Mapping[str, Analysis],
    problem_ids: Mapping[str, str],
    *,
    flagged: Collection[str],
    segment: Segment,
) -> Iterator[IndexDocument]:
    """Yield the document of each post, as `build_document` gives it; what is known of it stands by its id."""
    rest = iter(posts)
    while batch := list(islice(rest, _AT_ONCE)):
        terms = character_terms([text for post in batch for text in _texts(post)])
        for number, post in enumerate(batch):
            yield _document(
                post,
                analyses.get(post.id),
                problem_ids.get(post.id),
                terms[3 * number : 3 * number + 3],
                flagged=post.id in flagged,
                segment=segment,
            )


def _texts(post: Post) -> tuple[str, str, str]:
    # A phrase does not go on from one reply into the next.
    return post.title, post.text, GAP.join(reply.text for reply in post.replies)


def _document(
    post: Post,
    analysis: Analysis | None,
    problem_id: str | None,
    terms: Sequence[CharacterTerms],
    *,
    flagged: bool,
    segment: Segment,
) -> IndexDocument:
    title, text, reply = terms
    return IndexDocument(
        id=post.id,
        title=_words(post.title, segment),
        text=_words(post.text, segment),
        reply=_words("\n".join(reply.text for reply in post.replies), segment),
        title_pairs=title.pairs,
        title_pieces=title.pieces,
        text_pairs=text.pairs,
        text_pieces=text.pieces,
        reply_pairs=reply.pairs,
        reply_pieces=reply.pieces,
        topic=analysis.topic if analysis else None,
        subtopic=analysis.subtopic if analysis else None,
        own_topics=analysis.own_topics if analysis else (),
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
        version=document_version(
            post.revision, analysis.model_version if analysis else None, has_text=bool(post.text)
        ),
    )


def document_version(revision: int, model_version: str | None, *, has_text: bool) -> str:
    """Return IndexDocument.version of a post's revision and its analysis, None for none."""
    return f"{revision} {model_version or 'unread'} {'text' if has_text else 'emptied'}"


def _words(text: str, segment: Segment) -> str:
    return " ".join(in_parts(segment(text)))


def _places(post: Post, analysis: Analysis | None) -> tuple[str, ...]:
    named = [mention.name for mention in analysis.places] if analysis else []
    return tuple(dict.fromkeys(place for place in (post.place, *named) if place))


def _department(post: Post) -> str | None:
    answering = [reply.department for reply in post.replies if reply.department]
    return answering[-1] if answering else post.addressed_to
