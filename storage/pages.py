"""What conditional requests need of the last fetch of each page. Never the page itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Engine, select

from records.page import PageState
from storage import schema
from storage.dialect import in_chunks, reading, upsert, writing


class PageStates:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, url: str) -> PageState | None:
        """Return the state of the page, or None if it was never fetched."""
        with reading(self._engine) as connection:
            row = connection.execute(select(schema.pages).where(schema.pages.c.url == url)).one_or_none()
        return None if row is None else PageState(**row._mapping)

    def hashes(self, urls: Sequence[str]) -> dict[str, str]:
        """Return URL → hash of what was last there; those never fetched are absent."""
        columns = schema.pages.c
        found: dict[str, str] = {}
        with reading(self._engine) as connection:
            for chunk in in_chunks(urls):
                query = select(columns.url, columns.body_sha256).where(columns.url.in_(chunk))
                found.update((row.url, row.body_sha256) for row in connection.execute(query))
        return found

    def put(self, states: Sequence[PageState]) -> None:
        """Insert or replace by URL; one transaction."""
        rows = [asdict(state) for state in sorted(states, key=lambda state: state.url)]
        with writing(self._engine) as connection:
            upsert(connection, schema.pages, rows)
