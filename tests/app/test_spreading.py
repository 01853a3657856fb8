"""Work on all processors: order, bounds, failures; workers that die, and whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, islice
from pathlib import Path

import pytest

from app import pipeline
from app.feeding import feeding
from app.importing import import_file
from app.settings import load_settings
from app.spreading import AHEAD_PER_WORKER, WORTH_SPREADING, spreading, working_beside
from app.wiring import open_parts
from records.errors import Rejected, Retryable
from records.post import Channel
from records.problem import Problem
from records.query import SortOrder
from records.times import utc_now
from tests.app.spread_work import die, fail, process_of, take

WORKERS = 2
ROWS = 20_000


def test_results_come_in_order_from_other_processes_and_few_are_drawn_ahead() -> None:
    drawn = count()
    with spreading(WORKERS) as spread:
        results = spread(process_of, drawn)
        found = list(islice(results, 40))
    assert [number for number, _ in found] == list(range(40))
    assert os.getpid() not in {process for _, process in found}
    assert next(drawn) <= 40 + WORKERS * AHEAD_PER_WORKER + 1


def test_a_handful_is_done_here() -> None:
    with spreading(WORKERS) as spread:
        few = range(WORTH_SPREADING - 1)
        assert {process for _, process in spread(process_of, few)} == {os.getpid()}
        assert [*spread(process_of, few, here=lambda number: (-number, 0))] == [(-n, 0) for n in few]
    with spreading(1) as spread:
        assert {process for _, process in spread(process_of, range(10))} == {os.getpid()}


def test_what_fails_there_fails_here_and_a_worker_that_dies_is_one_line() -> None:
    with pytest.raises(Rejected, match="number 5: is odd"), spreading(WORKERS) as spread:
        list(spread(fail, range(10)))
    died = pytest.raises(Retryable, match="a process that helped with the work died")
    with died as caught, spreading(WORKERS) as spread:
        list(spread(die, range(10)))
    assert "\n" not in str(caught.value)


def test_one_process_beside_does_everything_before_the_end() -> None:
    with working_beside() as submit:
        done = [submit(process_of, number) for number in range(3)]
    found = [one.result(timeout=0) for one in done]
    assert [number for number, _ in found] == [0, 1, 2]
    assert len({process for _, process in found} - {os.getpid()}) == 1


def test_the_index_is_fed_by_the_commit_and_what_fails_is_left_to_the_outbox(
    caplog: pytest.LogCaptureFixture,
) -> None:
    indexed: list[int] = []
    with feeding(take, commit_posts=3, indexed=indexed.append) as feed:
        for post_ids in (["1", "2"], ["3", "4"], ["held", "5", "6"], ["7"], ["8", "9"], ["10"]):
            feed(post_ids)
    assert indexed == [4, 3]
    assert [record.message for record in caplog.records] == [
        "indexing beside merging: index: another process holds it (it is done afterwards)"
    ]


def test_the_pipeline_finds_the_same_on_one_processor_and_on_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = tmp_path / "town.csv"
    rows = (
        f"{n},第{n % 40}街路灯坏了,第{n % 40}街的路灯坏了{n}天。,2026-03-{1 + n % 28:02}\n"
        for n in range(600)
    )
    export.write_text("编号,标题,内容,时间\n" + "".join(rows), "utf-8")

    def run(name: str) -> tuple[dict[str, int], list[Problem], list[str]]:
        done: Counter[str] = Counter()
        with open_parts(load_settings(tmp_path / name, environment={})) as parts:
            import_file(parts, export, source="town", channel=Channel.HOTLINE, now=utc_now())
            parts.pipeline.run(progress=lambda step, more: done.update({step: more}))
            hits = [hit.post_id for hit in parts.index.search("路灯", limit=600, sort=SortOrder.NEWEST).hits]
            return dict(done), parts.database.problems.list(limit=600), hits

    alone = run("alone")
    monkeypatch.setattr(pipeline, "BATCH", 100)
    monkeypatch.setattr(pipeline, "BATCH_OF_INDEX", 50)
    together = run("together")
    assert together == alone
    assert together[0] == {"analyse": 600, "merge": 600, "index": 600}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "town.csv"
    rows = (f"{number},路灯坏了{number}天。,2026-03-01\n" for number in range(ROWS))
    path.write_text("编号,内容,时间\n" + "".join(rows), "utf-8")
    return path


@pytest.fixture
def importing(tmp_path: Path, export: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Give what starts `huiying import`, in a group of processes of its own, and waits for its first rows."""
    started: list[subprocess.Popen[str]] = []
    data = tmp_path / "data"

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "app", "import", str(export), "--data-dir", str(data)]
        # Opened before: it must not take the time in which the import comes to its end.
        with open_parts(load_settings(data, environment={})) as parts:
            stored = parts.database.posts.count()
            started.append(
                subprocess.Popen(
                    command,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                    # Tests that run in the background of a shell would hand on that Ctrl-C is ignored.
                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                )
            )
            while parts.database.posts.count() == stored:
                assert started[-1].poll() is None
                time.sleep(0.02)
        return started[-1]

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def has_ended(group: int) -> bool:
    """Return whether no process of the group is left, within 10 s."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_an_import_on_all_processors_that_is_interrupted_or_killed_is_run_again(
    importing: Callable[[], subprocess.Popen[str]], tmp_path: Path, export: Path
) -> None:
    interrupted = importing()
    os.killpg(interrupted.pid, signal.SIGINT)  # as a terminal does: to all of the group
    said = interrupted.communicate(timeout=30)[1]
    assert (interrupted.returncode, "Traceback" in said) == (130, False)
    killed = importing()
    killed.kill()
    killed.communicate()
    assert has_ended(interrupted.pid)
    assert has_ended(killed.pid)
    with open_parts(load_settings(tmp_path / "data", environment={})) as parts:
        assert 0 < parts.database.posts.count() < ROWS
