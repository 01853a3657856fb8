"""The run's servers, which these drills leave standing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import elasticsearch
from tests.shared_servers import server_or_skip


@pytest.fixture(scope="session")
def elasticsearch_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real Elasticsearch: HUIYING_TEST_ELASTICSEARCH_URL, else one for this run."""
    with server_or_skip("elasticsearch", elasticsearch, tmp_path_factory) as url:
        yield url
