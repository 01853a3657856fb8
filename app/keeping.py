"""The life of an installation's data: texts whose retention is over, backups, and putting one back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app.installation import (
    KEPT_AS_IT_IS,
    ensure_installation,
    installation_files,
    is_as_shipped,
    place_files,
)
from app.settings import Settings, load_settings
from app.wiring import Parts
from nlp.segment import words
from records.errors import ConfigurationError, Retryable
from records.post import Channel
from records.run import AuditEntry
from records.times import day_period
from storage.backup import Manifest, read_files, restore
from storage.indexer import drain

# Who stands in the audit log where nobody asked: the retention settings did.
BY_ITSELF = "huiying"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """How many posts of a channel, asked before `before`, are past their retention of `days`."""

    channel: Channel
    days: int
    before: datetime
    posts: int


def expired(parts: Parts, *, now: datetime) -> list[Expired]:
    """Return for each channel with a retention what `purge_due` would delete; nothing is changed."""
    found = []
    for channel, days in parts.settings.retention_days.items():
        before = last_day_kept(parts.settings, days, now=now)
        posts = parts.database.count_purgeable(channel, before=before)
        found.append(Expired(channel=channel, days=days, before=before, posts=posts))
    return found


def purge_due(parts: Parts, *, now: datetime, progress: Progress | None = None) -> list[Expired]:
    """Delete the texts whose retention is over; return what was deleted. Stopped half-way, call it again.

    The truth forgets at once. The search index follows with the outbox; the next backup has none of it.
    Each channel of which something went is a line in the audit log.
    """
    done = []
    for due in expired(parts, now=now):
        emptied = 0
        if due.posts:
            emptied = parts.database.purge(due.channel, before=due.before, now=now, progress=progress)
            detail = f"{emptied} posts asked before {due.before:%Y-%m-%d}"
            entry = AuditEntry(at=now, actor=BY_ITSELF, action="purge", subject=due.channel, detail=detail)
            parts.database.audit.record(entry)
        done.append(Expired(channel=due.channel, days=due.days, before=due.before, posts=emptied))
    return done


def last_day_kept(settings: Settings, days: int, *, now: datetime) -> datetime:
    """Return the beginning of the oldest local day whose texts are still kept."""
    day = now.astimezone(settings.zone).date() - timedelta(days=days)
    return day_period(day, zone=settings.zone).start


def back_up(
    parts: Parts, path: Path, *, now: datetime, force: bool = False, progress: Progress | None = None
) -> Manifest:
    """Write the truth and the files of the installation to `path`, while everything else goes on.

    Raises ConfigurationError where something is there already and `force` was not given.
    """
    if path.exists() and not force:
        raise ConfigurationError(f'file "{path}": is there already (name another, or --force replaces it)')
    files = installation_files(parts.settings)
    return parts.database.back_up(path, now=now, files=files, progress=progress)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put back. `kept` are files that stayed as they were."""

    manifest: Manifest
    settings: Settings
    placed: tuple[Path, ...]
    kept: tuple[Path, ...]


def restore_installation(
    path: Path, data_dir: Path | None, *, force: bool = False, progress: Progress | None = None
) -> Restored:
    """Put a backup back, into whichever database the settings name: SQLite's into PostgreSQL as well.

    huiying.toml says where this installation keeps its data: one that is there stays, one that is not comes
    from the backup. Raises ConfigurationError, before anything is changed, where a file or the database would
    be overwritten and `force` was not given, and for what is no whole backup of a known version.
    """
    files = read_files(path)
    settings = load_settings(data_dir)
    differing = {
        place: content
        for place, content in files.items()
        if not is_as_shipped(settings, place) and (settings.data_dir / place).read_bytes() != content
    }
    kept = {place for place in differing if place.name in KEPT_AS_IT_IS}
    for place in differing.keys() - kept:
        if not force:
            raise ConfigurationError(
                f'file "{settings.data_dir / place}": differs from that of the backup (--force overwrites it)'
            )
    first = {place: content for place, content in files.items() if place.name in KEPT_AS_IT_IS}
    placed = place_files(settings, {place: first[place] for place in first.keys() - kept})
    settings = load_settings(data_dir)
    manifest = restore(path, settings.truth_url, force=force, progress=progress)
    placed += place_files(settings, {place: files[place] for place in files.keys() - first.keys()})
    ensure_installation(settings)
    return Restored(
        manifest=manifest,
        settings=settings,
        placed=tuple(sorted(placed)),
        kept=tuple(sorted(settings.data_dir / place for place in kept)),
    )


def feed_index(parts: Parts, *, progress: Progress | None = None) -> int | None:
    """Bring the search index up to the truth; None where that has to wait: `huiying up` then does it."""
    with suppress(Retryable):
        return drain(parts.database, parts.index, segment=words, progress=progress)
    return None
