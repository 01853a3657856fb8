"""Opening SQLite and PostgreSQL so that both keep the same promises, and what their errors mean."""

from __future__ import annotations

import json
import sqlite3
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from records.errors import ConfigurationError, HuiyingError, Retryable

# How long a writer waits for another's transaction. The longest of ours, saving 5,000 posts, takes about a
# second on a slow disk.
BUSY_TIMEOUT_MS = 30_000
CONNECT_TIMEOUT_S = 10
# The oldest PostgreSQL that still gets fixes as this is written, and the one that the tests run on.
OLDEST_POSTGRESQL, OLDEST_POSTGRESQL_NAME = 140_000, "14"

# Errors that pass by themselves or once the operator has made room: the classes of SQLSTATE for a lost
# connection, a rolled-back transaction and missing resources, a lock that was not had, a server going down.
_PASSING_STATES = ("08", "40", "53", "55P03", "57P0")
# What no waiting mends in a connection that was refused. The server's own words have no SQLSTATE there.
_WRONG_ADDRESS = {
    "password": "check the user and the password in the URL",
    "role ": "check the user in the URL",
    "does not exist": "create the database first: createdb --encoding UTF8",
    "pg_hba.conf": "let this machine in: pg_hba.conf on the server",
    "resolve host": "check the host in the URL",
    "could not translate host": "check the host in the URL",
    "expected authentication": "what answers there is not PostgreSQL",
    "invalid response": "what answers there is not PostgreSQL",
}


def open_engine(url: str) -> Engine:
    """Return an engine for `url`; nothing is opened yet. Raises ConfigurationError for a bad URL.

    Whatever it is used for raises Retryable where the same may succeed later: the server is away, the disk
    is full, another transaction held the rows or the file for longer than BUSY_TIMEOUT_MS.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as err:
        raise ConfigurationError(
            f'database "{url}": not a URL (try sqlite:////var/lib/huiying/huiying.sqlite)'
        ) from err
    name = shown(parsed)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise _unknown_kind(name)
    if parsed.get_backend_name() == "sqlite":
        _check_sqlite_file(parsed, name)
    try:
        engine = create_engine(
            parsed,
            json_serializer=partial(json.dumps, ensure_ascii=False),
            hide_parameters=True,  # an error must not carry the text of messages into a log
            **_postgresql_options() if parsed.get_backend_name() == "postgresql" else {},
        )
    except NoSuchModuleError as err:
        raise _unknown_kind(name) from err
    except ModuleNotFoundError as err:
        raise ConfigurationError(
            f'{name}: its driver {err.name} is not installed (pip install "huiying[postgresql]")'
        ) from err
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    event.listen(engine, "handle_error", _translate)
    return engine


def _unknown_kind(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name}: unknown kind of database (try sqlite:///… or postgresql://user@host/name)"
    )


def shown(url: URL) -> str:
    """Return how messages call the database at `url`: without its password."""
    return f'database "{url.render_as_string(hide_password=True)}"'


def check_server(connection: Connection, name: str) -> None:
    """Raise ConfigurationError where the server cannot keep our data: too old, not UTF-8, a standby."""
    if connection.dialect.name != "postgresql":
        return
    names = ("server_version_num", "server_version", "server_encoding", "default_transaction_read_only")
    query = ", ".join([*(f"current_setting('{setting}')" for setting in names), "pg_is_in_recovery()"])
    number, version, encoding, read_only, standby = connection.exec_driver_sql(f"SELECT {query}").one()
    if int(number) < OLDEST_POSTGRESQL:
        raise ConfigurationError(
            f"{name}: PostgreSQL {version} is too old (use {OLDEST_POSTGRESQL_NAME} or later)"
        )
    if encoding != "UTF8":
        raise ConfigurationError(
            f"{name}: its encoding is {encoding}, not UTF8 (createdb --encoding UTF8 --template template0)"
        )
    if standby or read_only == "on":
        raise ConfigurationError(f"{name}: it is read-only (name the primary server)")


def _postgresql_options() -> dict[str, Any]:
    settings = {
        "lock_timeout": BUSY_TIMEOUT_MS,
        "timezone": "UTC",
        # A machine that loses its power says nothing: its locks go after half a minute, not two hours.
        "tcp_keepalives_idle": 15,
        "tcp_keepalives_interval": 5,
        "tcp_keepalives_count": 3,
    }
    return {
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
        },
        # A server that was restarted has closed the connections that wait in the pool.
        "pool_pre_ping": True,
    }


def _check_sqlite_file(url: URL, name: str) -> None:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(f"{name}: names no file (try sqlite:////absolute/path.sqlite)")
    folder = Path(url.database).parent
    if not folder.is_dir():
        raise ConfigurationError(f"{name}: the folder {folder} does not exist (create it first)")


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    # The driver must not begin transactions behind our back: _begin_sqlite does.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    # FULL, not NORMAL: in WAL, NORMAL may lose the last commits when the power fails, and a delivery that
    # was marked as sent would be sent again. We commit batches, so one fsync each costs nothing that shows.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes cannot wait for a lock (SQLITE_BUSY_SNAPSHOT), so
    # whoever means to write says so at its beginning.
    mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
    connection.exec_driver_sql(f"BEGIN {mode}")


def _translate(context: ExceptionContext) -> HuiyingError | None:
    """Return what the caller gets to see instead of the driver's error, None to leave it as it is."""
    if context.is_pre_ping:  # the pool finds that a connection is dead, and opens another
        return None
    error = context.original_exception
    _withhold_contents(context)
    reason = " ".join(str(error).split())
    name = shown(context.engine.url) if context.engine is not None else "database"
    if context.dialect.name == "sqlite":
        if "disk is full" in reason:
            return Retryable(f"{name}: the disk is full (make room, then try again)")
        held = "locked" in reason or "busy" in reason
        return Retryable(f"{name}: another process holds it: try again") if held else None
    if context.connection is None:
        fix = next((fix for sign, fix in _WRONG_ADDRESS.items() if sign in reason), None)
        if fix is not None:
            return ConfigurationError(f"{name}: {reason} ({fix})")
    state = str(getattr(error, "sqlstate", None) or "")
    if context.connection is None or context.is_disconnect or state.startswith(_PASSING_STATES):
        return Retryable(f"{name}: {reason} (see that the server runs, then try again)")
    return None


def _withhold_contents(context: ExceptionContext) -> None:
    # PostgreSQL adds the row that it refused, with the text of the message in it; the error may be logged.
    diagnosis = getattr(context.original_exception, "diag", None)
    if diagnosis is None or diagnosis.message_detail is None:
        return
    context.original_exception.args = (diagnosis.message_primary,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({diagnosis.sqlstate}) {diagnosis.message_primary}",)
