"""One of each backend. A further backend is a further parameter: every test then runs over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nlp.segment import words
from records.times import DEFAULT_ZONE
from storage.database import Database
from storage.search import SearchIndex
from storage.tantivy_index import TantivyIndex
from tests.storage.databases import scratch_database
from tests.storage.samples import NOW


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    """A database that holds the newest schema and nothing else: copying it is faster than migrating."""
    with scratch_database(postgresql_server) as url:
        Database.open(url).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that nobody has opened yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.sqlite"
    else:
        with scratch_database(request.getfixturevalue("postgresql_server")) as url:
            yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of this test's own; the file of SQLite is not there yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/truth.sqlite"
    else:
        server, template = map(request.getfixturevalue, ("postgresql_server", "postgresql_template"))
        with scratch_database(server, template=template) as url:
            yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with Database.open(database_url) as opened:
        yield opened


@pytest.fixture(params=["tantivy"])
def open_index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], SearchIndex]]:
    """Open the index of this test: once more each time it is called, like a further process."""
    assert request.param == "tantivy"
    opened: list[SearchIndex] = []

    def open_again() -> SearchIndex:
        opened.append(TantivyIndex(tmp_path / "search", segment=words, zone=DEFAULT_ZONE, clock=lambda: NOW))
        return opened[-1]

    yield open_again
    for index in opened:
        index.close()


@pytest.fixture
def index(open_index: Callable[[], SearchIndex]) -> SearchIndex:
    return open_index()
