"""The audit log: who did or looked at what."""

from __future__ import annotations

from sqlalchemy import Engine, insert, select

from records.run import AuditEntry
from storage import schema
from storage.dialect import reading, writing

_AUDIT = schema.audit.c


class AuditStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, entry: AuditEntry) -> None:
        """Add the entry; durable when it returns."""
        values = {
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "detail": entry.detail,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(schema.audit).values(values))

    def list(self, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
        """Return entries, newest first."""
        columns = (_AUDIT.at, _AUDIT.actor, _AUDIT.action, _AUDIT.subject, _AUDIT.detail)
        query = select(*columns).order_by(_AUDIT.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(_AUDIT.subject == subject)
        with reading(self._engine) as connection:
            return [AuditEntry(**row._mapping) for row in connection.execute(query)]
