"""The truth: one SQL database, its parts by what they keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from records.errors import ConfigurationError, HuiyingError
from records.post import Channel
from storage.alerts import AlertStore
from storage.analyses import AnalysisStore
from storage.arrivals import Arrival, ArrivalStore
from storage.audit import AuditStore
from storage.backup import Manifest, write_backup
from storage.comparison import Differences, compare
from storage.deliveries import DeliveryStore
from storage.dialect import integrity_faults, reading, take_turns, writing
from storage.engines import check_server, open_engine, shown
from storage.jobs import JobStore
from storage.jobs_schema import bring_queue_up_to_date, queue_is_current
from storage.kept_values import read_value, read_values, write_value
from storage.labels import LabelStore
from storage.locks import hold
from storage.migrations import HEAD, bring_up_to_date, schema_revision
from storage.outbox import Claim, Outbox, OutboxItem, SetAside
from storage.pages import PageStates
from storage.posts import PostStore
from storage.problems import ProblemStore
from storage.retention import count_purgeable, purge
from storage.rule_versions import RuleVersionStore
from storage.runs import EndedRun, RunStore
from storage.saved_searches import SavedSearch, SavedSearches
from storage.search import SearchIndex
from storage.silences import SilenceStore
from storage.snapshots import Snapshot, SnapshotStore

__all__ = [
    "AlertStore",
    "AnalysisStore",
    "Arrival",
    "ArrivalStore",
    "AuditStore",
    "Claim",
    "Database",
    "DeliveryStore",
    "Differences",
    "EndedRun",
    "JobStore",
    "LabelStore",
    "Outbox",
    "OutboxItem",
    "PageStates",
    "PostStore",
    "ProblemStore",
    "RuleVersionStore",
    "RunStore",
    "SavedSearch",
    "SavedSearches",
    "SetAside",
    "SilenceStore",
    "Snapshot",
    "SnapshotStore",
]


class Database:
    """Open with `Database.open(url)`. Safe to use from several threads and processes.

    Times come back aware, in Asia/Shanghai.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.posts = PostStore(engine)
        self.analyses = AnalysisStore(engine)
        self.arrivals = ArrivalStore(engine)
        self.problems = ProblemStore(engine)
        self.alerts = AlertStore(engine)
        self.deliveries = DeliveryStore(engine)
        self.silences = SilenceStore(engine)
        self.runs = RunStore(engine)
        self.audit = AuditStore(engine)
        self.outbox = Outbox(engine)
        self.jobs = JobStore(engine)
        self.pages = PageStates(engine)
        self.labels = LabelStore(engine)
        self.snapshots = SnapshotStore(engine)
        self.saved_searches = SavedSearches(engine)
        self.rule_versions = RuleVersionStore(engine)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return the database at `url`, an SQLAlchemy URL (sqlite:////abs/path.sqlite): made, or migrated.

        Raises ConfigurationError: read-only folder, not a database, newer schema, unknown driver, wrong
        password — each with the fix. Raises Retryable: the server does not answer, or is starting.
        """
        engine = open_engine(url)
        name = shown(engine.url)
        try:
            with reading(engine) as connection:
                check_server(connection, name)
                current = schema_revision(connection, name) == HEAD and queue_is_current(connection)
            if not current:
                with writing(engine) as connection:
                    take_turns(connection, ["schema"])
                    bring_up_to_date(connection, name)
                    bring_queue_up_to_date(connection, name)
        except DatabaseError as err:
            engine.dispose()
            raise ConfigurationError(f"{name}: {err.orig} ({_fix_for(str(err.orig))})") from err
        except HuiyingError:
            engine.dispose()
            raise
        return cls(engine)

    @contextmanager
    def lock(self, name: str, *, wait_s: float = 0) -> Iterator[Callable[[], None]]:
        """Hold the lock `name` meanwhile, against every process that uses this database, on any machine.

        It is let go when the process dies. Raises Retryable where another holds it for longer than `wait_s`,
        and at the end where the connection that held it broke: another may then have come in. Who holds it
        for long can find out before that, by what it is given: called, it raises Retryable then.
        """
        with hold(self._engine, name, wait_s=wait_s) as check:
            yield check

    def value(self, name: str) -> Any | None:
        """Return the small JSON value kept by `name`, or None."""
        with reading(self._engine) as connection:
            return read_value(connection, name)

    def values(self, prefix: str) -> dict[str, Any]:
        """Return name → value of all that is kept by a name that begins with `prefix`."""
        with reading(self._engine) as connection:
            return read_values(connection, prefix)

    def set_value(self, name: str, value: Any) -> None:
        """Keep a small JSON value by `name` (e.g. how far problem refreshing has come)."""
        with writing(self._engine) as connection:
            write_value(connection, name, value)

    def purge(
        self,
        channel: Channel,
        *,
        before: datetime,
        now: datetime,
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Delete what residents wrote in `channel` before `before`; return in how many posts.

        Of a post go title, text, text of replies, older revisions and the words that the analysis quoted; of
        its problem and its old alerts the sentences taken from it; of old deliveries what was sent. All that
        is counted by stays: times, topic, places, office, status, scores. The posts are queued for the index.
        In transactions of 1,000 posts, after each of which `progress` is called with their number: stopped
        half-way, the next call goes on.
        """
        return purge(self._engine, channel, before, now=now, progress=progress)

    def count_purgeable(self, channel: Channel, *, before: datetime) -> int:
        """Return how many posts `purge` would empty."""
        return count_purgeable(self._engine, channel, before)

    def back_up(
        self,
        path: Path,
        *,
        now: datetime,
        files: Mapping[str, Path] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> Manifest:
        """Write all that the database holds at this moment to one file, readable by its owner only.

        Everything else goes on meanwhile. `files` of the installation (name below the folder → path) go into
        the same file. `progress` is called with numbers of rows. `storage.backup.restore` reads it.
        """
        return write_backup(self._engine, path, now=now, files=files or {}, progress=progress)

    def compare(self, index: SearchIndex, *, progress: Callable[[int], None] | None = None) -> Differences:
        """Return in what `index` differs from this; see storage.comparison.compare. Reads all ids of both."""
        return compare(self._engine, index, progress=progress)

    def check_integrity(self) -> list[str]:
        """Return what is damaged, one line each; empty where nothing is. Reads the whole database."""
        with reading(self._engine) as connection:
            return integrity_faults(connection)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _fix_for(reason: str) -> str:
    fixes = {
        "not a database": "move the file away or name another",
        "readonly": "make the file and its folder writable",
        "unable to open": "make the folder writable",
        "malformed": "restore a backup",
        "full": "make room on the disk",
    }
    return next(
        (fix for sign, fix in fixes.items() if sign in reason), "check the URL and that the server runs"
    )
