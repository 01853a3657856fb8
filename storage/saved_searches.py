"""Searches that people keep by name: for their feeds, and to make rules of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, delete, select

from records.errors import Rejected
from records.query import SortOrder
from storage import schema
from storage.dialect import insert_new, reading, writing

_SAVED = schema.saved_searches.c


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A query of the search language under a name of its own."""

    name: str
    query: str
    sort: SortOrder
    created_at: datetime


class SavedSearches:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, search: SavedSearch) -> None:
        """Keep the search. Raises Rejected("name_taken") where one of that name is kept: none is replaced."""
        with writing(self._engine) as connection:
            added = insert_new(connection, schema.saved_searches, [asdict(search)])
        if not added:
            raise Rejected(
                "name_taken",
                f'saved search "{search.name}": kept already (choose another name, or delete it)',
            )

    def get(self, name: str) -> SavedSearch:
        """Return the search of that name. Raises Rejected("unknown_search")."""
        with reading(self._engine) as connection:
            row = connection.execute(select(schema.saved_searches).where(_SAVED.name == name)).one_or_none()
        if row is None:
            raise _unknown(name)
        return _search(row)

    def list(self) -> list[SavedSearch]:
        """Return all, the newest first."""
        query = select(schema.saved_searches).order_by(_SAVED.created_at.desc(), _SAVED.name)
        with reading(self._engine) as connection:
            return [_search(row) for row in connection.execute(query)]

    def delete(self, name: str) -> None:
        """Forget the search of that name. Raises Rejected("unknown_search")."""
        with writing(self._engine) as connection:
            gone = connection.execute(delete(schema.saved_searches).where(_SAVED.name == name)).rowcount
        if not gone:
            raise _unknown(name)


def _unknown(name: str) -> Rejected:
    return Rejected("unknown_search", f'saved search "{name}": not kept here (see `huiying searches list`)')


def _search(row: Row[Any]) -> SavedSearch:
    return SavedSearch(name=row.name, query=row.query, sort=SortOrder(row.sort), created_at=row.created_at)
