"""Analysis by one and by two worker processes, through the job queue of a real PostgreSQL, in one run.

Beside it the same posts read by one and two processes that share nothing: what two cores give at most here.

OMP_NUM_THREADS=1 python -m benchmarks workers
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from nlp.analyser import Analyser
from records.post import Channel, Post
from storage.database import Database
from tests.servers import postgresql
from tests.storage.databases import scratch_database

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "messages" / "messages_2017_2020.jsonl"
POSTS, PEER_POSTS = 20_000, 5_000
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
# No queue, no database: the peer.
_ALONE = """
import sys
from benchmarks.workers import PEER_POSTS, drawn
from nlp.analyser import Analyser
analyser, posts = Analyser.load(), drawn(PEER_POSTS)
analyser.analyse(posts[:50])
print("ready", flush=True)
sys.stdin.readline()
for start in range(0, len(posts), 500):
    analyser.analyse(posts[start : start + 500])
print("done", flush=True)
"""


def main() -> None:
    """Print the table."""
    posts = drawn(POSTS)
    best, alone = {1: 0.0, 2: 0.0}, {1: 0.0, 2: 0.0}
    with tempfile.TemporaryDirectory(prefix="huiying-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "pg").mkdir()
        with postgresql(folder / "pg") as server:
            for _ in range(ROUNDS):
                for workers in best:
                    best[workers] = max(best[workers], _rate(server, posts, workers))
                    alone[workers] = max(alone[workers], _rate_alone(workers))
    print(
        f"{POSTS} posts in jobs of {SAVED_AT_ONCE}, best of {ROUNDS}, {os.cpu_count()} cores with PostgreSQL"
    )
    print(f"one worker           {best[1]:8.0f} posts/s analysed and stored")
    print(f"two workers          {best[2]:8.0f} posts/s    ratio {best[2] / best[1]:.2f}")
    print(f"one process alone    {alone[1]:8.0f} posts/s analysed")
    print(f"two processes alone  {alone[2]:8.0f} posts/s    ratio {alone[2] / alone[1]:.2f}")


def _rate(server: str, posts: list[Post], workers: int) -> float:
    with scratch_database(server) as url, Database.open(url) as database, ExitStack() as stack:
        for start in range(0, len(posts), SAVED_AT_ONCE):
            database.posts.save(posts[start : start + SAVED_AT_ONCE])
        folders = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in range(workers)]
        running = [stack.enter_context(_process(_WORKER, folder, url)) for folder in folders]
        start_s = _start_together(running)
        while database.jobs.figures().posts_waiting:
            time.sleep(0.05)
        seconds = time.perf_counter() - start_s
        for worker in running:
            worker.terminate()
        if database.posts.awaiting_analysis(Analyser.load().model_version, 1):
            raise AssertionError("not everything was analysed")
    return len(posts) / seconds


def _rate_alone(processes: int) -> float:
    with ExitStack() as stack:
        running = [stack.enter_context(_process(_ALONE)) for _ in range(processes)]
        start_s = _start_together(running)
        assert [_line(process) for process in running] == ["done\n"] * processes
        return processes * PEER_POSTS / (time.perf_counter() - start_s)


def _process(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )


def _start_together(running: Sequence[subprocess.Popen[str]]) -> float:
    """Let all of them begin once all are ready; return when that was."""
    for process in running:
        _line(process)
    start_s = time.perf_counter()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return start_s


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def drawn(total: int) -> list[Post]:
    """Return `total` posts with the texts of real messages, or of one where those are not at hand."""
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
        for number in range(total)
    ]
