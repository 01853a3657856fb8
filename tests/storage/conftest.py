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
from tests.storage.samples import NOW


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    assert request.param == "sqlite"
    return f"sqlite:///{tmp_path}/truth.sqlite"


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
