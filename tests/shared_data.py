"""The real messages, for tests that measure. They are not part of the project (docs/architecture.md)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def shared_file(name: str) -> Path:
    """Return the path of `name` below shared/data; skip the test where it is absent, fail in CI."""
    path = SHARED_DATA / name
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{path} is missing, and in CI it must be present")
        pytest.skip(f"{path} is not on this machine")
    return path
