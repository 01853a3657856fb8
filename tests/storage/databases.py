"""PostgreSQL databases for single tests: made from a template, gone after the test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url


def sql(server_url: str, statement: str) -> None:
    """Run one statement on the server, outside of any transaction."""
    import psycopg  # an optional dependency: the tests on SQLite do without

    address = make_url(server_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def scratch_database(server_url: str, *, template: str | None = None) -> Iterator[str]:
    """Give the URL of a new database: a copy of the database at `template`, else an empty one."""
    name = f"huiying_test_{uuid.uuid4().hex}"
    copied = make_url(template).database if template else "template0"
    sql(server_url, f"CREATE DATABASE {name} TEMPLATE {copied} ENCODING 'UTF8'")
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        sql(server_url, f"DROP DATABASE {name} WITH (FORCE)")
