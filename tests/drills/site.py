"""An installation to be hurt: its folder, its two URLs, and its commands as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from app.settings import load_settings
from app.wiring import Parts, open_parts
from tests.storage.clusters import dropped, unused_name
from tests.storage.databases import scratch_database

ROOT = Path(__file__).parents[2]
EMBEDDED = "SQLite + tantivy"
SERVERS = "PostgreSQL + Elasticsearch"
# The slowest command here imports 50,000 posts; a machine that does something else takes several times that.
PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a process ended and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process of ours, and what it says."""

    process: subprocess.Popen[bytes]
    out: IO[bytes]
    err: IO[bytes]

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None

    def said(self) -> str:
        """Return what it wrote up to now."""
        return _read(self.out)

    def kill(self) -> Ended:
        """Kill it -9; return how far it came. The code is below zero unless it had ended before."""
        self.process.kill()
        return self.end()

    def end(self) -> Ended:
        """Wait for its end; a process that does not come to it is killed."""
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        ended = Ended(code=self.process.returncode, out=self.said(), err=_read(self.err))
        for file in (self.out, self.err):
            file.close()
        return ended


@dataclass(slots=True, kw_only=True)
class Site:
    """One installation. `way` names its database and engine."""

    way: str
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> Mapping[str, str]:
        own = {key: value for key, value in os.environ.items() if not key.startswith("HUIYING_")}
        own |= {f"HUIYING_{name.upper()}": value for name, value in self.settings.items()}
        return own | {"HUIYING_DATA_DIR": str(self.data), "COLUMNS": "200"}

    def start(self, *arguments: object, before: Sequence[str] = ()) -> Running:
        """Start `huiying ARGUMENTS`; `before` is a program that starts it in turn."""
        return self.start_program([*before, sys.executable, "-m", "app", *map(str, arguments)])

    def start_program(self, command: Sequence[str]) -> Running:
        # Files, not pipes: one that nobody reads stops the process once it is full.
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  # closed by end
        process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        return Running(process=process, out=out, err=err)

    def run(self, *arguments: object, before: Sequence[str] = ()) -> Ended:
        """Run `huiying ARGUMENTS` to its end."""
        return self.start(*arguments, before=before).end()

    @contextmanager
    def open(self) -> Iterator[Parts]:
        """Open the installation in this process, as a further one that uses it."""
        with open_parts(load_settings(environment=self.environment)) as parts:
            yield parts


def _read(file: IO[bytes]) -> str:
    # Without moving in the file, for its place is also the process's own.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()


def wait_until(happens: Callable[[], bool], *, timeout_s: float = PATIENCE_S, every_s: float = 0.05) -> bool:
    """Wait for something to be true; return whether it came about in time."""
    limit = time.monotonic() + timeout_s
    while time.monotonic() < limit:
        if happens():
            return True
        time.sleep(every_s)
    return False


@contextmanager
def embedded(folder: Path | None = None) -> Iterator[Site]:
    """Give an installation on one machine, in a folder of its own."""
    if folder is not None:
        yield Site(way=EMBEDDED, folder=folder)
        return
    with tempfile.TemporaryDirectory(prefix="huiying-drill-") as name:
        yield Site(way=EMBEDDED, folder=Path(name))


@contextmanager
def on_servers(database_server: str, *search_hosts: str) -> Iterator[Site]:
    """Give an installation on the servers: with a database and an index of its own, dropped at the end."""
    index_url = f"{','.join(search_hosts)}/{unused_name()}"
    with (
        tempfile.TemporaryDirectory(prefix="huiying-drill-") as name,
        scratch_database(database_server) as database_url,
        dropped(index_url),
    ):
        settings = {"database_url": database_url, "index_url": index_url}
        yield Site(way=SERVERS, folder=Path(name), settings=settings)
