"""The folder of the embedded index: generations of it, and which one is read and which one is written.

`index-1/`, `index-2/` … each hold an index of tantivy's and `state.json`: its schema version and watermark.
`current.json` names the one that people read and the one that the indexer writes. They are the same, but for
the time of a rebuild, which ends by replacing that file: whenever a machine stops, it names whole ones.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import tantivy

from records.errors import ConfigurationError
from storage.tantivy_schema import SCHEMA_VERSION, build_schema, register_tokenizers

# Raise it whenever what stands in `current.json` changes.
_FORMAT = 1
# Beside `index/`, the folder held these before there were generations.
_FORMER_FILES = ("state.json", "state.json.new")

Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """The names of two generations."""

    read: str
    write: str


class Generations:
    """Everything but `current`, `watermark`, `open` and the stamps needs the lock for writing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = folder / "current.json"

    def current(self) -> Current | None:
        """Return what is read and written, None where that is not known."""
        held = self._load(self._pointer, "format", _FORMAT)
        read, write = held.get("read"), held.get("write")
        return Current(read=read, write=write) if isinstance(read, str) and isinstance(write, str) else None

    def point(self, current: Current) -> None:
        """Let everybody read and write these, in one step."""
        _save(self._pointer, {"format": _FORMAT, **asdict(current)})
        self.sweep(current)

    def sweep(self, current: Current) -> None:
        """Remove all but these, and what a stopped rebuild left.

        Who still reads one of those goes on with its open files, and comes to the new one at the next search.
        """
        for path in self._folder.glob("index*"):
            if path.name not in (current.read, current.write):
                shutil.rmtree(path, ignore_errors=True)
        for name in _FORMER_FILES:
            (self._folder / name).unlink(missing_ok=True)

    def are_there(self) -> bool:
        """Return whether there is any, sound or not."""
        return any(self._folder.glob("index*"))

    def start(self) -> str:
        """Make an empty generation, which nobody reads or writes yet; return its name."""
        taken = [int(path.name[6:]) for path in self._folder.glob("index-*") if path.name[6:].isdecimal()]
        name = f"index-{max(taken, default=0) + 1}"
        (self._folder / name).mkdir()
        tantivy.Index(build_schema(), str(self._folder / name))
        self.set_watermark(name, 0)
        return name

    def open(self, name: str) -> tantivy.Index | None:
        """Return the index, or None where there is none of this schema that can be read."""
        if self._state(name).get("schema") != SCHEMA_VERSION:
            return None
        try:
            index = tantivy.Index.open(str(self._folder / name))
            index.searcher()
        except ValueError:
            return None
        return register_tokenizers(index)

    def watermark(self, name: str) -> int:
        """Return the outbox row last committed, 0 where it is not known."""
        watermark = self._state(name).get("watermark")
        return watermark if isinstance(watermark, int) else 0

    def set_watermark(self, name: str, watermark: int) -> None:
        """Keep the watermark, and that the generation is of this schema."""
        _save(self._folder / name / "state.json", {"schema": SCHEMA_VERSION, "watermark": watermark})

    def pointed(self) -> Stamp:
        """Return what changes whenever other generations become current."""
        return _stamp(self._pointer)

    def committed(self, name: str) -> Stamp:
        """Return what changes with every commit to the generation. Raises OSError where it is lost."""
        return _stamp(self._folder / name / "meta.json")

    def _state(self, name: str) -> dict[str, object]:
        return self._load(self._folder / name / "state.json", "schema", SCHEMA_VERSION)

    def _load(self, path: Path, version: str, known: int) -> dict[str, object]:
        try:
            held: dict[str, object] | None = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return {}
        found = held.get(version) if isinstance(held, dict) else None
        if held is None or not isinstance(found, int):
            return {}
        if found > known:
            raise ConfigurationError(
                f"search index {self._folder}: its {version} {found} is newer than this version knows "
                f"(upgrade huiying, or delete the folder to have it built anew)"
            )
        return held


def _stamp(path: Path) -> Stamp:
    # Both files are replaced by others, never written into. Looking at one takes 2 µs.
    found = path.stat()
    return found.st_mtime_ns, found.st_ino


def _save(path: Path, values: dict[str, object]) -> None:
    part = path.with_suffix(".new")
    with part.open("w") as file:
        json.dump(values, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
