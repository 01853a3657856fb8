"""The console over a real database and index with a small invented town in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from console.services import Services
from console.web import create_app
from tests.console.town import build_services, freeze_briefing


@contextmanager
def open_town(folder: Path) -> Iterator[Services]:
    services = build_services(folder)
    freeze_briefing(services)
    try:
        yield services
    finally:
        services.index.close()
        services.database.close()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A town that the tests only look at (looking writes to its audit log)."""
    with open_town(tmp_path_factory.mktemp("town")) as services:
        yield services


@pytest.fixture
def fresh_town(tmp_path: Path) -> Iterator[Services]:
    """A town of the test's own."""
    with open_town(tmp_path) as services:
        yield services


@pytest.fixture
def client(town: Services) -> TestClient:
    return browser(town)


def browser(services: Services, **headers: str) -> TestClient:
    """Return a browser on this machine that has no cookies yet."""
    return TestClient(create_app(services), base_url="http://127.0.0.1:8731", headers=headers)
