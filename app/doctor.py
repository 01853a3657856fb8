"""`huiying doctor`: is this installation well? Each check is one line that says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from alerts.rules import load_rules
from app.tasks import receivers
from app.wiring import Parts
from nlp.analyser import Analyser
from records.errors import HuiyingError

LOW_DISK_BYTES = 1 << 30


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    health: Health
    detail: str


def examine(parts: Parts) -> Iterator[Finding]:
    """Give a finding per check, worst news included; a check that fails does not stop the others."""
    checks: dict[str, Callable[[Parts], tuple[Health, str]]] = {
        "data folder": _disk,
        "database": _database,
        "search index": _index,
        "models": _models,
        "sources": _sources,
        "rules": _rules,
        "receivers": _receivers,
    }
    for name, check in checks.items():
        try:
            health, detail = check(parts)
        except HuiyingError as err:
            health, detail = Health.BROKEN, str(err)
        yield Finding(check=name, health=health, detail=detail)


def _disk(parts: Parts) -> tuple[Health, str]:
    free = shutil.disk_usage(parts.settings.data_dir).free
    detail = f"{parts.settings.data_dir}, {free / (1 << 30):.1f} GiB free"
    return (Health.WARNING, f"{detail} (make room)") if free < LOW_DISK_BYTES else (Health.OK, detail)


def _database(parts: Parts) -> tuple[Health, str]:
    faults = parts.database.check_integrity()
    if faults:
        return Health.BROKEN, f"{faults[0]} (restore a copy of huiying.sqlite)"
    return Health.OK, f"{parts.database.posts.count()} posts, {parts.database.problems.count()} problems"


def _index(parts: Parts) -> tuple[Health, str]:
    lag, stored, indexed = parts.database.outbox.lag(), parts.database.posts.count(), parts.index.count()
    if lag:
        return Health.WARNING, f"{lag} changes wait to be indexed (huiying up does it)"
    if stored != indexed:
        return Health.BROKEN, f"{stored} posts stored but {indexed} indexed (huiying reindex)"
    return Health.OK, f"{indexed} posts indexed"


def _models(parts: Parts) -> tuple[Health, str]:
    return Health.OK, Analyser.load(parts.settings.models_dir).model_version


def _sources(parts: Parts) -> tuple[Health, str]:
    count = len(parts.catalogue.sources)
    if not count:
        return Health.WARNING, f"no sources yet ({parts.settings.catalogue_file})"
    return Health.OK, f"{count} sources"


def _rules(parts: Parts) -> tuple[Health, str]:
    found = load_rules(parts.settings.rules_dir)
    if found.errors:
        return Health.BROKEN, str(found.errors[0])
    return Health.OK, f"{len(found.rules)} rules"


def _receivers(parts: Parts) -> tuple[Health, str]:
    count = len(receivers(parts.settings))
    return Health.OK, f"{count} receivers" if count else "none: alerts show in the console only"
