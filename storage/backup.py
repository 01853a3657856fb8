"""The whole truth as one file: made while everything runs, read into either kind of database.

A zip of one JSONL file a table, files of the installation below files/, and manifest.json with versions, row
counts and checksums. The outbox is left out: a restored database has its index built anew.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import Connection, Engine, Table, insert, select

from records.errors import ConfigurationError
from storage import schema
from storage.dialect import reading, set_counter, take_turns, writing
from storage.engines import check_server, open_engine, shown
from storage.jobs_schema import empty_queue
from storage.migrations import HEAD, bring_up_to_date
from storage.outbox import highest_sequence, leave_every_index_behind

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files/"
# Rows read or written at once: a post with its text is about 2 kB.
BATCH = 1_000
_CHUNK = 1 << 20

Progress = Callable[[int], None]
# What only concerns one index stays behind.
_TABLES = [table for table in schema.metadata.sorted_tables if table not in (schema.outbox, schema.refusals)]


class Entry(BaseModel):
    """One file of the archive."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rows: int
    sha256: str


class Manifest(BaseModel):
    """What a backup says of itself. `outbox` is the highest sequence that the database had given out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    schema_revision: str
    made_at: datetime
    outbox: int
    entries: dict[str, Entry]

    @property
    def rows(self) -> int:
        """Return how many rows there are in all tables."""
        return sum(entry.rows for entry in self.entries.values())


def write_backup(
    engine: Engine,
    path: Path,
    *,
    now: datetime,
    files: Mapping[str, Path],
    progress: Progress | None = None,
) -> Manifest:
    """Write the backup; see Database.back_up."""
    with _new_file(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        with reading(engine) as connection:
            entries = {
                f"{table.name}.jsonl": _write_table(connection, archive, table, progress) for table in _TABLES
            }
            outbox = highest_sequence(connection)
        for name, source in files.items():
            archive.write(source, FILES + name)
            entries[FILES + name] = Entry(rows=0, sha256=_sha256(archive, FILES + name))
        manifest = Manifest(format=FORMAT, schema_revision=HEAD, made_at=now, outbox=outbox, entries=entries)
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=2))
    return manifest


def read_manifest(path: Path) -> Manifest:
    """Return what the backup says of itself. Raises ConfigurationError: no backup, or of a newer huiying."""
    with _archive(path) as archive:
        data = json.loads(archive.read(MANIFEST))
        found = data.get("format") if isinstance(data, dict) else None
        if isinstance(found, int) and found > FORMAT:
            raise ConfigurationError(
                f'backup "{path}": its format {found} is newer than this version of huiying reads ({FORMAT}) '
                "(upgrade huiying)"
            )
        return Manifest.model_validate(data)


def restore(path: Path, url: str, *, force: bool = False, progress: Progress | None = None) -> Manifest:
    """Fill the database at `url` from the backup, in one transaction: all of it or none; return its manifest.

    Raises ConfigurationError, before anything is touched: not a backup, damaged, of a newer huiying; the
    database holds rows already and `force`, which deletes them, was not given. `progress` is called with
    numbers of rows, `Manifest.rows` in all.
    """
    manifest = read_manifest(path)
    verify(path, manifest)
    engine = open_engine(url)
    name = shown(engine.url)
    try:
        with _archive(path) as archive, writing(engine) as connection:
            check_server(connection, name)
            take_turns(connection, ["schema"])
            bring_up_to_date(connection, name)
            if not force:
                _refuse_to_overwrite(connection, name)
            _drop_tables(connection)
            bring_up_to_date(connection, f'backup "{path}"', to=manifest.schema_revision)
            for table in _TABLES:
                if f"{table.name}.jsonl" in manifest.entries:  # else it came with a later schema
                    _fill_table(connection, archive, table, progress)
            bring_up_to_date(connection, name)
            leave_every_index_behind(connection, manifest.outbox)
    finally:
        engine.dispose()
    return manifest


def verify(path: Path, manifest: Manifest) -> None:
    """Read the whole backup. Raises ConfigurationError where a file of it is damaged or missing."""
    with _archive(path) as archive:
        for name, entry in manifest.entries.items():
            if _sha256(archive, name) != entry.sha256:
                raise ConfigurationError(
                    f'backup "{path}": {name} does not match its checksum (use another copy)'
                )


def read_files(path: Path) -> dict[PurePosixPath, bytes]:
    """Return the installation's files of the backup, by where they stand in its folder.

    Raises ConfigurationError for a damaged backup, and for one whose files lead out of the folder.
    """
    found: dict[PurePosixPath, bytes] = {}
    names = [name for name in read_manifest(path).entries if name.startswith(FILES)]
    with _archive(path) as archive:
        for name in names:
            place = PurePosixPath(name).relative_to(FILES)
            if place.is_absolute() or ".." in place.parts:
                raise ConfigurationError(
                    f'backup "{path}": {place} leads out of the folder (do not trust this file)'
                )
            found[place] = archive.read(name)
    return found


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Give a file to write, which nobody else may read, and rename it to `path` once it is whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except OSError as err:
        fix = "make room" if err.errno == errno.ENOSPC else "name another folder"
        raise ConfigurationError(f'file "{path}": {err.strerror} ({fix})') from err
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as err:
        raise ConfigurationError(f'backup "{path}": {err.strerror} (check the path)') from err
    except (zipfile.BadZipFile, zlib.error, EOFError) as err:
        raise ConfigurationError(
            f'backup "{path}": damaged, or not a backup: {err} (use another copy)'
        ) from err
    except (KeyError, ValueError, ValidationError) as err:
        reason = " ".join(str(err).split())[:200]
        raise ConfigurationError(f'backup "{path}": not a backup of huiying: {reason}') from err


def _write_table(
    connection: Connection, archive: zipfile.ZipFile, table: Table, progress: Progress | None
) -> Entry:
    rows, checksum = 0, hashlib.sha256()
    in_order = select(table).order_by(*table.primary_key)
    result = connection.execute(in_order, execution_options={"yield_per": BATCH})
    with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as out:
        for batch in result.mappings().partitions():
            lines = "".join(json.dumps(_plain(row), ensure_ascii=False) + "\n" for row in batch).encode()
            checksum.update(lines)
            out.write(lines)
            rows += len(batch)
            if progress is not None:
                progress(len(batch))
    return Entry(rows=rows, sha256=checksum.hexdigest())


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()
    }


def _fill_table(
    connection: Connection, archive: zipfile.ZipFile, table: Table, progress: Progress | None
) -> None:
    times = [column.name for column in table.columns if isinstance(column.type, schema.AwareTime)]
    with archive.open(f"{table.name}.jsonl") as lines:
        while batch := [_row(line, times) for line in islice(lines, BATCH)]:
            connection.execute(insert(table), batch)
            if progress is not None:
                progress(len(batch))
    if table.autoincrement_column is not None:
        set_counter(connection, table.autoincrement_column)


def _row(line: bytes, times: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line)
    for name in times:
        if row.get(name) is not None:
            row[name] = datetime.fromisoformat(row[name])
    return row


def _refuse_to_overwrite(connection: Connection, name: str) -> None:
    for table in _TABLES:
        if connection.execute(select(table).limit(1)).first() is not None:
            raise ConfigurationError(
                f"{name}: holds {table.name} already (name an empty database, or delete them with --force)"
            )


def _drop_tables(connection: Connection) -> None:
    empty_queue(connection)
    schema.metadata.drop_all(connection)
    connection.exec_driver_sql("DROP TABLE alembic_version")


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    checksum = hashlib.sha256()
    with archive.open(name) as source:
        while chunk := source.read(_CHUNK):
            checksum.update(chunk)
    return checksum.hexdigest()
