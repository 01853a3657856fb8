"""Works the job queue off until told to stop. What a job does is handed in; the queue is procrastinate's."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import procrastinate
import psycopg
from procrastinate.exceptions import ConnectorException, JobAborted
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from records.errors import HuiyingError, Retryable
from records.job import JobKind, Queue
from storage.jobs import DEAD_AFTER, ERROR, MAX_ATTEMPTS, Handler, JobStopped, JobStore

# Crawls mostly wait between two requests; everything else of a queue is done one job after the other.
AT_ONCE = {Queue.CRAWLS: 8, Queue.POSTS: 1, Queue.INDEX: 1, Queue.ALERTS: 1}
# The first pause after a failure, doubled with each further one up to the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0
# What finds its work by itself waits so long for a server that is away, as often as need be.
LOOK_AGAIN_AFTER = timedelta(seconds=15)
HEARTBEAT_EVERY_S = 5.0
# Jobs are announced; who missed that looks by himself.
LOOK_EVERY_S = 2.0
# Between two looks whether to stop, and after the database was lost.
STOP_CHECK_S, RECONNECT_AFTER_S = 0.2, 3.0

log = logging.getLogger(__name__)


def run_worker(store: JobStore, handlers: Mapping[JobKind, Handler], *, stop: threading.Event) -> None:
    """Work at all queues until `stop` is set; what runs then is finished or put back.

    A handler gets the job's arguments, and a function that says whether to break off, by raising JobStopped.
    What raises Retryable is tried again later, a job that looks for its work without end; any other error is
    the end of the job, which stays as failed, with the reason. When the database goes away, work goes on as
    soon as it is back.
    """
    # The end of each job is logged here, in one line and without its arguments.
    logging.getLogger("procrastinate.worker").addFilter(_drop)
    while not stop.is_set():
        try:
            asyncio.run(_work(store, handlers, stop))
        except (ConnectorException, psycopg.OperationalError) as err:
            log.warning("job queue: %s (trying again)", " ".join(str(err.__cause__ or err).split()))
        stop.wait(RECONNECT_AFTER_S)


async def _work(store: JobStore, handlers: Mapping[JobKind, Handler], stop: threading.Event) -> None:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=store.address, max_size=8))
    for kind, handler in handlers.items():
        app.task(name=kind.value, queue=kind.queue.value, pass_context=True, retry=_BackOff())(
            _task(store, kind, handler)
        )
    async with app.open_async():
        workers = [
            asyncio.create_task(
                app.run_worker_async(
                    queues=[queue.value],
                    concurrency=AT_ONCE[queue],
                    fetch_job_polling_interval=LOOK_EVERY_S,
                    update_heartbeat_interval=HEARTBEAT_EVERY_S,
                    stalled_worker_timeout=DEAD_AFTER.total_seconds(),
                    shutdown_graceful_timeout=0,
                    delete_jobs="successful",
                    install_signal_handlers=False,
                )
            )
            for queue in sorted({kind.queue for kind in handlers})
        ]
        stopping = asyncio.create_task(_until(stop))
        # A worker that ends by itself lost the database: all begin anew.
        await asyncio.wait([stopping, *workers], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for worker in workers:
            worker.cancel()
        for ended in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


async def _until(stop: threading.Event) -> None:
    while not stop.is_set():
        await asyncio.sleep(STOP_CHECK_S)


def _task(store: JobStore, kind: JobKind, handler: Handler) -> Callable[..., None]:
    def run(context: procrastinate.JobContext, **arguments: Any) -> None:
        job_id = context.job.id
        assert job_id is not None  # noqa: S101  # it was fetched
        arguments.pop(ERROR, None)
        store.begin(job_id)
        try:
            handler(arguments, context.should_abort)
        except JobStopped as err:
            raise JobAborted from err
        except Exception as err:
            _log_failure(f"job {kind} {job_id}", err)
            if isinstance(err, Retryable) and (kind.looks_for_work or kind is JobKind.REINDEX):
                store.look_again(kind, _reason(err), pause=LOOK_AGAIN_AFTER)
                return
            with suppress(Retryable):  # the database is away, and the job will be taken over
                store.note_failure(job_id, _reason(err))
            raise

    return run


def _log_failure(job: str, error: Exception) -> None:
    if isinstance(error, HuiyingError):
        log.warning("%s: %s", job, error)
    else:
        log.error("%s failed", job, exc_info=error)


def _reason(error: Exception) -> str:
    message = " ".join(str(error).split())
    return message if isinstance(error, HuiyingError) else f"{type(error).__name__}: {message}"


def _drop(_: logging.LogRecord) -> bool:
    return False


class _BackOff(BaseRetryStrategy):
    """Again after growing pauses where it may help; at once where the worker was asked to stop."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, JobAborted):
            return RetryDecision(retry_in={"seconds": 0})
        if not isinstance(exception, Retryable) or job.attempts + 1 >= MAX_ATTEMPTS:
            return None
        pause = min(FIRST_PAUSE_S * 2**job.attempts, LONGEST_PAUSE_S) * random.uniform(0.8, 1.2)  # noqa: S311
        # A crawl that has to wait lets the other sources of its host go first.
        priority = job.priority - 1 if job.task_name == JobKind.CRAWL else job.priority
        return RetryDecision(retry_in={"seconds": int(pause)}, priority=priority)
