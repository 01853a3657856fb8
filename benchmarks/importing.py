"""From a file of real messages to searchable problems: what it takes in time, processors and memory.

    python -m benchmarks importing [--posts 20000 50000 1000000]

The real messages drawn again (benchmarks.redrawn), as a CSV. Beside it the least that any search over them
takes: read, cut into words, put into SQLite FTS5. Memory is that of all processes together (PSS, what they
share counted once), but for the pages of files, which the system takes back at will.
"""

from __future__ import annotations

import csv
import resource
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import rjieba

from app.importing import import_file
from app.settings import load_settings
from app.wiring import Parts, open_parts
from benchmarks.redrawn import Redrawn
from records.post import Channel, Post
from records.times import utc_now

SIZES = (10_000,)
HEADER = (
    "工单编号",
    "标题",
    "诉求内容",
    "受理时间",
    "区域",
    "状态",
    "承办单位",
    "答复意见",
    "答复时间",
    "点赞数",
)
WRITTEN = 5_000
MEASURED_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Step:
    """One step that has ended: processor time of this process and of those that it started."""

    name: str
    wall_s: float
    own_s: float
    others_s: float


def main(sizes: Sequence[int] = SIZES) -> None:
    for size in sizes:
        corpus = Redrawn.of(size)
        if corpus is None:
            print("skipped: the real messages are not on this machine")
            return
        with tempfile.TemporaryDirectory(prefix="huiying-import-") as name:
            measure(corpus, Path(name))


def measure(corpus: Redrawn, folder: Path) -> None:
    export = folder / "export.csv"
    write_export(corpus, export)
    least_s = _least(export, folder / "least.sqlite")
    print(f"{corpus.total:,} rows, {export.stat().st_size / 1e6:.0f} MB")
    print(f"{'':<34} wall s   rows/s    CPU ms a row: writer, others    most MB")
    seconds = _show(corpus.total, export, folder, "")
    _show(corpus.total, export, folder, "the same file again: ")
    ratio = f"ratio of processor time {seconds / least_s:.1f}"
    print(f"  words into SQLite FTS5 alone: {least_s / corpus.total * 1000:.3f} ms of CPU a row; {ratio}")


def write_export(corpus: Redrawn, path: Path) -> None:
    """Write the posts as an export of a hotline."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        for start in range(0, corpus.total, WRITTEN):
            rows.writerows(map(_row, corpus.posts(start, start + WRITTEN)))


def _row(post: Post) -> tuple[object, ...]:
    told = (post.native_id, post.title, post.text, f"{post.asked_at:%Y-%m-%d %H:%M:%S}", post.place)
    reply, replied = (post.replies[0].text, post.first_replied_at) if post.replies else ("", None)
    at = f"{replied:%Y-%m-%d %H:%M:%S}" if replied else ""
    return (*told, post.status, post.addressed_to, reply, at, post.votes_up)


def _show(rows: int, export: Path, folder: Path, prefix: str) -> float:
    """Import the file in a process of its own, print each step; return the seconds of all processors."""
    receiving, sending = get_context("spawn").Pipe(duplex=False)
    process = get_context("spawn").Process(target=_import, args=(export, folder / "data", sending))
    process.start()
    sending.close()
    most, steps = 0.0, list[Step]()
    while True:
        try:
            if receiving.poll(MEASURED_EVERY_S):
                steps.append(receiving.recv())
                _print(prefix, steps[-1], rows, most)
                most = 0.0
        except EOFError:
            break
        most = max(most, _own_megabytes(process.pid or 0))
    process.join()
    assert process.exitcode == 0
    return sum(step.own_s + step.others_s for step in steps)


def _print(prefix: str, step: Step, rows: int, most: float) -> None:
    own, others = step.own_s / rows * 1000, step.others_s / rows * 1000
    rate = f"{step.wall_s:8.1f} {rows / step.wall_s:8,.0f}"
    print(f"  {prefix + step.name:<32} {rate} {own:12.3f} {others:12.3f} {most:15,.0f}", flush=True)


def _import(export: Path, data: Path, pipe: Connection) -> None:
    with open_parts(load_settings(data, environment={})) as parts:
        clock = _Clock(pipe)
        report = import_file(parts, export, source="hotline", channel=Channel.HOTLINE, now=utc_now())
        clock.end("read, mask, store")
        started = set[str]()

        def notice(step: str, _: int) -> None:
            if step == "merge" and step not in started:
                clock.end("analyse")
            started.add(step)

        parts.pipeline.run(progress=notice)
        clock.end("merge, index" if started else "nothing new")
        _check(parts, report.run.counts.fetched)


def _check(parts: Parts, rows: int) -> None:
    assert parts.database.posts.count() == parts.index.count() == rows
    assert parts.database.problems.membership_count() == rows
    assert parts.database.outbox.lag() == 0


class _Clock:
    """Tells through the pipe what each step took."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._before = self._now()

    def end(self, name: str) -> None:
        now = self._now()
        self._pipe.send(
            Step(name, *(after - before for after, before in zip(now, self._before, strict=True)))
        )
        self._before = now

    @staticmethod
    def _now() -> tuple[float, float, float]:
        own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.monotonic(), own.ru_utime + own.ru_stime, others.ru_utime + others.ru_stime


def _own_megabytes(process: int) -> float:
    """Return the memory of the process and of all below it."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        tasks = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/children")]
    except OSError:  # it has just ended
        return 0.0
    own = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss_Anon:"))
    return own / 1024 + sum(_own_megabytes(int(child)) for task in tasks for child in task.split())


def _least(export: Path, path: Path) -> float:
    start = time.process_time()
    with sqlite3.connect(path) as connection, export.open(encoding="utf-8", newline="") as file:
        connection.execute("CREATE VIRTUAL TABLE posts USING fts5(title, text, reply)")
        connection.executemany(
            "INSERT INTO posts VALUES (?, ?, ?)",
            (
                [" ".join(rjieba.cut(row[column], False)) for column in ("标题", "诉求内容", "答复意见")]
                for row in csv.DictReader(file)
            ),
        )
    return time.process_time() - start


if __name__ == "__main__":
    main()
