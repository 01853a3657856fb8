"""Posts, their replies and their older revisions, and what waits to be read or merged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)

from records.known import KnownPost
from records.plain import post_from_plain
from records.post import Channel, Post
from records.run import SaveOutcome
from records.times import Period
from storage import schema
from storage.dialect import in_chunks, lock_rows, reading, writing
from storage.known_posts import select_known, update_seen
from storage.post_rows import asked_in, load_posts, read_posts, select_posts
from storage.post_saving import save_posts

_POSTS = schema.posts.c
_REPORTS = _POSTS.channel.in_([channel.value for channel in Channel if channel.carries_reports])
_OLDEST_FIRST = (_POSTS.asked_at, _POSTS.id)
# Posts read at once by `stream`: about 2 MB of Chinese text.
STREAM_BATCH = 1_000
# Each is a walk along the index of its own in one statement; SQLite takes 500 of them.
SOURCES_AT_ONCE = 200


class PostStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        """Return (post id, outcome) for each post, in order.

        Idempotent by (source, native_id): storage.post_saving tells what is written, in one transaction.
        """
        with writing(self._engine) as connection:
            return save_posts(connection, posts)

    def get(self, post_id: str) -> Post | None:
        """Return the present revision, or None."""
        return self.get_many([post_id]).get(post_id)

    def get_many(self, post_ids: Iterable[str]) -> dict[str, Post]:
        """Return the present revisions of those that exist."""
        with reading(self._engine) as connection:
            return load_posts(connection, post_ids)

    def revisions(self, post_id: str) -> list[Post]:
        """Return all revisions, oldest first, the present one last."""
        old = schema.post_revisions.c
        query = select(old.content).where(old.post_id == post_id).order_by(old.revision)
        with reading(self._engine) as connection:
            earlier = [post_from_plain(content) for content in connection.scalars(query)]
            return [*earlier, *load_posts(connection, [post_id]).values()]

    def stream(self, *, source: str | None = None, period: Period | None = None) -> Iterator[Post]:
        """Yield posts by asked_at, then id, in batches; never all in memory.

        No transaction stays open between batches, so a long reader holds up nobody.
        """
        query = select(schema.posts).order_by(*_OLDEST_FIRST).limit(STREAM_BATCH)
        if source is not None:
            query = query.where(_POSTS.source == source)
        if period is not None:
            query = query.where(asked_in(period))
        batch = self._fetch(query)
        while batch:
            yield from batch
            last = batch[-1]
            batch = self._fetch(query.where(tuple_(*_OLDEST_FIRST) > (last.asked_at, last.id)))

    def count(self) -> int:
        """Return how many posts there are."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(schema.posts)) or 0

    def known(self, source: str) -> dict[str, KnownPost]:
        """Return what this source has, by native id (for visiting open messages again)."""
        with reading(self._engine) as connection:
            return select_known(connection, source)

    def mark_seen(self, source: str, native_ids: Sequence[str], *, now: datetime) -> None:
        """Note that these posts were fetched and had not changed; one transaction."""
        with writing(self._engine) as connection:
            update_seen(connection, source, native_ids, now=now)

    def awaiting_analysis(self, model_version: str, limit: int) -> list[Post]:
        """Return posts whose newest revision has no analysis by this model; those without text need none.

        First those that no model has read: a new message never waits for a re-reading of old ones. Then by
        the model that read them, and each by asked_at then id.
        """
        # Three walks along one index: a condition for all of them would sort what waits at every call.
        model = _POSTS.analysed_with
        query = select(schema.posts).where(_POSTS.purged_at.is_(None)).order_by(model, *_OLDEST_FIRST)
        found: list[Post] = []
        for part in (model.is_(None), model < model_version, model > model_version):
            if len(found) < limit:
                found += self._fetch(query.where(part).limit(limit - len(found)))
        return found

    def still_awaiting_analysis(self, post_ids: Iterable[str], model_version: str) -> list[Post]:
        """Return those of the posts whose newest revision has no analysis by this model, by id."""
        with reading(self._engine) as connection:
            return [
                post
                for chunk in in_chunks(post_ids)
                for post in read_posts(
                    connection,
                    select_posts(chunk)
                    .where(_POSTS.purged_at.is_(None), _POSTS.analysed_with.is_distinct_from(model_version))
                    .order_by(_POSTS.id),
                )
            ]

    def newest_asked(self, sources: Iterable[str], *, before: datetime) -> dict[str, datetime]:
        """Return source → when its newest post before `before` was asked; sources without one are absent."""
        found: dict[str, datetime] = {}
        for names in _few(sources):
            newest = (
                select(func.max(_POSTS.asked_at))
                .where(_POSTS.source == name, _POSTS.asked_at < before)
                .scalar_subquery()
                for name in names
            )
            with reading(self._engine) as connection:
                times = connection.execute(select(*newest)).one()
            found.update((name, at) for name, at in zip(names, times, strict=True) if at is not None)
        return found

    def asked_times(self, periods: Mapping[str, Period], *, limit: int) -> dict[str, list[datetime]]:
        """Return source → when its first `limit` posts within its period were asked, in order."""
        found: dict[str, list[datetime]] = {name: [] for name in periods}
        for names in _few(periods):
            first = (
                select(_POSTS.source, _POSTS.asked_at)
                .where(_POSTS.source == name, asked_in(periods[name]))
                .order_by(_POSTS.asked_at)
                .limit(limit)
                .subquery()
                for name in names
            )
            with reading(self._engine) as connection:
                for row in connection.execute(union_all(*(select(each) for each in first))):
                    found[row.source].append(row.asked_at)
        return found

    def unanswered(self, *, asked_before: datetime, limit: int = 1000) -> list[Post]:
        """Return report-channel posts without any reply, oldest first."""
        waiting = and_(_POSTS.reply_count == 0, _REPORTS, _POSTS.asked_at < asked_before)
        return self._fetch(select(schema.posts).where(waiting).order_by(*_OLDEST_FIRST).limit(limit))

    def service_counts(self, period: Period, *, now: datetime) -> Mapping[str, int]:
        """Return posts of report channels: asked, answered (of those asked in the period), replied (with a
        reply dated in the period), open (of those asked in the period). Answered and open are as of `now`:
        a reply dated later does not count yet. asked = answered + open.
        """
        replied_by_now = and_(
            _POSTS.reply_count > 0, or_(_POSTS.first_replied_at.is_(None), _POSTS.first_replied_at <= now)
        )
        asked = select(func.count(), func.sum(case((replied_by_now, 1), else_=0))).where(
            _REPORTS, asked_in(period)
        )
        replies = schema.replies.c
        in_period = and_(replies.replied_at >= period.start, replies.replied_at < period.end)
        # Counted without a look at each post: all that have a reply, less the few that are no reports.
        # Hashed apart and then counted: PostgreSQL sorts for a count of distinct values.
        posts_replied = select(replies.post_id).where(in_period).distinct()
        replied = select(func.count()).select_from(posts_replied.subquery())
        replied_context = (
            select(func.count())
            .select_from(schema.posts)
            .where(text(schema.ANSWERED_CONTEXT), exists().where(replies.post_id == _POSTS.id, in_period))
        )
        with reading(self._engine) as connection:
            n_asked, n_answered = connection.execute(asked).one()
            n_replied = connection.scalar(replied) or 0
            return {
                "asked": n_asked,
                "answered": n_answered or 0,
                "replied": n_replied - (connection.scalar(replied_context) or 0),
                "open": n_asked - (n_answered or 0),
            }

    def _fetch(self, query: Select[Any]) -> list[Post]:
        with reading(self._engine) as connection:
            return read_posts(connection, query)


def _few(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(names)
    while chunk := list(islice(rest, SOURCES_AT_ONCE)):
        yield chunk


def mark_merged(connection: Connection, post_ids: Iterable[str]) -> None:
    """Take the posts out of the queue of those that await merging."""
    for chunk in in_chunks(post_ids):
        lock_rows(connection, schema.posts, _POSTS.id.in_(chunk))
        connection.execute(update(schema.posts).where(_POSTS.id.in_(chunk)).values(to_merge=false()))


def awaiting_merge() -> Select[Any]:
    """Return the query for analysed reports that belong to no problem yet, by asked_at then id."""
    return (
        select(schema.posts)
        .where(_POSTS.to_merge.is_(true()), _POSTS.analysed_with.is_not(None))
        .order_by(*_OLDEST_FIRST)
    )
