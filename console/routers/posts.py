"""One post: what was asked, what was answered, how it was understood and where it went."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from console.revisions import revision_changes
from console.view import CurrentView
from records.errors import Rejected

router = APIRouter(prefix="/posts")


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
    )
