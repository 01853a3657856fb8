"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.servers import ServerError, elasticsearch, postgresql
from tests.shared_servers import server_or_skip


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL: HUIYING_TEST_DATABASE_URL, else one for this run."""
    with server_or_skip("database", _postgresql_with_driver, tmp_path_factory) as url:
        yield url


@pytest.fixture(scope="session")
def elasticsearch_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Elasticsearch: HUIYING_TEST_ELASTICSEARCH_URL, else one for this run."""
    with server_or_skip("elasticsearch", elasticsearch, tmp_path_factory) as url:
        yield url


@contextmanager
def _postgresql_with_driver(folder: Path) -> Iterator[str]:
    if find_spec("psycopg") is None:
        raise ServerError('PostgreSQL\'s driver is not installed (pip install "huiying[postgresql]")')
    with postgresql(folder) as url:
        yield url
