"""The versions of every alert rule, and the backtests of what may become one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, func, insert, select

from records.errors import Rejected
from records.rule_version import RuleTrial, RuleVersion
from records.times import Period
from storage import schema
from storage.dialect import reading, take_turns, upsert, writing

_VERSIONS = schema.rule_versions.c
_TRIALS = schema.rule_trials.c


class RuleVersionStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(
        self,
        rule: str,
        text: str,
        *,
        at: datetime,
        changed_by: str,
        reason: str,
        trial: RuleTrial | None,
    ) -> RuleVersion:
        """Return the next version of the rule, kept. It is for the caller to have checked it."""
        values: dict[str, Any] = {
            "rule": rule,
            "text": text,
            "at": at,
            "changed_by": changed_by,
            "reason": reason,
            "tried_from": trial.period.start if trial else None,
            "tried_until": trial.period.end if trial else None,
            "tried_alerts": trial.alerts if trial else None,
        }
        with writing(self._engine) as connection:
            take_turns(connection, [f"rule_versions.{rule}"])
            newest = connection.scalar(select(func.max(_VERSIONS.number)).where(_VERSIONS.rule == rule))
            numbered = {**values, "number": (newest or 0) + 1}
            added = insert(schema.rule_versions).values(numbered).returning(schema.rule_versions)
            return _version(connection.execute(added).one())

    def newest(self) -> dict[str, RuleVersion]:
        """Return rule → its newest version, of every rule there ever was."""
        newest = select(func.max(_VERSIONS.id)).group_by(_VERSIONS.rule)
        with reading(self._engine) as connection:
            rows = connection.execute(select(schema.rule_versions).where(_VERSIONS.id.in_(newest)))
            return {row.rule: _version(row) for row in rows}

    def list(self, rule: str) -> list[RuleVersion]:
        """Return the versions of the rule, newest first. Raises Rejected("unknown_rule")."""
        query = select(schema.rule_versions).where(_VERSIONS.rule == rule).order_by(_VERSIONS.number.desc())
        with reading(self._engine) as connection:
            found = [_version(row) for row in connection.execute(query)]
        if not found:
            raise Rejected("unknown_rule", f'rule "{rule}": no version is kept (see `huiying rules check`)')
        return found

    def get(self, rule: str, number: int) -> RuleVersion:
        """Return one version. Raises Rejected("unknown_version")."""
        query = select(schema.rule_versions).where(_VERSIONS.rule == rule, _VERSIONS.number == number)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise Rejected(
                "unknown_version", f'rule "{rule}": no version {number} (see `huiying rules versions {rule}`)'
            )
        return _version(row)

    def note_trial(self, trial: RuleTrial) -> None:
        """Keep the trial; of the same content the newest stands."""
        row = {
            "digest": trial.digest,
            "period_start": trial.period.start,
            "period_end": trial.period.end,
            "alerts": trial.alerts,
            "tried_at": trial.tried_at,
            "tried_by": trial.tried_by,
        }
        with writing(self._engine) as connection:
            upsert(connection, schema.rule_trials, [row])

    def trial(self, digest: str) -> RuleTrial | None:
        """Return the trial of this content, if there was one."""
        with reading(self._engine) as connection:
            row = connection.execute(select(schema.rule_trials).where(_TRIALS.digest == digest)).one_or_none()
        if row is None:
            return None
        return RuleTrial(
            digest=row.digest,
            period=Period(start=row.period_start, end=row.period_end),
            alerts=row.alerts,
            tried_at=row.tried_at,
            tried_by=row.tried_by,
        )


def _version(row: Row[Any]) -> RuleVersion:
    tried = Period(start=row.tried_from, end=row.tried_until) if row.tried_from else None
    return RuleVersion(
        rule=row.rule,
        number=row.number,
        text=row.text,
        at=row.at,
        changed_by=row.changed_by,
        reason=row.reason,
        tried=tried,
        tried_alerts=row.tried_alerts,
    )
