"""The outbox: which posts the search index does not know yet, written in the transaction of the data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, exists, func, insert, select, update

from storage import schema
from storage.dialect import in_chunks, reading, set_counter, take_turns, writing
from storage.kept_values import read_value, write_value

# How often the index is asked to take a document before it is set aside: once in each of as many calls of
# storage.indexer.drain, half a minute apart in `huiying up`.
TRIES = 3

_DONE = "outbox.done"
_REFILLED = "outbox.refilled"
# Farther than any installation comes between a backup and its restoring: a year of 100 rows a second.
_FAR = 1 << 32
_LONGEST_REASON = 200
_ROWS = schema.outbox.c
_REFUSALS = schema.refusals.c


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    sequence: int
    post_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A post that the index did not take TRIES times, and why. It is not tried again by itself."""

    post_id: str
    reason: str
    refused_at: datetime


def enqueue(connection: Connection, post_ids: Iterable[str]) -> None:
    """Queue the posts for indexing, as part of the caller's transaction."""
    rows = [{"post_id": post_id} for post_id in dict.fromkeys(post_ids)]
    if rows:
        _in_order_of_commits(connection)
        connection.execute(insert(schema.outbox), rows)


def highest_sequence(connection: Connection) -> int:
    """Return the highest sequence that was ever given out, as far as the tables know."""
    waiting = connection.scalar(select(func.max(_ROWS.sequence))) or 0
    return max(waiting, int(read_value(connection, _DONE) or 0))


def leave_every_index_behind(connection: Connection, highest: int) -> None:
    """Empty the outbox and go on far beyond `highest`: whatever index comes to be used is built anew.

    An index may be ahead of a restored database, which has no way of knowing by how much.
    """
    ahead = highest + _FAR
    connection.execute(insert(schema.outbox).values(sequence=ahead, post_id=""))
    set_counter(connection, _ROWS.sequence)
    connection.execute(delete(schema.outbox))
    write_value(connection, _DONE, ahead)


def _in_order_of_commits(connection: Connection) -> None:
    # A number is given out when a row is written, and seen when its transaction ends. Whoever writes rows
    # waits for the end of the one before, so that no row ever appears below a sequence that is done already.
    # It is the last step of a transaction: what is waited for is one insert and one fsync.
    take_turns(connection, ["outbox"])


class Claim:
    """Rows that one indexer works at, and with them every row of the same posts (Outbox.claim)."""

    def __init__(self, transaction: AbstractContextManager[Connection], rows: Sequence[OutboxItem]) -> None:
        self._transaction = transaction
        self._sequences = [row.sequence for row in rows]
        self.post_ids = tuple(dict.fromkeys(row.post_id for row in rows))

    @property
    def up_to(self) -> int:
        """Return the highest sequence among the rows."""
        return max(self._sequences)

    def done(self, *, refused: Mapping[str, str] | None = None) -> None:
        """Delete the rows: the index holds them durably, but for posts in `refused`, each with why not."""
        with self._transaction as connection:
            _note_refusals(connection, self.post_ids, refused or {})
            for chunk in in_chunks(self._sequences):
                connection.execute(delete(schema.outbox).where(_ROWS.sequence.in_(chunk)))
            _in_order_of_commits(connection)
            if self.up_to > (read_value(connection, _DONE) or 0):
                write_value(connection, _DONE, self.up_to)


def _note_refusals(connection: Connection, tried: Sequence[str], refused: Mapping[str, str]) -> None:
    before: dict[str, int] = {}
    for chunk in in_chunks(tried):
        among = _REFUSALS.post_id.in_(chunk)
        found = connection.execute(delete(schema.refusals).where(among).returning(*_REFUSALS))
        before.update((row.post_id, row.tries) for row in found)
    rows = [
        {"post_id": post_id, "tries": before.get(post_id, 0) + 1, "reason": _without_words(reason)}
        for post_id, reason in refused.items()
    ]
    if rows:
        connection.execute(insert(schema.refusals), rows)


def _without_words(reason: str) -> str:
    # Engines quote the value they refuse. What residents write is Chinese: none of it is kept here.
    return re.sub(r"[^ -~]+", "...", " ".join(reason.split()))[:_LONGEST_REASON]


