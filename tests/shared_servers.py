"""One server for a whole test run of many processes: the first to ask starts it, the last one stops it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from tests.servers import ServerError

StartServer = Callable[[Path], AbstractContextManager[str]]


@contextmanager
def server_or_skip(name: str, start: StartServer, factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of the run's server: HUIYING_TEST_<NAME>_URL, else one that `start` starts.

    Where it cannot be had the test skips with the reason, but never in CI.
    """
    given = os.environ.get(f"HUIYING_TEST_{name.upper()}_URL")
    if given:
        yield given
        return
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    try:
        with shared_server(name, start, root) as url:
            yield url
    except ServerError as err:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(err))


@contextmanager
def shared_server(name: str, start: StartServer, root: Path) -> Iterator[str]:
    """Give the URL of the one server `name` of all processes that share `root`."""
    users, address = root / f"{name}-users", root / f"{name}-url"
    turn = FileLock(root / f"{name}.lock")
    mine = users / str(os.getpid())
    with ExitStack() as running:
        with turn:
            users.mkdir(exist_ok=True)
            starts_it = not address.exists()
            if starts_it:
                # Not below `root`: every pytest that starts closes its folders to the server's user.
                folder = running.enter_context(tempfile.TemporaryDirectory(prefix=f"huiying-{name}-"))
                Path(folder).chmod(0o755)
                address.write_text(running.enter_context(start(Path(folder))))
            mine.touch()
        try:
            yield address.read_text()
        finally:
            mine.unlink()
            if starts_it:
                _wait_for_the_others(turn, users, address)


def _wait_for_the_others(turn: FileLock, users: Path, address: Path) -> None:
    while True:
        with turn:
            if not any(_lives(int(user.name)) for user in users.iterdir()):
                address.unlink()
                return
        time.sleep(0.1)


def _lives(process: int) -> bool:
    return Path(f"/proc/{process}").exists()
