"""Saving posts: which are new, which are the next revision of one, and what that writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from records.plain import plain_post
from records.post import Post
from records.run import SaveOutcome
from storage import schema
from storage.dialect import in_chunks, take_turns, upsert
from storage.jobs import queue_analysis
from storage.outbox import enqueue
from storage.post_rows import load_posts, post_row, reply_rows

_POSTS = schema.posts.c


@dataclass(slots=True)
class _Known:
    """What is stored of a post, as far as saving must know it."""

    digest: str
    revision: int
    votes: tuple[int, int]
    purged: bool = False


@dataclass(slots=True)
class _Plan:
    """What one call of `save` has to write."""

    outcomes: list[tuple[str, SaveOutcome]] = field(default_factory=list)
    latest: dict[str, Post] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    rewritten: set[str] = field(default_factory=set)  # new posts and new revisions
    reindexed: set[str] = field(default_factory=set)
    replaced_here: list[Post] = field(default_factory=list)  # by a later item of the same batch
    replaced_stored: list[str] = field(default_factory=list)


def save_posts(connection: Connection, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
    """Write what is new of the posts, their outbox rows and the job of analysing them; return (id, outcome).

    A new post is revision 1; a changed digest the next revision, the old one kept; else only votes and
    fetched_at move.
    """
    digests = [post.digest() for post in posts]
    # A post that is not there yet cannot be locked: whoever brings posts of a source does it alone.
    take_turns(connection, {f"source {post.source}" for post in posts})
    plan = _plan_save(posts, digests, _known(connection, [post.id for post in posts]))
    replaced = [*load_posts(connection, plan.replaced_stored).values(), *plan.replaced_here]
    _write_posts(connection, plan)
    _keep_replaced(connection, replaced)
    enqueue(connection, (post_id for post_id in plan.latest if post_id in plan.reindexed))
    queue_analysis(connection, (post_id for post_id in plan.latest if post_id in plan.rewritten))
    return plan.outcomes


def _known(connection: Connection, post_ids: Sequence[str]) -> dict[str, _Known]:
    columns = (
        _POSTS.id,
        _POSTS.digest,
        _POSTS.revision,
        _POSTS.votes_up,
        _POSTS.votes_down,
        _POSTS.purged_at,
    )
    return {
        row.id: _Known(row.digest, row.revision, (row.votes_up, row.votes_down), row.purged_at is not None)
        for chunk in in_chunks(post_ids)
        for row in connection.execute(_in_order_of_locking(select(*columns).where(_POSTS.id.in_(chunk))))
    }


def _in_order_of_locking(query: Select[Any]) -> Select[Any]:
    # SQLite, where whoever writes is alone, leaves the lock out of the statement.
    return query.order_by(_POSTS.id).with_for_update(key_share=True)


def _plan_save(posts: Sequence[Post], digests: Sequence[str], known: dict[str, _Known]) -> _Plan:
    """Return what to write. `known` is brought up to date on the way: a batch may hold a post twice."""
    plan = _Plan()
    for post, digest in zip(posts, digests, strict=True):
        before = known.get(post.id)
        votes = (post.votes_up, post.votes_down)
        if before is None:
            outcome, revision = SaveOutcome.STORED, 1
        elif before.digest == digest:
            outcome, revision = SaveOutcome.UNCHANGED, before.revision
        else:
            outcome, revision = SaveOutcome.UPDATED, before.revision + 1
            _note_replaced(plan, post.id)
        if outcome is not SaveOutcome.UNCHANGED:
            plan.rewritten.add(post.id)
        if before is None or before.votes != votes or outcome is SaveOutcome.UPDATED:
            plan.reindexed.add(post.id)
        plan.outcomes.append((post.id, outcome))
        purged = before is not None and before.purged
        plan.latest[post.id] = replace(_without_text(post) if purged else post, revision=revision)
        plan.digests[post.id] = digest
        known[post.id] = _Known(digest, revision, votes, purged)
    return plan


def _without_text(post: Post) -> Post:
    # Its retention has ended: what its source still shows is followed, but not kept again.
    return replace(post, title="", text="", replies=tuple(replace(reply, text="") for reply in post.replies))


def _note_replaced(plan: _Plan, post_id: str) -> None:
    if post_id in plan.latest and post_id in plan.rewritten:
        plan.replaced_here.append(plan.latest[post_id])
    else:
        plan.replaced_stored.append(post_id)


def _keep_replaced(connection: Connection, replaced: Sequence[Post]) -> None:
    if replaced:
        connection.execute(
            insert(schema.post_revisions),
            [
                {"post_id": post.id, "revision": post.revision, "content": plain_post(post)}
                for post in replaced
            ],
        )


def _write_posts(connection: Connection, plan: _Plan) -> None:
    rewritten = [post for post_id, post in plan.latest.items() if post_id in plan.rewritten]
    # The identity, and facts of revision 1 and of the merge, not of this revision.
    keep = ("source", "native_id", "to_merge", "first_fetched_at", "purged_at")
    upsert(connection, schema.posts, [post_row(post, plan.digests[post.id]) for post in rewritten], keep=keep)
    for chunk in in_chunks(post.id for post in rewritten if post.revision > 1):
        connection.execute(delete(schema.replies).where(schema.replies.c.post_id.in_(chunk)))
    answers = [row for post in rewritten for row in reply_rows(post)]
    if answers:
        connection.execute(insert(schema.replies), answers)
    touched = [_touch(post) for post_id, post in plan.latest.items() if post_id not in plan.rewritten]
    if touched:
        connection.execute(update(schema.posts).where(_POSTS.id == bindparam("post_id")), touched)


def _touch(post: Post) -> dict[str, Any]:
    return {
        "post_id": post.id,
        "votes_up": post.votes_up,
        "votes_down": post.votes_down,
        "fetched_at": post.fetched_at,
    }
