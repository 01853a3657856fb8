"""Whether this console can serve and search keeps up: /health for people, /healthz for machines."""

from __future__ import annotations

import platform
from importlib.metadata import version

from fastapi import APIRouter
from starlette.responses import Response

from console.view import CurrentView, View
from records.errors import Retryable
from records.job import JobState

router = APIRouter()


@router.get("/health")
def health(view: CurrentView) -> Response:
    """What is stored, what search knows of it and could not take in, and the jobs of a queue."""
    jobs = view.services.database.jobs
    return view.page(
        "health.html",
        posts=view.services.database.posts.count(),
        indexed=_indexed(view),
        set_aside=view.services.database.outbox.set_aside(),
        jobs=jobs.figures() if jobs.queued else None,
        long_work=jobs.long_work() if jobs.queued else (),
        failed_jobs=jobs.list(JobState.FAILED) if jobs.queued else (),
        version=version("huiying"),
    )


@router.get("/healthz")
def healthz(view: CurrentView) -> dict[str, object]:
    """The stored posts, how far the index is behind, and the versions. An unreadable database is a 500.

    `status` is "ok", else "search_stale" or "search_down"; both serve all that needs no search.
    """
    lag, indexed = view.search_lag, _indexed(view)
    status = "search_down" if indexed is None else "search_stale" if lag.is_stale else "ok"
    return {
        "status": status,
        "posts": view.services.database.posts.count(),
        "indexed": indexed,
        "index_lag": lag.waiting,
        "waiting_since": lag.since.isoformat() if lag.since else None,
        "set_aside": len(view.services.database.outbox.set_aside()),
        "version": version("huiying"),
        "python": platform.python_version(),
    }


def _indexed(view: View) -> int | None:
    """Return how many posts search knows, None where it does not answer."""
    try:
        return view.services.index.count()
    except Retryable:
        return None
