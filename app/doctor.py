"""`huiying doctor`: is this installation well? Each check is one line that says what to do, or did it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from alerts.delivery import failing_channels
from alerts.notifications import missing_receivers
from app.crawling import STALE_AFTER
from app.keeping import last_day_kept
from app.tasks import notifications, rule_set
from app.wiring import Parts
from nlp.analyser import Analyser
from nlp.model_shelf import ModelShelf
from nlp.segment import words
from records.errors import HuiyingError
from records.run import RunState
from records.times import utc_now
from storage.indexer import drain

LOW_DISK_BYTES = 1 << 30
# What the schedule should have done long since.
LATE_INDEX = timedelta(hours=1)
LATE_PURGE = timedelta(days=2)
# A file that was being written so long ago belongs to a process that died.
ABANDONED = timedelta(days=1)
# Runs looked at for those that never ended.
LATEST_RUNS = 1_000

Progress = Callable[[int], None]


class Health(StrEnum):
    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found; with --fix, what was `done` about it, and then how it is."""

    check: str
    health: Health
    detail: str
    done: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """What is looked at: `progress` gets numbers of posts."""

    parts: Parts
    now: datetime
    progress: Progress | None = None


Look = Callable[[Ward], tuple[Health, str]]
Mend = Callable[[Ward], str]


def examine(
    parts: Parts, *, now: datetime | None = None, fix: bool = False, progress: Progress | None = None
) -> Iterator[Finding]:
    """Give a finding per check, worst news included; a check that fails does not stop the others.

    With `fix`, what can be mended without losing anything is, and looked at again. The index is compared
    with the truth post by post: about half a minute for a million.
    """
    ward = Ward(parts=parts, now=now or utc_now(), progress=progress)
    mends: Mapping[str, Mend] = {
        "backlog": _drain,
        "set aside": _retry,
        "index and truth": _queue_differences,
        "runs": _end_runs,
        "files": _remove_files,
    }
    checks: dict[str, Look] = {
        "data folder": _disk,
        "database": _database,
        "search index": _index,
        "backlog": _backlog,
        "set aside": _set_aside,
        "index and truth": _content,
        "runs": _runs,
        "jobs": _jobs,
        "retention": _retention,
        "files": _files,
        "models": _models,
        "sources": _sources,
        "rules": _rules,
        "receivers": _receivers,
    }
    for name, look in checks.items():
        finding = _look(name, look, ward)
        if fix and finding.health is not Health.OK and name in mends:
            try:
                done = mends[name](ward)
            except HuiyingError as err:
                yield replace(finding, done=f"not mended: {err}")
                continue
            finding = replace(_look(name, look, ward), done=done)
        yield finding


def _look(name: str, look: Look, ward: Ward) -> Finding:
    try:
        health, detail = look(ward)
    except HuiyingError as err:
        health, detail = Health.BROKEN, str(err)
    return Finding(check=name, health=health, detail=detail)


def _disk(ward: Ward) -> tuple[Health, str]:
    free = shutil.disk_usage(ward.parts.settings.data_dir).free
    detail = f"{ward.parts.settings.data_dir}, {free / (1 << 30):.1f} GiB free"
    return (Health.WARNING, f"{detail} (make room)") if free < LOW_DISK_BYTES else (Health.OK, detail)


def _database(ward: Ward) -> tuple[Health, str]:
    database = ward.parts.database
    faults = database.check_integrity()
    if faults:
        return Health.BROKEN, f"{faults[0]} (huiying restore a backup)"
    return Health.OK, f"{database.posts.count()} posts, {database.problems.count()} problems"


def _index(ward: Ward) -> tuple[Health, str]:
    faults = ward.parts.index.faults()
    if faults:
        return Health.BROKEN, "; ".join(faults)
    return Health.OK, f"{ward.parts.index.count()} posts indexed"


def _backlog(ward: Ward) -> tuple[Health, str]:
    outbox = ward.parts.database.outbox
    waiting, since = outbox.lag(), outbox.waiting_since()
    if since is None:
        return Health.OK, "nothing waits to be indexed"
    detail = f"{waiting} changes wait to be indexed since {since:%Y-%m-%d %H:%M}"
    if ward.now - since > LATE_INDEX:
        return Health.BROKEN, f"{detail} (see that huiying up runs, or --fix)"
    return Health.WARNING, f"{detail} (huiying up does it)"


def _drain(ward: Ward) -> str:
    return (
        f"{drain(ward.parts.database, ward.parts.index, segment=words, progress=ward.progress)} posts indexed"
    )


def _set_aside(ward: Ward) -> tuple[Health, str]:
    found = ward.parts.database.outbox.set_aside()
    if not found:
        return Health.OK, "no post was set aside"
    first = found[0]
    return Health.WARNING, (
        f"{len(found)} posts cannot be indexed and are not found by search, the last is {first.post_id}: "
        f"{first.reason} (--fix tries them again)"
    )