class Outbox:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, limit: int) -> list[OutboxItem]:
        """Return the oldest rows that wait, claimed ones too, oldest first."""
        with reading(self._engine) as connection:
            return _oldest(connection, limit)

    def claim(self, limit: int) -> AbstractContextManager[Claim]:
        """Give the `limit` oldest rows, and with them every other row of the same posts; none: no posts.

        On PostgreSQL nobody else is given them until the end of the block, or of the process, which gives
        back what is not done: any number of indexers share the work. On SQLite they are only looked at, for
        a transaction would keep everybody from writing: there indexers that do not exclude each other do the
        same work twice, which changes nothing in an index that has versions.
        """
        return self._claim(lambda connection: _with_all_of_their_posts(connection, limit))

    def claim_posts(self, post_ids: Sequence[str]) -> AbstractContextManager[Claim]:
        """Give every row of these posts, as `claim` does."""
        return self._claim(lambda connection: _of_posts(connection, post_ids))

    @contextmanager
    def _claim(self, find: Callable[[Connection], list[OutboxItem]]) -> Iterator[Claim]:
        if self._engine.dialect.name == "postgresql":
            with writing(self._engine) as connection:
                yield Claim(nullcontext(connection), find(connection))
        else:
            with reading(self._engine) as connection:
                rows = find(connection)
            yield Claim(writing(self._engine), rows)

    def done_up_to(self) -> int:
        """Return the highest sequence that was ever done: an index behind it has lost something."""
        with reading(self._engine) as connection:
            return int(read_value(connection, _DONE) or 0)

    def newest(self) -> int:
        """Return the highest sequence known: an index ahead of it belongs to another database."""
        with reading(self._engine) as connection:
            return highest_sequence(connection)

    def lag(self) -> int:
        """Return how many rows wait."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(schema.outbox)) or 0

    def waiting_since(self) -> datetime | None:
        """Return since when the oldest row waits, by the clock of the database; None where none does."""
        oldest = select(_ROWS.waiting_since).order_by(_ROWS.sequence).limit(1)
        with reading(self._engine) as connection:
            found: datetime | None = connection.scalar(oldest)
            return found

    def set_aside(self) -> list[SetAside]:
        """Return the posts that the index did not take TRIES times, those that failed last first."""
        query = (
            select(schema.refusals)
            .where(_REFUSALS.tries >= TRIES)
            .order_by(_REFUSALS.refused_at.desc(), _REFUSALS.post_id)
        )
        with reading(self._engine) as connection:
            return [
                SetAside(post_id=row.post_id, reason=row.reason, refused_at=row.refused_at)
                for row in connection.execute(query)
            ]

    def retry_set_aside(self) -> int:
        """Queue what was set aside for TRIES more tries; return how many posts."""
        patience_over = _REFUSALS.tries >= TRIES
        with writing(self._engine) as connection:
            post_ids = connection.scalars(select(_REFUSALS.post_id).where(patience_over)).all()
            connection.execute(update(schema.refusals).where(patience_over).values(tries=0))
            enqueue(connection, sorted(post_ids))
        return len(post_ids)

    def retry_refused(self) -> None:
        """Queue what was refused and is not set aside yet."""
        waits = exists().where(_ROWS.post_id == _REFUSALS.post_id)
        query = select(_REFUSALS.post_id).where(_REFUSALS.tries < TRIES, ~waits).order_by(_REFUSALS.post_id)
        with reading(self._engine) as connection:
            post_ids = connection.scalars(query).all()
        self.put(post_ids)

    def put(self, post_ids: Sequence[str]) -> None:
        """Queue the posts, whether they exist or not: the index comes to hold of them what the truth does."""
        if post_ids:
            with writing(self._engine) as connection:
                enqueue(connection, post_ids)

    def refill(self) -> int:
        """Queue every post again (reindex), by asked_at; return how many. Claimed rows stay claimed."""
        everything = select(schema.posts.c.id).order_by(schema.posts.c.asked_at, schema.posts.c.id)
        unclaimed = select(_ROWS.sequence).with_for_update(skip_locked=True)
        with writing(self._engine) as connection:
            _in_order_of_commits(connection)
            connection.execute(delete(schema.outbox).where(_ROWS.sequence.in_(unclaimed)))
            connection.execute(insert(schema.outbox).from_select(["post_id"], everything))
            write_value(connection, _REFILLED, highest_sequence(connection))
            return connection.scalar(select(func.count()).select_from(schema.posts)) or 0

    def holds_refilled(self) -> bool:
        """Return whether rows of the last refill are still there, waiting or claimed."""
        with reading(self._engine) as connection:
            last = int(read_value(connection, _REFILLED) or 0)
            return bool(connection.scalar(select(exists().where(_ROWS.sequence <= last))))


def _with_all_of_their_posts(connection: Connection, limit: int) -> list[OutboxItem]:
    """Return the oldest rows that nobody has claimed and all others of their posts, oldest first."""
    oldest = _oldest(connection, limit, claim=True)
    others = _of_posts(connection, list(dict.fromkeys(row.post_id for row in oldest)))
    rows = {row.sequence: row for row in (*oldest, *others)}
    return [rows[sequence] for sequence in sorted(rows)]


def _of_posts(connection: Connection, post_ids: Sequence[str]) -> list[OutboxItem]:
    """Return the rows of the posts that nobody has claimed, oldest first."""
    rows = [
        OutboxItem(sequence=row.sequence, post_id=row.post_id)
        for chunk in in_chunks(post_ids)
        for row in connection.execute(
            select(_ROWS.sequence, _ROWS.post_id)
            .where(_ROWS.post_id.in_(chunk))
            .with_for_update(skip_locked=True)
        )
    ]
    return sorted(rows, key=lambda row: row.sequence)


def _oldest(connection: Connection, limit: int, *, claim: bool = False) -> list[OutboxItem]:
    query = select(_ROWS.sequence, _ROWS.post_id).order_by(_ROWS.sequence).limit(limit)
    if claim:
        query = query.with_for_update(skip_locked=True)
    return [OutboxItem(sequence=row.sequence, post_id=row.post_id) for row in connection.execute(query)]
