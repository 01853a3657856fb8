"""Long work on all processors: one function over many batches, in order, few of them in memory at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing.connection import wait
from typing import Any, TypeVar

from records.errors import Retryable

# A worker of analysis takes 140 MB: with two, all processes had 501 MB for 20,000 rows, 533 for 200,000. Of
# more little would come: merging, which one process does, takes longest.
MOST_WORKERS = 2
# Each worker has a batch, and the next one lies ready for it.
AHEAD_PER_WORKER = 2
# A worker takes about a second to start: fewer batches are done sooner without.
WORTH_SPREADING = 4

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Spread:
    """`map`, but that other processes do the work; what goes there and back goes by pickle."""

    pool: ProcessPoolExecutor
    workers: int

    def __call__(
        self,
        function: Callable[[_Item], _Result],
        items: Iterable[_Item],
        *,
        here: Callable[[_Item], _Result] | None = None,
    ) -> Iterator[_Result]:
        """Return what `map` would, in its order; few items are drawn ahead.

        A handful of items is done in this process, by `here` where that is given.
        """
        rest = iter(items)
        first = list(islice(rest, WORTH_SPREADING))
        if len(first) < WORTH_SPREADING or self.workers == 1:
            return map(here or function, chain(first, rest))
        return _in_order(
            lambda item: self.pool.submit(function, item),
            chain(first, rest),
            ahead=self.workers * AHEAD_PER_WORKER,
        )


@contextmanager
def spreading(workers: int | None = None) -> Iterator[Spread]:
    """Give workers, one for each processor. They start with the first work, and end with the block and with
    this process, however it dies. Raises Retryable where one of them dies.
    """
    n_workers = min(os.cpu_count() or 1, MOST_WORKERS) if workers is None else workers
    with _pool(n_workers) as pool:
        yield Spread(pool, n_workers)


@contextmanager
def working_beside() -> Iterator[Callable[..., Future[Any]]]:
    """Give a `submit` for one other process, which does one thing after the other, all before the end."""
    with _pool(1) as pool:
        yield pool.submit


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    # Spawned: what is forked from a process with threads may wait for ever.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_worker)
    try:
        yield pool
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


def _in_order(
    submit: Callable[[_Item], Future[_Result]], items: Iterator[_Item], *, ahead: int
) -> Iterator[_Result]:
    try:
        under_way = deque(map(submit, islice(items, ahead)))
        while under_way:
            result = under_way.popleft().result()
            under_way.extend(map(submit, islice(items, 1)))
            yield result
    except BrokenProcessPool as err:
        raise Retryable(
            "a process that helped with the work died (was memory short? run it again: it goes on from there)"
        ) from err


def _begin_worker() -> None:
    """Leave Ctrl-C to the process that started this one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
