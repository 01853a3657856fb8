"""/healthz: whether this console can serve, for machines."""

from __future__ import annotations

import platform
from importlib.metadata import version

from fastapi import APIRouter

from console.view import CurrentView

router = APIRouter()


@router.get("/healthz")
def healthz(view: CurrentView) -> dict[str, object]:
    """The stored posts, how far the index is behind, and the versions. An unreadable database is a 500."""
    database = view.services.database
    return {
        "status": "ok",
        "posts": database.posts.count(),
        "indexed": view.services.index.count(),
        "index_lag": database.outbox.lag(),
        "version": version("huiying"),
        "python": platform.python_version(),
    }
