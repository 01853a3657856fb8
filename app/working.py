"""The long-running parts of a process: leading the schedule, working the queue, and ending in peace."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.jobs import handlers
from app.schedule import build_scheduler
from app.wiring import Parts
from records.errors import Retryable

log = logging.getLogger(__name__)

# Held by the one who schedules.
LEADING = "scheduler"
# Who stands by looks that often; who leads looks that often whether he still does.
LEADER_CHECK_S = 1.0


def lead(parts: Parts, stop: threading.Event) -> None:
    """Queue every job when its time has come, until `stop` is set: one process does, the others stand by.

    Who leads holds a lock of the database, which is let go with the process or its connection: another takes
    over within a second or two. The queue holds each job once, so that nothing happens twice meanwhile.
    """
    while not stop.is_set():
        try:
            with parts.database.lock(LEADING) as check_lead:
                scheduler = build_scheduler(parts, parts.database.jobs.defer)
                scheduler.start()
                log.info("this process schedules")
                try:
                    while not stop.wait(LEADER_CHECK_S):
                        check_lead()
                finally:
                    scheduler.shutdown(wait=False)
        except Retryable:  # another one leads, or the database is away
            stop.wait(LEADER_CHECK_S)


def work(parts: Parts, stop: threading.Event) -> None:
    """Work the job queue off until `stop` is set."""
    from storage.job_worker import run_worker  # its library is optional

    run_worker(parts.database.jobs, handlers(parts), stop=stop)


@contextmanager
def in_background(*tasks: Callable[[threading.Event], object], stop: threading.Event) -> Iterator[None]:
    """Run the tasks in threads meanwhile; at the end tell them to stop, and wait for them."""
    threads = [threading.Thread(target=task, args=(stop,)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def stopped_by(*signals: signal.Signals) -> Iterator[threading.Event]:
    """Give an event that these signals set, for the main thread to end in peace."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
