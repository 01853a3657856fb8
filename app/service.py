"""`huiying up`: the schedule and the console in one process."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Callable

import uvicorn

from alerts.rules import load_rules
from app.schedule import build_scheduler
from app.settings import Settings
from app.why import trace
from app.wiring import Parts, open_parts
from console.services import Services
from console.web import check_address, create_app
from nlp.segment import tokens, words
from records.errors import ConfigurationError

log = logging.getLogger(__name__)


def serve(settings: Settings, *, on_ready: Callable[[str], None], with_schedule: bool = True) -> None:
    """Run until interrupted. `on_ready` gets the console's address once it answers.

    Raises ConfigurationError before anything starts: port in use, address not loopback, broken files.
    """
    check_address(settings.host)
    with open_parts(settings) as parts, _bound(settings) as listening:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(console_services(parts)), log_level="warning", access_log=False, lifespan="off"
            )
        )
        scheduler = build_scheduler(parts) if with_schedule else None
        if scheduler is not None:
            scheduler.start()
        try:
            on_ready(settings.console_url)
            server.run(sockets=[listening])
        finally:
            if scheduler is not None:
                scheduler.shutdown(wait=False)


def console_services(parts: Parts) -> Services:
    """Return what the console works with."""
    settings = parts.settings
    return Services(
        database=parts.database,
        index=parts.index,
        catalogue=parts.catalogue,
        segment=words,
        tokens=tokens,
        why=lambda post_id: [
            (step.stage, step.text) for step in trace(parts.database, post_id, zone=settings.zone)
        ],
        filters={rule.name: rule.filter for rule in load_rules(settings.rules_dir).rules},
        due_at=parts.due_dates,
        zone=settings.zone,
        title=settings.title,
        language=settings.language,
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
