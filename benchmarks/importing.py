"""From a file of real messages to searchable problems: the whole command, in a process of its own.

Beside it the least that any search over the same messages takes: read, cut into words, put into SQLite FTS5.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import rjieba

from tests.shared_data import SHARED_DATA

MESSAGES = SHARED_DATA / "messages" / "messages_2017_2020.jsonl"


def main() -> None:
    if not MESSAGES.exists():
        print(f"skipped: {MESSAGES} is not on this machine")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        least_s = _least(folder / "least.sqlite")
        environment = {**os.environ, "HUIYING_DATA_DIR": str(folder / "data")}
        wall_s, cpu_s = _timed(["import", str(MESSAGES), "--format", "json"], environment)
        again_wall_s, again_s = _timed(["import", str(MESSAGES), "--format", "json"], environment)
        found = _output(["search", "停水", "--limit", "1", "--format", "jsonl"], environment)
        problems = _output(["problems", "list", "--format", "jsonl"], environment).splitlines()
        assert json.loads(found)["text"]
        assert sum(json.loads(line)["n_posts"] for line in problems) == _rows()
    print(f"{_rows()} real messages              wall s    processor s    posts/s")
    print(f"import to searchable problems   {wall_s:7.1f} {cpu_s:14.1f} {_rows() / cpu_s:10.0f}")
    print(f"the same file again             {again_wall_s:7.1f} {again_s:14.1f} {_rows() / again_s:10.0f}")
    print(f"words into SQLite FTS5 alone    {'':7} {least_s:14.1f} {_rows() / least_s:10.0f}")
    print(f"ratio of processor time         {'':7} {cpu_s / least_s:14.1f}")


def _rows() -> int:
    with MESSAGES.open(encoding="utf-8") as lines:
        return sum(1 for _ in lines)


def _least(path: Path) -> float:
    start = time.process_time()
    with sqlite3.connect(path) as connection, MESSAGES.open(encoding="utf-8") as lines:
        connection.execute("CREATE VIRTUAL TABLE posts USING fts5(title, text)")
        rows = (json.loads(line) for line in lines)
        connection.executemany(
            "INSERT INTO posts VALUES (?, ?)",
            ([" ".join(rjieba.cut(row[key], False)) for key in ("title", "text")] for row in rows),
        )
    return time.process_time() - start


def _timed(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(_command(arguments), env=environment, check=True, stdout=subprocess.DEVNULL)
    wall_s, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _output(arguments: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(_command(arguments), env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def _command(arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "app", *arguments]
