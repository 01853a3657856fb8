"""Small JSON values kept by name."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from storage import schema
from storage.dialect import upsert


def read_value(connection: Connection, name: str) -> Any | None:
    """Return the value kept under `name`, or None."""
    return connection.scalar(select(schema.kept_values.c.value).where(schema.kept_values.c.name == name))


def read_values(connection: Connection, prefix: str) -> dict[str, Any]:
    """Return name → value of all whose name begins with `prefix`."""
    names = schema.kept_values.c.name
    query = select(names, schema.kept_values.c.value).where(names.startswith(prefix, autoescape=True))
    return {row.name: row.value for row in connection.execute(query)}


def write_value(connection: Connection, name: str, value: Any) -> None:
    """Keep `value` under `name`, as part of the caller's transaction."""
    upsert(connection, schema.kept_values, [{"name": name, "value": value}])
