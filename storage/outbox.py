"""The outbox: which posts the search index does not know yet, written in the transaction of the data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, func, insert, select

from storage import schema
from storage.dialect import reading, set_counter, take_turns, writing
from storage.kept_values import read_value, write_value

_DONE = "outbox.done"
# Farther than any installation comes between a backup and its restoring: a year of 100 rows a second.
_FAR = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    sequence: int
    post_id: str


def enqueue(connection: Connection, post_ids: Iterable[str]) -> None:
    """Queue the posts for indexing, as part of the caller's transaction."""
    rows = [{"post_id": post_id} for post_id in dict.fromkeys(post_ids)]
    if rows:
        _in_order_of_commits(connection)
        connection.execute(insert(schema.outbox), rows)


def highest_sequence(connection: Connection) -> int:
    """Return the highest sequence that was ever given out, as far as the tables know."""
    waiting = connection.scalar(select(func.max(schema.outbox.c.sequence))) or 0
    return max(waiting, int(read_value(connection, _DONE) or 0))


def leave_every_index_behind(connection: Connection, highest: int) -> None:
    """Empty the outbox and go on far beyond `highest`: whatever index comes to be used is built anew.

    An index may be ahead of a restored database, which has no way of knowing by how much.
    """
    ahead = highest + _FAR
    connection.execute(insert(schema.outbox).values(sequence=ahead, post_id=""))
    set_counter(connection, schema.outbox.c.sequence)
    connection.execute(delete(schema.outbox))
    write_value(connection, _DONE, ahead)


def _in_order_of_commits(connection: Connection) -> None:
    # A number is given out when a row is written, and seen when its transaction ends. Whoever writes rows
    # waits for the end of the one before, so that no row ever appears below a sequence that is done already.
    # It is the last step of a transaction: what is waited for is one insert and one fsync.
    take_turns(connection, ["outbox"])


class Outbox:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, limit: int, *, after: int = 0) -> list[OutboxItem]:
        """Return rows still to be indexed, oldest first, past sequence `after`. They stay until `done`."""
        query = (
            select(schema.outbox)
            .where(schema.outbox.c.sequence > after)
            .order_by(schema.outbox.c.sequence)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return [
                OutboxItem(sequence=row.sequence, post_id=row.post_id) for row in connection.execute(query)
            ]

    def done(self, up_to: int) -> None:
        """Delete rows with sequence ≤ `up_to`: the index holds them durably."""
        with writing(self._engine) as connection:
            _in_order_of_commits(connection)
            connection.execute(delete(schema.outbox).where(schema.outbox.c.sequence <= up_to))
            if up_to > (read_value(connection, _DONE) or 0):
                write_value(connection, _DONE, up_to)

    def done_up_to(self) -> int:
        """Return the highest sequence ever given to `done`: an index behind it has lost something."""
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

    def refill(self) -> int:
        """Queue every post again (reindex), by asked_at; return how many."""
        everything = select(schema.posts.c.id).order_by(schema.posts.c.asked_at, schema.posts.c.id)
        with writing(self._engine) as connection:
            _in_order_of_commits(connection)
            connection.execute(delete(schema.outbox))
            connection.execute(insert(schema.outbox).from_select(["post_id"], everything))
            return connection.scalar(select(func.count()).select_from(schema.outbox)) or 0
