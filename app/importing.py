"""An export into the truth, batch by batch; rows that are stored already are passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from app.spreading import spreading
from app.wiring import Parts
from crawler.importers import KnownRow, ReadRow, RejectedRow, read_export, rejects_file, rejects_path
from crawler.masking import mask
from records.errors import HuiyingError
from records.page import PageState
from records.post import Channel
from records.run import RunCounts, RunKind, RunRecord, RunState, SaveOutcome
from records.times import utc_now
from storage.database import Database

IMPORT_BATCH = 500
# Rejected rows shown to the person who imports; the run record counts all.
SHOWN_REJECTIONS = 20
# What a row is called among the pages that are known by their hash.
_ROW = "row:"

_Result = ReadRow | KnownRow | RejectedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """The run record and the first rejected rows."""

    run: RunRecord
    rejected: tuple[RejectedRow, ...]


def _silent(rows: int) -> None:
    """Report nothing."""


def import_file(
    parts: Parts,
    path: Path,
    *,
    source: str,
    channel: Channel,
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
    rejects: Path | None = None,
    now: datetime,
    progress: Callable[[int], None] = _silent,
) -> ImportReport:
    """Store the rows of an export. Rows that cannot be taken are counted by reason; the rest is stored.

    The rejected rows, masked, then stand in FILE.rejected.csv beside it, or in `rejects`.
    Idempotent: the same file again changes nothing, and a row that is stored as it stands is neither parsed
    nor masked again. The rows of a long file are read by other processes, and stored by this one. Raises
    HuiyingError where the whole cannot be read.
    """
    database = parts.database
    with spreading() as spread:
        rows = read_export(
            path,
            source=source,
            channel=channel,
            mapping=mapping,
            sheet=sheet,
            now=now,
            zone=parts.settings.zone,
            known=lambda post_ids: _stored(database, post_ids),
            spread=spread,
        )
        run_id = database.runs.start(RunKind.IMPORT, source, now=now)
        tally = _Tally()
        try:
            with rejects_file(rejects or rejects_path(path)) as write_rejected:
                for batch in _batches(rows, IMPORT_BATCH):
                    _take(database, batch, tally, write_rejected)
                    progress(len(batch))
        except HuiyingError as err:
            database.runs.finish(run_id, RunState.FAILED, tally.counts(), now=utc_now(), error=mask(str(err)))
            raise
    run = database.runs.finish(run_id, RunState.DONE, tally.counts(), now=utc_now())
    return ImportReport(run=run, rejected=tuple(tally.shown))


def source_name(name: str) -> str:
    """Return a source name made of a file's or folder's, masked: letters, digits, - and _."""
    plain_name = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in mask(name)).strip("-")
    return plain_name or "import"


@dataclass(slots=True)
class _Tally:
    """What has become of the rows so far."""

    outcomes: Counter[SaveOutcome] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    shown: list[RejectedRow] = field(default_factory=list)

    def counts(self) -> RunCounts:
        return RunCounts(
            fetched=self.outcomes.total() + self.reasons.total(),
            stored=self.outcomes[SaveOutcome.STORED],
            updated=self.outcomes[SaveOutcome.UPDATED],
            unchanged=self.outcomes[SaveOutcome.UNCHANGED],
            rejected=dict(self.reasons),
        )


def _take(
    database: Database, batch: Sequence[_Result], tally: _Tally, write_rejected: Callable[[RejectedRow], None]
) -> None:
    """Store the posts of the batch, then by what their rows are known again: killed between, they are read
    once more."""
    read = [row for row in batch if isinstance(row, ReadRow)]
    rejected = [row for row in batch if isinstance(row, RejectedRow)]
    if read:
        tally.outcomes.update(outcome for _, outcome in database.posts.save([row.post for row in read]))
        database.pages.put([_state(row) for row in read])
    tally.outcomes[SaveOutcome.UNCHANGED] += len(batch) - len(read) - len(rejected)
    tally.reasons.update(row.code for row in rejected)
    tally.shown += rejected[: SHOWN_REJECTIONS - len(tally.shown)]
    for row in rejected:
        write_rejected(row)


def _state(row: ReadRow) -> PageState:
    return PageState(url=_ROW + row.post.id, etag=None, last_modified=None, body_sha256=row.fingerprint)


def _stored(database: Database, post_ids: Sequence[str]) -> dict[str, str]:
    """Return of the posts what their rows were known by when they were stored."""
    known = database.pages.hashes([_ROW + post_id for post_id in post_ids])
    return {url.removeprefix(_ROW): fingerprint for url, fingerprint in known.items()}


def _batches(rows: Iterable[_Result], size: int) -> Iterator[list[_Result]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
