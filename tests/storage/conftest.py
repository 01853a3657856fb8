"""One of each backend. A further backend is a further parameter: every test then runs over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from nlp.segment import words
from records.times import DEFAULT_ZONE
from storage.database import Database
from storage.search import SearchIndex
from storage.search_engines import open_index as open_search_index
from tests.storage.clusters import dropped, unused_name
from tests.storage.databases import scratch_database
from tests.storage.indexed import fill
from tests.storage.samples import NOW

ENGINES = ("tantivy", "elasticsearch")
OpenIndex = Callable[[], SearchIndex]
# An installation is on one machine or beyond it: other pairs of database and engine prove nothing more.
_INSTALLATIONS = {("sqlite", "tantivy"), ("postgresql", "elasticsearch")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if _is_installation(item)]


def _is_installation(item: pytest.Item) -> bool:
    chosen = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    pair = chosen.get("database_url"), chosen.get("open_index")
    return None in pair or pair in _INSTALLATIONS


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


@contextmanager
def opener(request: pytest.FixtureRequest, folder: Path) -> Iterator[OpenIndex]:
    """Give what opens an index of the engine asked for: once more at each call, like a further process."""
    if request.param == "tantivy":
        where: str | Path = folder / "search"
        cleared = nullcontext()
    else:
        server = request.getfixturevalue("elasticsearch_server")
        where = f"{server}/{unused_name()}"
        cleared = dropped(where)
    opened: list[SearchIndex] = []

    def open_again() -> SearchIndex:
        opened.append(open_search_index(where, segment=words, zone=DEFAULT_ZONE, clock=lambda: NOW))
        return opened[-1]

    with cleared:
        yield open_again
        for index in opened:
            index.close()


@pytest.fixture(params=ENGINES)
def open_index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenIndex]:
    with opener(request, tmp_path) as open_again:
        yield open_again


@pytest.fixture
def index(open_index: OpenIndex) -> SearchIndex:
    return open_index()


@pytest.fixture
def filled(index: SearchIndex) -> SearchIndex:
    return fill(index)


@pytest.fixture(scope="module", params=ENGINES)
def readable(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchIndex]:
    """The same for tests that only read."""
    with opener(request, tmp_path_factory.mktemp("filled")) as open_index:
        yield fill(open_index())
