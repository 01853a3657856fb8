"""The roles of `huiying up`: which process does what where several work together."""

from __future__ import annotations

from enum import StrEnum

from app.settings import Settings
from records.errors import ConfigurationError


class Role(StrEnum):
    ALL = "all"
    SCHEDULER = "scheduler"
    WORKER = "worker"
    CONSOLE = "console"


def check_role(settings: Settings, role: Role) -> None:
    """Raise ConfigurationError where an installation on one machine is asked to be on several.

    SQLite and the embedded index are files that the processes of one machine share. A worker elsewhere would
    feed an index of its own, and the outbox, which is emptied once, would leave the others without.
    """
    if role is Role.ALL:
        return
    if not settings.database_url.startswith("postgresql"):
        raise ConfigurationError(
            f'role "{role}": needs PostgreSQL (set database_url to postgresql+psycopg://user@host/name, '
            "or start without --role)"
        )
    if not settings.index_url:
        raise ConfigurationError(
            f'role "{role}": needs a search index that all machines reach '
            "(set index_url to https://user:password@host:9200/name, or start without --role)"
        )
