"""A folder that exports are put into: each is imported once, then moved aside with its report."""

from __future__ import annotations

import hashlib
import json
import logging
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from app.importing import import_file, source_name
from app.installation import write_atomically
from app.mappings import stored_mapping
from app.wiring import Parts
from crawler.importers import rejects_path
from crawler.masking import mask
from records.errors import ConfigurationError, HuiyingError, Retryable
from records.plain import plain
from records.post import Channel

log = logging.getLogger(__name__)

# Held by who imports from the folder.
WATCHING = "watch folder"
# A file that nobody wrote to or renamed for so long is taken to be whole: copying writes every few
# milliseconds, over a bad network every few seconds.
QUIET_FOR = timedelta(seconds=10)
DONE, FAILED = "done", "failed"
# As browsers, editors and synchronising programs name what they have not finished.
_PARTIAL_SUFFIXES = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart")
_PARTIAL_PREFIXES = (".", "~")
_HASH_CHARS = 16


def import_watched(parts: Parts, *, now: datetime) -> None:
    """Import every file of the watched folder and of its folders, one for each source, that has been quiet.

    A file lands in done/ or failed/ beside it, with NAME.report.json. Killed anywhere, the next call does
    again what was not finished, which changes nothing. Raises Retryable (files stay), ConfigurationError.
    """
    folder = parts.settings.watched_dir
    if folder is None:
        return
    if not folder.is_dir():
        raise ConfigurationError(f'setting "watch_dir": "{folder}" is no folder (make it, or leave it empty)')
    with parts.database.lock(WATCHING):
        for path in _waiting(folder):
            if path.is_symlink():
                _put_aside(
                    path, FAILED, path.name, {"error": "is a link, which is not followed (copy the file)"}
                )
            elif _quiet_since(path) <= now - QUIET_FOR:
                source = _source_name(folder, path)
                _import_one(parts, path, source=source, now=now)


def _waiting(folder: Path) -> Iterator[Path]:
    """Yield the files and links in the folder and one level below, by name."""
    for path in sorted(folder.iterdir()):
        if path.name in (DONE, FAILED) or _is_partial(path):
            continue
        if path.is_symlink() or _is_file(path):
            yield path
        elif path.is_dir():
            inside = sorted(path.iterdir())
            yield from (one for one in inside if not _is_partial(one) and (one.is_symlink() or _is_file(one)))


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(path.lstat().st_mode)


def _is_partial(path: Path) -> bool:
    return path.name.startswith(_PARTIAL_PREFIXES) or path.suffix.lower() in _PARTIAL_SUFFIXES


def _quiet_since(path: Path) -> datetime:
    """Return when the file was last touched: by its change time too, which copying tools cannot set back."""
    told = path.lstat()
    return datetime.fromtimestamp(max(told.st_mtime, told.st_ctime)).astimezone()


def _source_name(folder: Path, path: Path) -> str:
    """Return the source of a file: its folder; where it lies in the watched folder itself, its own name."""
    return source_name(path.stem if path.parent == folder else path.parent.name)


def _import_one(parts: Parts, path: Path, *, source: str, now: datetime) -> None:
    touched = _quiet_since(path)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:_HASH_CHARS]
    except OSError as err:
        log.warning(
            'watched file "%s": %s (give this user the right to read it)', mask(path.name), err.strerror
        )
        return
    name = f"{path.stem}.{digest}{path.suffix}"
    if _is_done(path.parent, digest):
        _put_aside(path, DONE, name, {"source": source, "state": "done", "same_as_before": True})
        return
    (path.parent / DONE).mkdir(exist_ok=True)
    rejects = rejects_path(path.parent / DONE / name)
    try:
        report = import_file(
            parts,
            path,
            source=source,
            channel=_channel(parts, source),
            mapping=stored_mapping(parts.settings, source),
            rejects=rejects,
            now=now,
        )
    except Retryable:
        raise
    except HuiyingError as err:
        error = mask(str(err))
        log.warning('watched file "%s": %s', mask(path.name), error)
        _put_aside(path, FAILED, name, {"source": source, "error": error})
        return
    if _quiet_since(path) != touched:
        return  # written to meanwhile: it is read again when it is quiet
    counts = plain(report.run.counts)
    _put_aside(path, DONE, name, {"source": source, "state": report.run.state.value, "counts": counts})


def _is_done(folder: Path, digest: str) -> bool:
    """Return whether a file of this content was imported from the folder: its hash is in a name in done/."""
    done = folder / DONE
    return done.is_dir() and any(path.stem.endswith(f".{digest}") for path in done.iterdir())


def _channel(parts: Parts, name: str) -> Channel:
    """Return the channel that the catalogue gives the source, else a hotline, as `huiying import` does."""
    return next((one.channel for one in parts.catalogue.sources if one.name == name), Channel.HOTLINE)


def _put_aside(path: Path, where: str, name: str, report: dict[str, object]) -> None:
    """Write the report, then move the file (of a link: the link), so that a file aside always has one."""
    aside = path.parent / where
    aside.mkdir(exist_ok=True)
    if aside.is_symlink():
        raise ConfigurationError(f'folder "{aside}": is a link (make it a folder)')
    content = json.dumps({"file": mask(path.name), **report}, ensure_ascii=False, indent=1)
    report_path = aside / f"{name}.report.json"
    if not ("same_as_before" in report and report_path.exists()):
        write_atomically(report_path, content + "\n")
    path.replace(aside / name)
