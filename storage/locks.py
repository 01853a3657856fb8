"""Locks by name between processes: on PostgreSQL between machines as well."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, func, select

from records.errors import Retryable
from storage.dialect import lock_key

_POLL_S = 0.1


@contextmanager
def hold(engine: Engine, name: str, *, wait_s: float) -> Iterator[Callable[[], None]]:
    """Hold the lock; see Database.lock."""
    within = _hold_on_server if engine.dialect.name == "postgresql" else _hold_file
    with within(engine, name, wait_s) as check:
        yield check


@contextmanager
def _hold_file(engine: Engine, name: str, wait_s: float) -> Iterator[Callable[[], None]]:
    # Named after the database and beside it: who can open the one can take the other.
    lock = FileLock(f"{engine.url.database}.{re.sub(r'[^0-9A-Za-z]+', '-', name)}.lock")
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as err:
        raise _held(name) from err
    try:
        yield _nothing_to_lose
    finally:
        lock.release()


@contextmanager
def _hold_on_server(engine: Engine, name: str, wait_s: float) -> Iterator[Callable[[], None]]:
    # A connection of its own without a transaction, which would keep the server from cleaning up.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _wait_for(connection, name, time.monotonic() + wait_s)

        def check() -> None:
            connection.execute(select(1))

        try:
            yield check
        finally:
            if connection.invalidated:  # found out by `check`; nothing can be asked on it any more
                raise Retryable(f'the lock "{name}" was lost with its connection: try again')
            connection.execute(select(func.pg_advisory_unlock(lock_key(name))))


def _nothing_to_lose() -> None:
    """A file's lock lasts as long as the process."""


def _wait_for(connection: Connection, name: str, end: float) -> None:
    while not connection.scalar(select(func.pg_try_advisory_lock(lock_key(name)))):
        if time.monotonic() >= end:
            raise _held(name)
        time.sleep(_POLL_S)


def _held(name: str) -> Retryable:
    return Retryable(f'another process holds "{name}": try again')
