"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import postgresql
from tests.shared_servers import server_or_skip


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL: HUIYING_TEST_DATABASE_URL, else one for this run."""
    with server_or_skip("database", postgresql, tmp_path_factory) as url:
        yield url
