"""The end of retention: what residents wrote is deleted, what is counted stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from records.alert import DeliveryState
from records.analysis import Analysis
from records.plain import plain
from records.post import Channel
from storage import schema
from storage.analyses import read_analyses
from storage.dialect import clear_log, lock_rows, overwrite_deleted, reading, upsert, writing
from storage.outbox import enqueue

_POSTS = schema.posts.c
_MEMBERS = schema.memberships.c
# Posts emptied in one transaction: crawls wait for it no longer than for one of their own batches.
BATCH = 1_000
_WAITING_DELIVERIES = (DeliveryState.PENDING.value, DeliveryState.SENDING.value, DeliveryState.FAILED.value)


def count_purgeable(engine: Engine, channel: Channel, before: datetime) -> int:
    """Return how many posts `purge` would empty."""
    with reading(engine) as connection:
        query = select(func.count()).select_from(schema.posts).where(_purgeable(channel, before))
        return connection.scalar(query) or 0


def purge(
    engine: Engine,
    channel: Channel,
    before: datetime,
    *,
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Empty the posts of `channel` asked before `before`; return how many. See Database.purge."""
    emptied = 0
    while True:
        with writing(engine) as connection:
            overwrite_deleted(connection)
            post_ids = _empty_batch(connection, _purgeable(channel, before), now)
            _empty_alerts(connection, post_ids, before)
        emptied += len(post_ids)
        if progress is not None:
            progress(len(post_ids))
        if len(post_ids) < BATCH:
            break
    _empty_deliveries(engine, before)
    clear_log(engine)
    return emptied


def _purgeable(channel: Channel, before: datetime) -> ColumnElement[bool]:
    return and_(_POSTS.channel == channel.value, _POSTS.asked_at < before, _POSTS.purged_at.is_(None))


def _empty_batch(connection: Connection, purgeable: ColumnElement[bool], now: datetime) -> list[str]:
    oldest = select(_POSTS.id).where(purgeable).order_by(_POSTS.asked_at, _POSTS.id).limit(BATCH)
    post_ids = sorted(connection.scalars(oldest))
    of_these = _POSTS.id.in_(post_ids)
    lock_rows(connection, schema.posts, of_these)
    without_text = {"title": "", "text": "", "purged_at": now, "to_merge": False}
    connection.execute(update(schema.posts).where(of_these).values(without_text))
    replies, revisions = schema.replies.c, schema.post_revisions.c
    connection.execute(update(schema.replies).where(replies.post_id.in_(post_ids)).values(text=""))
    connection.execute(delete(schema.post_revisions).where(revisions.post_id.in_(post_ids)))
    analyses = [_without_words(one) for one in read_analyses(connection, post_ids).values()]
    upsert(connection, schema.analyses, [plain(analysis) for analysis in analyses])
    _empty_problems(connection, post_ids)
    enqueue(connection, post_ids)
    return post_ids


def _without_words(analysis: Analysis) -> Analysis:
    """Return what was found without the words it was found by. Places stay: they are counted by."""
    quality = analysis.reply_quality
    return replace(
        analysis,
        keywords=(),
        fingerprint="",
        reasons=tuple(replace(reason, words="") for reason in analysis.reasons),
        reply_quality=quality
        and replace(quality, findings=tuple(replace(found, words="") for found in quality.findings)),
    )


def _empty_problems(connection: Connection, post_ids: Sequence[str]) -> None:
    # The title is a sentence of one of its posts. A problem with a post that still has text is stale now: the
    # next round of merging gives it a title anew.
    problems = schema.problems
    touched = problems.c.id.in_(select(_MEMBERS.problem_id).where(_MEMBERS.post_id.in_(post_ids)))
    lock_rows(connection, problems, touched)
    has_text = exists(
        select(_MEMBERS.post_id)
        .join(schema.posts, _POSTS.id == _MEMBERS.post_id)
        .where(_MEMBERS.problem_id == problems.c.id, _POSTS.purged_at.is_(None))
    )
    connection.execute(update(problems).where(touched).values(title="", stale=has_text))


def _empty_alerts(connection: Connection, post_ids: Sequence[str], before: datetime) -> None:
    # An explanation may quote a problem's title. That of an alert which still stands is written anew by the
    # next round of its rule.
    alerts, evidence = schema.alerts, schema.alert_posts.c
    quoting = alerts.c.id.in_(select(evidence.alert_id).where(evidence.post_id.in_(post_ids)))
    old = and_(quoting, alerts.c.fired_at < before)
    lock_rows(connection, alerts, old)
    connection.execute(update(alerts).where(old).values(explanation=""))


def _empty_deliveries(engine: Engine, before: datetime) -> None:
    deliveries = schema.deliveries
    old = and_(
        deliveries.c.created_at < before,
        deliveries.c.state.not_in(_WAITING_DELIVERIES),
        or_(deliveries.c.title != "", deliveries.c.body != ""),
    )
    with writing(engine) as connection:
        overwrite_deleted(connection)
        connection.execute(update(deliveries).where(old).values(title="", body=""))
