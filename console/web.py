"""Builds the web application out of the services it is handed."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from alerts.coverage import coverage_of
from console import errors
from console.figures import on_time
from console.i18n import LANGUAGES
from console.lag import search_lag
from console.routers import (
    alerts,
    api,
    briefings,
    charts,
    compare,
    health,
    overview,
    posts,
    problems,
    rules,
    saved_searches,
    search,
    silences,
    sources,
    topics,
)
from console.security import LOOPBACK_NAMES, FormGuard, SecurityHeaders, check_address, form_key
from console.services import Services
from console.view import Frame, make_environment
from console.watch import Watch
from records.errors import Rejected, Retryable

__all__ = ["check_address", "create_app"]

# Health changes with a crawl, at most every few minutes; the lag with every message.
COVERAGE_KEPT = timedelta(seconds=30)
LAG_KEPT = timedelta(seconds=5)
# Looks through thousands of problems and their answers: seconds at 300,000 messages a year.
ON_TIME_KEPT = timedelta(minutes=5)

_STATIC = Path(__file__).parent / "static"


class _VersionedFiles(StaticFiles):
    """Static files whose address names their content, so a browser may keep them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(services: Services) -> FastAPI:
    """Return the console over `services`. Costs a few milliseconds; charts load when first drawn."""
    app = FastAPI(
        title="huiying 回应", docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", debug=False
    )
    version = _static_version()
    app.state.frame = Frame(
        services=services,
        environments={language: make_environment(language, services, version) for language in LANGUAGES},
        guard=FormGuard(form_key(services.database)),
        coverage=Watch(
            lambda now: coverage_of(services.catalogue, services.database, now=now, zone=services.zone),
            kept=COVERAGE_KEPT,
        ),
        search_lag=Watch(partial(search_lag, services), kept=LAG_KEPT),
        on_time=Watch(
            lambda now: on_time(services.database, now=now, due_at=services.due_at), kept=ON_TIME_KEPT
        ),
    )
    for part in (
        overview,
        charts,
        compare,
        alerts,
        silences,
        rules,
        search,
        saved_searches,
        posts,
        problems,
        sources,
        topics,
        briefings,
        health,
        api,
    ):
        app.include_router(part.router)
    app.mount("/static", _VersionedFiles(directory=_STATIC), name="static")
    app.exception_handler(Rejected)(errors.rejected)
    app.exception_handler(Retryable)(errors.unavailable)
    app.exception_handler(RequestValidationError)(errors.invalid)
    app.exception_handler(HTTPException)(errors.refused)
    app.exception_handler(Exception)(errors.failed)
    names = [*LOOPBACK_NAMES, services.proxied_as] if services.proxied_as else LOOPBACK_NAMES
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=names, www_redirect=False)
    app.add_middleware(SecurityHeaders)
    return app


def _static_version() -> str:
    digest = hashlib.sha256()
    for path in sorted(_STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
