"""The rows of an export as a stream: what is stored is passed over, each id is taken once, order is kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from crawler.importing.rows import FileRow, KnownRow, ReadRow, RejectedRow, RowReader
from crawler.importing.tables import Sheet
from records.errors import Rejected

# Post ids → what ReadRow.fingerprint was when they were stored; those not known are absent.
Known = Callable[[Sequence[str]], Mapping[str, str]]
# Rows looked up, and read by one process, at once.
BATCH_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBatch:
    """Rows of one sheet, none of them blank."""

    rows: Sequence[FileRow]
    sheet: Sheet | None


Read = ReadRow | RejectedRow
# Applies a function to batches as `map` does, in order; what is drawn ahead of what is given back is bounded.
Spread = Callable[[Callable[[RowBatch], list[Read]], Iterable[RowBatch]], Iterable[list[Read]]]
TableRows = Iterable[tuple[int, Mapping[str, Any] | Rejected]]  # (number, our field → cell)


@dataclass(slots=True, kw_only=True)
class RowStream:
    """What becomes of the rows of one file. An id that stands in an earlier sheet is a duplicate as well."""

    reader: RowReader
    known: Known
    spread: Spread
    # Hashes, not the ids themselves: a million rows stay under 100 MB.
    _met: set[int] = field(default_factory=set)
    # Drawn and not given back yet: each batch as it was drawn, a row beside whether it is stored as it is.
    _drawn: deque[tuple[list[tuple[FileRow, bool]], Sheet | None]] = field(default_factory=deque)

    def results(
        self, tables: Iterable[tuple[Sheet | None, TableRows]]
    ) -> Iterator[ReadRow | KnownRow | RejectedRow]:
        """Yield what became of each row, in order; blank rows are passed over."""
        for read in self.spread(partial(_read, self.reader), self._batches(tables)):
            yield from self._settle(*self._drawn.popleft(), iter(read))

    def _batches(self, tables: Iterable[tuple[Sheet | None, TableRows]]) -> Iterator[RowBatch]:
        """Yield of each batch the rows that are not stored as they are; there may be none."""
        for sheet, table in tables:
            rows = (self.reader.file_row(number, values, sheet=sheet) for number, values in table)
            filled = (row for row in rows if row.cells or row.refused)
            while some := list(islice(filled, BATCH_ROWS)):
                stored = self.known([self._post_id(row) for row in some if row.cells])
                batch = [
                    (row, bool(row.cells) and stored.get(self._post_id(row)) == row.fingerprint)
                    for row in some
                ]
                self._drawn.append((batch, sheet))
                yield RowBatch(rows=[row for row, is_stored in batch if not is_stored], sheet=sheet)

    def _settle(
        self, batch: Sequence[tuple[FileRow, bool]], sheet: Sheet | None, read: Iterator[Read]
    ) -> Iterator[ReadRow | KnownRow | RejectedRow]:
        for row, is_stored in batch:
            result = KnownRow(row=row.number) if is_stored else next(read)
            if not isinstance(result, RejectedRow):
                if hash(row.native_id) in self._met:
                    err = Rejected("duplicate_id", "its id stands in an earlier row")
                    result = self.reader.reject(row, err, sheet=sheet)
                self._met.add(hash(row.native_id))
            yield result

    def _post_id(self, row: FileRow) -> str:
        return f"{self.reader.source}/{row.native_id}"


def _read(reader: RowReader, batch: RowBatch) -> list[Read]:
    return [reader.read(row, sheet=batch.sheet) for row in batch.rows]
