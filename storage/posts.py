"""Posts, their replies and their older revisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)

from records.known import KnownPost
from records.plain import plain_post, post_from_plain
from records.post import Channel, Post, Reply
from records.run import SaveOutcome
from records.times import Period
from storage import schema
from storage.dialect import in_chunks, lock_rows, reading, take_turns, upsert, writing
from storage.jobs import queue_analysis
from storage.known_posts import select_known, update_seen
from storage.outbox import enqueue

_POSTS = schema.posts.c
_REPORTS = _POSTS.channel.in_([channel.value for channel in Channel if channel.carries_reports])
_OLDEST_FIRST = (_POSTS.asked_at, _POSTS.id)
# Posts read at once by `stream`: about 2 MB of Chinese text.
STREAM_BATCH = 1_000
# Each is a walk along the index of its own in one statement; SQLite takes 500 of them.
SOURCES_AT_ONCE = 200


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


class PostStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, posts: Sequence[Post]) -> list[tuple[str, SaveOutcome]]:
        """Return (post id, outcome) for each post, in order.

        Idempotent by (source, native_id): new → revision 1; changed digest → next revision, the old one kept;
        else only votes and fetched_at move. Posts, their outbox rows and the job of analysing them are one
        transaction.
        """
        digests = [post.digest() for post in posts]
        with writing(self._engine) as connection:
            # A post that is not there yet cannot be locked: whoever brings posts of a source does it alone.
            take_turns(connection, {f"source {post.source}" for post in posts})
            plan = _plan_save(posts, digests, _known(connection, [post.id for post in posts]))
            replaced = [*_load(connection, plan.replaced_stored).values(), *plan.replaced_here]
            _write_posts(connection, plan)
            _keep_replaced(connection, replaced)
            enqueue(connection, (post_id for post_id in plan.latest if post_id in plan.reindexed))
            queue_analysis(connection, (post_id for post_id in plan.latest if post_id in plan.rewritten))
        return plan.outcomes

    def get(self, post_id: str) -> Post | None:
        """Return the present revision, or None."""
        return self.get_many([post_id]).get(post_id)

    def get_many(self, post_ids: Iterable[str]) -> dict[str, Post]:
        """Return the present revisions of those that exist."""
        with reading(self._engine) as connection:
            return _load(connection, post_ids)

    def revisions(self, post_id: str) -> list[Post]:
        """Return all revisions, oldest first, the present one last."""
        old = schema.post_revisions.c
        query = select(old.content).where(old.post_id == post_id).order_by(old.revision)
        with reading(self._engine) as connection:
            earlier = [post_from_plain(content) for content in connection.scalars(query)]
            return [*earlier, *_load(connection, [post_id]).values()]

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
                    _select_ids(chunk)
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
        replied = select(func.count(replies.post_id.distinct())).where(in_period)
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


def asked_in(period: Period) -> ColumnElement[bool]:
    """Return the condition that a post was asked in `period`."""
    return and_(_POSTS.asked_at >= period.start, _POSTS.asked_at < period.end)


def read_posts(connection: Connection, query: Select[Any]) -> list[Post]:
    """Return the posts of a query that gives all columns of `posts`, in its order, with their replies."""
    rows = connection.execute(query).all()
    answers = _replies(connection, [row.id for row in rows if row.reply_count])
    return [_post(row, answers.get(row.id, ())) for row in rows]


def _load(connection: Connection, post_ids: Iterable[str]) -> dict[str, Post]:
    found: dict[str, Post] = {}
    for chunk in in_chunks(post_ids):
        found.update((post.id, post) for post in read_posts(connection, _select_ids(chunk)))
    return found


def _select_ids(post_ids: Sequence[str]) -> Select[Any]:
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
    upsert(connection, schema.posts, [_row(post, plan.digests[post.id]) for post in rewritten], keep=keep)
    for chunk in in_chunks(post.id for post in rewritten if post.revision > 1):
        connection.execute(delete(schema.replies).where(schema.replies.c.post_id.in_(chunk)))
    answers = [row for post in rewritten for row in _reply_rows(post)]
    if answers:
        connection.execute(insert(schema.replies), answers)
    touched = [_touch(post) for post_id, post in plan.latest.items() if post_id not in plan.rewritten]
    if touched:
        connection.execute(update(schema.posts).where(_POSTS.id == bindparam("post_id")), touched)


def _row(post: Post, digest: str) -> dict[str, Any]:
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


def _reply_rows(post: Post) -> list[dict[str, Any]]:
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


def _touch(post: Post) -> dict[str, Any]:
    return {
        "post_id": post.id,
        "votes_up": post.votes_up,
        "votes_down": post.votes_down,
        "fetched_at": post.fetched_at,
    }


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