def _retry(ward: Ward) -> str:
    tried = ward.parts.database.outbox.retry_set_aside()
    # What is refused once more is tried twice more by the next rounds, and set aside again.
    taken = drain(ward.parts.database, ward.parts.index, segment=words)
    return f"{tried} tried again, {taken} posts indexed"


def _content(ward: Ward) -> tuple[Health, str]:
    found = ward.parts.database.compare(ward.parts.index, progress=ward.progress)
    if not found:
        return Health.OK, "the index holds what the database holds"
    return Health.BROKEN, (
        f"{len(found.missing)} posts are not in the index, {len(found.extra)} documents have no post, "
        f"{len(found.stale)} posts are where counts differ (--fix indexes them again)"
    )


def _queue_differences(ward: Ward) -> str:
    database = ward.parts.database
    found = database.compare(ward.parts.index).post_ids()
    database.outbox.put(found)
    drain(database, ward.parts.index, segment=words, progress=ward.progress)
    return f"{len(found)} posts indexed again"


def _runs(ward: Ward) -> tuple[Health, str]:
    runs = ward.parts.database.runs.list(limit=LATEST_RUNS)
    stale = [run for run in runs if run.state is RunState.RUNNING and run.started_at < ward.now - STALE_AFTER]
    if not stale:
        return Health.OK, "every run ended"
    oldest = stale[-1]
    return Health.WARNING, (
        f"{len(stale)} runs never ended, the oldest is {oldest.kind} {oldest.subject} of "
        f"{oldest.started_at:%Y-%m-%d %H:%M} (--fix marks them as interrupted)"
    )


def _end_runs(ward: Ward) -> str:
    ended = ward.parts.database.runs.interrupt_stale(now=ward.now, older_than=STALE_AFTER)
    return f"{ended} runs marked as interrupted"


def _jobs(ward: Ward) -> tuple[Health, str]:
    queue = ward.parts.database.jobs
    if not queue.queued:
        return Health.OK, "none: huiying up does the work itself"
    figures = queue.figures()
    detail = f"{figures.waiting} waiting, {figures.running} running, {figures.failed} failed"
    if not figures.workers and figures.waiting:
        return Health.BROKEN, f"{detail}, and no worker is alive (huiying up --role worker)"
    if figures.failed:
        return Health.WARNING, f"{detail} (huiying jobs list --state failed)"
    return Health.OK, f"{detail}; {figures.workers} workers"


def _retention(ward: Ward) -> tuple[Health, str]:
    settings, database = ward.parts.settings, ward.parts.database
    late = 0
    for channel, days in settings.retention_days.items():
        before = last_day_kept(settings, days, now=ward.now) - LATE_PURGE
        late += database.count_purgeable(channel, before=before)
    if late:
        return Health.WARNING, f"{late} texts are kept longer than retention_days says (huiying purge)"
    named = ", ".join(f"{channel} {days} days" for channel, days in settings.retention_days.items())
    return Health.OK, named or "every channel is kept"


def _files(ward: Ward) -> tuple[Health, str]:
    found = _abandoned(ward)
    if not found:
        return Health.OK, "nothing half-written"
    return Health.WARNING, f"{len(found)} half-written files, e.g. {found[0]} (--fix removes them)"


def _remove_files(ward: Ward) -> str:
    found = _abandoned(ward)
    for path in found:
        path.unlink(missing_ok=True)
    return f"{len(found)} half-written files removed"


def _abandoned(ward: Ward) -> list[Path]:
    """Return what processes that died were writing: `.NAME.` and something, beside or for NAME."""
    folder = ward.parts.settings.data_dir
    before = (ward.now - ABANDONED).timestamp()
    places = (folder, ward.parts.settings.rules_dir, folder / "briefings")
    return [
        path
        for place in places
        for path in sorted(place.glob(".*.*"))
        if path.is_file() and path.stat().st_mtime < before
    ]


def _models(ward: Ward) -> tuple[Health, str]:
    models = ward.parts.settings.models_dir
    faults = ModelShelf(models).faults()
    version = Analyser.load(models).model_version
    if faults:
        return Health.WARNING, f"{version} is used in place of the promoted one: {faults[0]}"
    return Health.OK, version


def _sources(ward: Ward) -> tuple[Health, str]:
    count = len(ward.parts.catalogue.sources)
    if not count:
        return Health.WARNING, f"no sources yet ({ward.parts.settings.catalogue_file})"
    return Health.OK, f"{count} sources"


def _rules(ward: Ward) -> tuple[Health, str]:
    found = rule_set(ward.parts.settings)
    if found.errors:
        return Health.BROKEN, str(found.errors[0])
    return Health.OK, f"{len(found.rules)} rules"


def _receivers(ward: Ward) -> tuple[Health, str]:
    policy = notifications(ward.parts.settings)
    if missing := missing_receivers(rule_set(ward.parts.settings).rules, policy):
        return Health.BROKEN, missing[0]
    if failing := failing_channels(ward.parts.database):
        return Health.BROKEN, f'receiver "{min(failing)}" takes no messages (check its address and secret)'
    count = len(policy.receivers)
    return Health.OK, f"{count} receivers" if count else "none: alerts show in the console only"
