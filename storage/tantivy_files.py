"""The folder of the embedded index, opened: who reads comes to the newest commit, one process writes.

`writing.lock` lets one process write at a time; what else is there storage.tantivy_generations says. Readers
of other processes see a commit, and the end of a rebuild, at their next call.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tantivy
from filelock import FileLock, Timeout

from records.errors import ConfigurationError, Retryable
from storage.tantivy_generations import Current, Generations, Stamp

# The longest holder is a rebuild; a drain that waits longer is tried again by the schedule.
LOCK_TIMEOUT_S = 60

Version = tuple[Stamp, Stamp]

_log = logging.getLogger(__name__)


class IndexFiles:
    """`folder` is made if it is not there. `start_beside` and `point` need the lock (`acquire`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "writing.lock", timeout=LOCK_TIMEOUT_S)
        self._generations = Generations(folder)
        # What is read, and what its files looked like when they were opened.
        self._index: tantivy.Index
        self._reads = ""
        self._seen_pointer = self._seen_commit = (0, 0)
        self._open()

    @property
    def shown(self) -> str:
        """Return what messages begin with."""
        return f"search index {self._folder}"

    @property
    def is_held(self) -> bool:
        """Return whether this process holds the lock."""
        return self._lock.is_locked

    def acquire(self) -> None:
        """Take the lock, as often as it is released. Raises Retryable where another process keeps it."""
        try:
            self._lock.acquire()
        except Timeout as err:
            raise Retryable(f"{self.shown}: another process is writing it") from err

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()

    @contextmanager
    def telling_full_disk(self) -> Iterator[None]:
        """Raise Retryable for a disk that is full."""
        try:
            yield
        except (OSError, ValueError) as err:
            # tantivy gives the system's error as a text only.
            if f"os error {errno.ENOSPC}" in str(err) or getattr(err, "errno", None) == errno.ENOSPC:
                raise Retryable(f"{self.shown}: the disk is full (make room, then try again)") from err
            raise

    def version(self) -> Version:
        """Return what changes with every commit that a searcher sees."""
        self.searcher()
        return self._seen_pointer, self._seen_commit

    def searcher(self) -> tantivy.Searcher:
        """Return a view of the newest commit, which stays as it is."""
        try:
            if self._generations.pointed() != self._seen_pointer:
                self._open()
            # Reloading takes 200 µs.
            commit = self._generations.committed(self._reads)
            if commit != self._seen_commit:
                self._index.reload()
                self._seen_commit = commit
            return self._index.searcher()
        except (OSError, ValueError):
            self._open()
            return self._index.searcher()

    def written(self) -> tantivy.Index:
        """Return the index that is written; where it is damaged a rebuild begins. Needs the lock."""
        # What is read may be damaged, or replaced by another process.
        self.searcher()
        current = self._current()
        if current.write == self._reads:
            return self._index
        index = self._generations.open(current.write)
        if index is not None:
            return index
        _log.warning("the search index that is built in %s is damaged: it is begun anew", self._folder)
        self.start_beside()
        return self.written()

    def start_beside(self) -> None:
        """Write into an empty generation from now on; read the one that is read."""
        self._generations.point(Current(read=self._current().read, write=self._generations.start()))

    def publish(self) -> None:
        """Read what is written."""
        current = self._current()
        if current.read == current.write:
            self._generations.sweep(current)
        else:
            self._generations.point(Current(read=current.write, write=current.write))

    def watermark(self) -> int:
        """Return the outbox row last committed to what is written, 0 where there is none."""
        current = self._generations.current()
        return 0 if current is None else self._generations.watermark(current.write)

    def set_watermark(self, watermark: int) -> None:
        """Keep the watermark of what is written."""
        self._generations.set_watermark(self._current().write, watermark)

    def _open(self) -> None:
        """Open what is current for reading; where there is nothing that can be read, begin anew."""
        # Twice: the first may be removed at the end of a rebuild, between its name and its files.
        if self._open_current() or self._open_current():
            return
        self.acquire()
        try:
            # Another process may have built it while this one waited.
            if not self._open_current():
                with self.telling_full_disk():
                    self._begin_anew()
        finally:
            self.release()

    def _begin_anew(self) -> None:
        if self._generations.are_there():
            _log.warning("no sound search index of this version in %s: it is built anew", self._folder)
        begun = self._generations.start()
        self._generations.point(Current(read=begun, write=begun))
        if not self._open_current():
            raise ConfigurationError(f"{self.shown}: what was written there cannot be read (check the disk)")

    def _open_current(self) -> bool:
        try:
            pointed = self._generations.pointed()
            current = self._generations.current()
            index = None if current is None else self._generations.open(current.read)
            if current is None or index is None:
                return False
            self._seen_commit = self._generations.committed(current.read)
        except FileNotFoundError:
            return False
        # In case a commit came between the two.
        index.reload()
        self._index, self._reads, self._seen_pointer = index, current.read, pointed
        return True

    def _current(self) -> Current:
        current = self._generations.current()
        if current is None:
            raise Retryable(f"{self.shown}: it is gone (try again: it is built anew)")
        return current
