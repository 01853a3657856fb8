"""Work on all processors: order, bounds, failures; workers that die, and whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, islice
from pathlib import Path

import pytest

from app.settings import load_settings
from app.spreading import AHEAD_PER_WORKER, WORTH_SPREADING, spreading, working_beside
from app.wiring import open_parts
from records.errors import Rejected, Retryable
from tests.app.spread_work import die, fail, process_of

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
        started.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True))
        with open_parts(load_settings(data, environment={})) as parts:
            stored = parts.database.posts.count()
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
