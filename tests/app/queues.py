"""Installations on a real PostgreSQL, and processes of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.settings import Settings
from records.job import JobKind
from storage.database import Database
from storage.job_worker import run_worker
from storage.jobs import Handler, JobStore

# Nothing answers there: what needs the search engine fails, the rest has to go on.
NO_ENGINE = "http://127.0.0.1:9/huiying"
PATIENCE_S = 60.0


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@contextmanager
def working(store: JobStore, handlers: Mapping[JobKind, Handler]) -> Iterator[None]:
    """Work the queue off in a thread meanwhile."""
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(store, handlers), kwargs={"stop": stop})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def process(settings: Settings, role: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `huiying up --role` meanwhile."""
    environment = {
        **os.environ,
        "HUIYING_DATA_DIR": str(settings.data_dir),
        "HUIYING_DATABASE_URL": settings.database_url,
        "HUIYING_INDEX_URL": settings.index_url,
        "OMP_NUM_THREADS": "1",
    }
    running = subprocess.Popen([sys.executable, "-m", "app", "up", "--role", role], env=environment)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def settings_for(database_url: str, folder: Path) -> Settings:
    return Settings(data_dir=folder, database_url=database_url, index_url=NO_ENGINE)


def idle(database: Database) -> bool:
    figures = database.jobs.figures()
    return not figures.waiting and not figures.running
