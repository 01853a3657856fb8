"""`huiying up`: the jobs and the console, in one process or in several of different roles."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import uvicorn

from alerts.telling import Way
from app.backtesting import open_past
from app.jobs import start_here
from app.roles import Role, check_role
from app.schedule import build_scheduler
from app.settings import Settings
from app.tasks import notifications, telling_of
from app.why import trace
from app.wiring import Parts, open_parts
from app.working import in_background, lead, stopped_by, work
from console.services import Services
from console.web import check_address, create_app
from nlp.model_shelf import ModelShelf
from nlp.register import registered_topics
from nlp.segment import tokens, words
from records.alert import Alert
from records.errors import ConfigurationError
from records.times import utc_now

log = logging.getLogger(__name__)


OnReady = Callable[[str | None], None]  # gets the console's address, None in a role without a console


def serve(settings: Settings, *, on_ready: OnReady, role: Role = Role.ALL) -> None:
    """Do what `role` says until interrupted or told to end (SIGTERM), then finish what runs.

    Raises ConfigurationError before anything starts: port in use, address not loopback, broken files, a role
    that needs servers of its own.
    """
    check_role(settings, role)
    if role in (Role.ALL, Role.CONSOLE):
        check_address(settings.host, proxied_as=settings.proxied_as)
        with (
            open_parts(settings) as parts,
            _bound(settings) as listening,
            stopped_by(signal.SIGTERM) as stop,
            _jobs(parts, role, stop),
        ):
            _serve_console(parts, listening, on_ready)
        return
    with open_parts(settings) as parts, stopped_by(signal.SIGTERM, signal.SIGINT) as stop:
        on_ready(None)
        (lead if role is Role.SCHEDULER else work)(parts, stop)


@contextmanager
def _jobs(parts: Parts, role: Role, stop: threading.Event) -> Iterator[None]:
    """Do the installation's jobs meanwhile: out of the queue, or where there is none right away."""
    if role is Role.CONSOLE:
        yield
    elif parts.database.jobs.queued:
        with in_background(partial(lead, parts), partial(work, parts), stop=stop):
            yield
    else:
        scheduler = build_scheduler(parts, start_here(parts))
        scheduler.start()
        try:
            yield
        finally:
            scheduler.shutdown(wait=False)


def _serve_console(parts: Parts, listening: socket.socket, on_ready: OnReady) -> None:
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(console_services(parts)), log_level="warning", access_log=False, lifespan="off"
        )
    )
    on_ready(parts.settings.console_url)
    server.run(sockets=[listening])


def console_services(parts: Parts) -> Services:
    """Return what the console works with."""
    settings = parts.settings

    def telling(alert: Alert) -> list[Way]:
        return telling_of(parts, alert, now=utc_now())

    return Services(
        database=parts.database,
        index=parts.index,
        catalogue=parts.catalogue,
        segment=words,
        tokens=tokens,
        why=lambda post_id: [
            (step.stage, step.text)
            for step in trace(parts.database, post_id, zone=settings.zone, telling=telling)
        ],
        telling=telling,
        due_at=parts.due_dates,
        rules=parts.rule_book,
        past=lambda period: open_past(settings, parts.rule_book.load().deadlines, period),
        policy=lambda: notifications(settings),
        topics=lambda: registered_topics(ModelShelf(settings.models_dir)),
        zone=settings.zone,
        title=settings.title,
        language=settings.language,
        proxied_as=settings.proxied_as,
    )


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: 40 ms a page.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as err:
        listening.close()
        if err.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"port {settings.port}: in use by another program (stop it, or choose another with --port)"
            ) from err
        raise ConfigurationError(f"address {settings.host}:{settings.port}: {err.strerror}") from err
    return listening
