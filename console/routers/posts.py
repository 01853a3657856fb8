"""One post: what was asked, what was answered, how it was understood and where it went."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from console.revisions import revision_changes
from console.view import CurrentView, View
from records.errors import Rejected, Retryable
from records.post import Post

router = APIRouter(prefix="/posts")

SHOWN_ALIKE = 6


@router.get("/{post_id:path}")
def detail(view: CurrentView, post_id: str) -> Response:
    """The post `source/native_id`. Looking at it is written to the audit log."""
    database = view.services.database
    post = database.posts.get(post_id)
    if post is None:
        raise Rejected(
            "unknown_post", f'post "{post_id}": not stored here (ids are written source/native_id)'
        )
    view.note("read_post", post.id)
    membership = database.problems.membership(post.id)
    return view.page(
        "post.html",
        post=post,
        analysis=database.analyses.get(post.id),
        membership=membership,
        problem=database.problems.get(membership.problem_id) if membership else None,
        changes=revision_changes(database.posts.revisions(post.id)),
        steps=view.services.why(post.id),
        alike=_alike(view, post),
    )


def _alike(view: View, post: Post) -> list[Post]:
    """Return the posts most like this one; none where its text is gone, or search does not answer."""
    if post.is_purged:
        return []
    try:
        hits = view.services.index.more_like_this(post.whole_text, without=post.id, limit=SHOWN_ALIKE)
    except Retryable:
        return []
    found = view.services.database.posts.get_many(hit.post_id for hit in hits)
    return [found[hit.post_id] for hit in hits if hit.post_id in found]
