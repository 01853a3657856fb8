"""Analysis by one and by two worker processes, through the job queue of a real PostgreSQL, in one run.

OMP_NUM_THREADS=1 python -m benchmarks workers
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from nlp.analyser import Analyser
from records.post import Channel, Post
from storage.database import Database
from tests.servers import postgresql
from tests.storage.databases import scratch_database

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "messages" / "messages_2017_2020.jsonl"
POSTS = 20_000
SAVED_AT_ONCE = 500
ROUNDS = 3  # of one, two, one, two …; the best of each counts: other programs only ever make it slower
# A worker that does nothing but analyse: merging is serial.
_WORKER = """
import signal, sys, threading
from pathlib import Path
from app.jobs import handlers
from app.settings import Settings
from app.wiring import open_parts
from records.job import JobKind
from storage.job_worker import run_worker
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
with open_parts(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2])) as parts:
    parts.pipeline.analyse([])
    print("ready", flush=True)
    sys.stdin.readline()
    analyse = handlers(parts)[JobKind.ANALYSE]
    run_worker(parts.database.jobs, {JobKind.ANALYSE: analyse, JobKind.MERGE: lambda *_: None}, stop=stop)
"""


def main() -> None:
    """Print the table."""
    posts = _posts()
    best = {1: 0.0, 2: 0.0}
    with tempfile.TemporaryDirectory(prefix="huiying-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pg").mkdir()
        with postgresql(folder / "pg") as server:
            for _ in range(ROUNDS):
                for workers in best:
                    best[workers] = max(best[workers], _rate(server, posts, workers))
    print(
        f"{POSTS} posts in jobs of {SAVED_AT_ONCE}, best of {ROUNDS}, {os.cpu_count()} cores with PostgreSQL"
    )
    print(f"one worker           {best[1]:8.0f} posts/s analysed and stored")
    print(f"two workers          {best[2]:8.0f} posts/s    ratio {best[2] / best[1]:.2f}")


def _rate(server: str, posts: list[Post], workers: int) -> float:
    with scratch_database(server) as url, Database.open(url) as database, ExitStack() as stack:
        for start in range(0, len(posts), SAVED_AT_ONCE):
            database.posts.save(posts[start : start + SAVED_AT_ONCE])
        running = [stack.enter_context(_worker(stack, url)) for _ in range(workers)]
        for worker in running:
            assert worker.stdout is not None
            worker.stdout.readline()
        start_s = time.perf_counter()
        for worker in running:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        while database.jobs.figures().posts_waiting:
            time.sleep(0.05)
        seconds = time.perf_counter() - start_s
        for worker in running:
            worker.terminate()
        if database.posts.awaiting_analysis(Analyser.load().model_version, 1):
            raise AssertionError("not everything was analysed")
    return len(posts) / seconds


def _worker(stack: ExitStack, url: str) -> subprocess.Popen[str]:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER, folder, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def _posts() -> list[Post]:
    now = datetime.now(UTC)
    if REAL.exists():
        rows = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]
        texts = [(row["title"], row["text"]) for row in rows]
    else:
        texts = [("路灯不亮", "小区门口路灯坏了两个月,多次反映没有人修,晚上走路很危险。" * 7)]
    return [
        Post(
            source="bench",
            channel=Channel.INBOX,
            native_id=str(number),
            title=texts[number % len(texts)][0],
            text=texts[number % len(texts)][1],
            asked_at=now,
            fetched_at=now,
        )
        for number in range(POSTS)
    ]
