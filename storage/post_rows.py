"""The rows of a post and of its replies, and the post of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from records.post import Channel, Post, Reply
from records.times import Period
from storage import schema
from storage.dialect import in_chunks

_POSTS = schema.posts.c


def asked_in(period: Period) -> ColumnElement[bool]:
    """Return the condition that a post was asked in `period`."""
    return and_(_POSTS.asked_at >= period.start, _POSTS.asked_at < period.end)


def read_posts(connection: Connection, query: Select[Any]) -> list[Post]:
    """Return the posts of a query that gives all columns of `posts`, in its order, with their replies."""
    rows = connection.execute(query).all()
    answers = _replies(connection, [row.id for row in rows if row.reply_count])
    return [_post(row, answers.get(row.id, ())) for row in rows]


def load_posts(connection: Connection, post_ids: Iterable[str]) -> dict[str, Post]:
    """Return the present revisions of those that exist, by id."""
    found: dict[str, Post] = {}
    for chunk in in_chunks(post_ids):
        found.update((post.id, post) for post in read_posts(connection, select_posts(chunk)))
    return found


def select_posts(post_ids: Sequence[str]) -> Select[Any]:
    """Return the query for `read_posts` of these."""
    return select(schema.posts).where(_POSTS.id.in_(post_ids))


def _replies(connection: Connection, post_ids: Sequence[str]) -> dict[str, tuple[Reply, ...]]:
    columns = schema.replies.c
    found: dict[str, list[Reply]] = {}
    for chunk in in_chunks(post_ids):
        query = (
            select(schema.replies)
            .where(columns.post_id.in_(chunk))
            .order_by(columns.post_id, columns.position)
        )
        for row in connection.execute(query):
            reply = Reply(text=row.text, department=row.department, replied_at=row.replied_at)
            found.setdefault(row.post_id, []).append(reply)
    return {post_id: tuple(answers) for post_id, answers in found.items()}


def _post(row: Row[Any], replies: tuple[Reply, ...]) -> Post:
    return Post(
        source=row.source,
        channel=Channel(row.channel),
        native_id=row.native_id,
        url=row.url,
        title=row.title,
        text=row.text,
        asked_at=row.asked_at,
        addressed_to=row.addressed_to,
        place=row.place,
        status=row.status,
        replies=replies,
        rating=row.rating,
        votes_up=row.votes_up,
        votes_down=row.votes_down,
        fetched_at=row.fetched_at,
        revision=row.revision,
    )


def post_row(post: Post, digest: str) -> dict[str, Any]:
    """Return the row of a post that is to be analysed; `digest` is the post's."""
    return {
        "id": post.id,
        "source": post.source,
        "native_id": post.native_id,
        "channel": post.channel.value,
        "url": post.url,
        "title": post.title,
        "text": post.text,
        "asked_at": post.asked_at,
        "addressed_to": post.addressed_to,
        "place": post.place,
        "status": post.status,
        "rating": post.rating,
        "votes_up": post.votes_up,
        "votes_down": post.votes_down,
        "fetched_at": post.fetched_at,
        "first_fetched_at": post.fetched_at,
        "revision": post.revision,
        "digest": digest,
        "reply_count": len(post.replies),
        "first_replied_at": post.first_replied_at,
        "analysed_with": None,
        "to_merge": post.channel.carries_reports,
        "purged_at": None,
    }


def reply_rows(post: Post) -> list[dict[str, Any]]:
    """Return a row for each reply, in order."""
    return [
        {
            "post_id": post.id,
            "position": position,
            "text": reply.text,
            "department": reply.department,
            "replied_at": reply.replied_at,
        }
        for position, reply in enumerate(post.replies)
    ]
