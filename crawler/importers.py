"""Exports to posts: CSV, Excel and JSONL files of hotlines and inboxes, row by row, masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from crawler.extraction import tidy
from crawler.importing.columns import (
    Columns,
    count_known,
    guess_columns,
    map_columns,
    plain_header,
    require_columns,
)
from crawler.importing.open311 import ObjectRow, json_list_rows, xml_rows
from crawler.importing.rejects import rejects_file, rejects_path
from crawler.importing.rows import KnownRow, ReadRow, RejectedRow, RowReader
from crawler.importing.stream import Known, RowStream, Spread
from crawler.importing.tables import (
    Format,
    Row,
    Sheet,
    csv_rows,
    file_format,
    jsonl_rows,
    sheets,
    text_encoding,
    xlsx_rows,
)
from crawler.importing.xls import xls_rows, xls_sheets
from records.errors import ConfigurationError, Rejected, nearest
from records.post import Channel
from records.times import DEFAULT_ZONE

__all__ = [
    "ExportDescription",
    "KnownRow",
    "ReadRow",
    "RejectedRow",
    "describe_export",
    "read_export",
    "rejects_file",
    "rejects_path",
]

# Title rows, remarks and blank rows stand above the header; more than this many were seen nowhere.
HEADER_ROWS = 20
# A row is the header where it names at least this many of our fields.
MIN_KNOWN_HEADERS = 2
DELIMITERS = ",\t;|，"
# Objects looked at for the keys of a file of objects.
OBJECTS_SAMPLED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a file: the rows below a header. `columns.personal` are never read."""

    columns: Columns
    headers: tuple[str, ...]
    header_row: int
    sheet: Sheet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDescription:
    """How a file will be read, for a look before it is. `passed_over` are sheets without such a table."""

    format: Format
    tables: tuple[Table, ...]
    passed_over: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None


def describe_export(
    path: Path, *, mapping: Mapping[str, str] | None = None, sheet: str | None = None
) -> ExportDescription:
    """Return how `path` will be read. `mapping` is our field → the file's column; without it names decide.

    Of a workbook every sheet that has the columns is read, or the one that `sheet` names.
    Raises ConfigurationError, in one line: unreadable, no header, a column missing, a wrong mapping or sheet.
    """
    kind = file_format(path)
    if kind in (Format.XLSX, Format.XLS):
        return _describe_workbook(path, kind, mapping, sheet)
    if sheet is not None:
        raise ConfigurationError(f'file "{path.name}": has no sheets (leave --sheet {sheet} out)')
    return _describe_csv(path, mapping) if kind is Format.CSV else _describe_objects(path, kind, mapping)


def read_export(
    path: Path,
    *,
    source: str,
    channel: Channel,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    sheet: str | None = None,
    zone: ZoneInfo = DEFAULT_ZONE,
    known: Known = lambda _: {},
    spread: Spread = map,
) -> Iterator[ReadRow | KnownRow | RejectedRow]:
    """Return what becomes of each row of an export, in the file's order, as a stream; posts are masked.

    `known` is asked which rows are stored; `spread` may have batches of rows read in other processes. Raises
    ConfigurationError at once, before the first row, as describe_export does.
    """
    description = describe_export(path, mapping=mapping, sheet=sheet)
    reader = RowReader(source=source, channel=channel, now=now, zone=zone)
    stream = RowStream(reader=reader, known=known, spread=spread)
    return stream.results((table.sheet, _records(path, description, table)) for table in description.tables)


def _records(
    path: Path, description: ExportDescription, table: Table
) -> Iterator[tuple[int, Mapping[str, Any] | Rejected]]:
    """Yield (row number, our field → cell) below the header. Other columns are dropped here, unread."""
    by_field = table.columns.by_field
    if description.format is not Format.CSV and table.sheet is None:
        for number, data in _object_rows(path, description.format, description.encoding):
            yield (
                number,
                data if isinstance(data, Rejected) else {f: data.get(key) for f, key in by_field.items()},
            )
        return
    positions = {field: table.headers.index(header) for field, header in by_field.items()}
    for number, cells in _table_rows(path, description, table):
        if number <= table.header_row:
            continue
        if isinstance(cells, Rejected):
            yield number, cells
        else:
            yield number, {f: cells[at] if at < len(cells) else None for f, at in positions.items()}


def _table_rows(path: Path, description: ExportDescription, table: Table) -> Iterator[Row]:
    if table.sheet is not None:
        return _sheet_rows(path, description.format, table.sheet)
    return csv_rows(path, encoding=description.encoding or "utf-8", delimiter=description.delimiter or ",")


def _sheet_rows(path: Path, kind: Format, sheet: Sheet) -> Iterator[Row]:
    return xls_rows(path, sheet) if kind is Format.XLS else xlsx_rows(path, sheet)


def _describe_csv(path: Path, mapping: Mapping[str, str] | None) -> ExportDescription:
    encoding = text_encoding(path)
    heads = {
        delimiter: list(islice(csv_rows(path, encoding=encoding, delimiter=delimiter), HEADER_ROWS))
        for delimiter in DELIMITERS
    }
    # The delimiter is the one by which some row names the most of our fields.
    delimiter = max(heads, key=lambda one: max(_known(row, mapping) for row in heads[one]))
    return ExportDescription(
        format=Format.CSV,
        tables=(_find_table(path, heads[delimiter], mapping),),
        encoding=encoding,
        delimiter=delimiter,
    )


def _describe_workbook(
    path: Path, kind: Format, mapping: Mapping[str, str] | None, wanted: str | None
) -> ExportDescription:
    tables, passed_over = [], []
    worst: tuple[int, ConfigurationError] | None = None
    for sheet in _choose_sheets(path, kind, wanted):
        rows = list(islice(_sheet_rows(path, kind, sheet), HEADER_ROWS))
        try:
            tables.append(_find_table(path, rows, mapping, sheet=sheet))
        except ConfigurationError as err:
            passed_over.append(sheet.name)
            known = max((_known(row, mapping) for row in rows), default=-1)
            if worst is None or known > worst[0]:
                worst = known, err
    if not tables and worst is not None:
        # Of the sheet that came nearest.
        raise worst[1]
    return ExportDescription(format=kind, tables=tuple(tables), passed_over=tuple(passed_over))


def _choose_sheets(path: Path, kind: Format, wanted: str | None) -> list[Sheet]:
    found = xls_sheets(path) if kind is Format.XLS else sheets(path)
    chosen = [sheet for sheet in found if wanted in (None, sheet.name)]
    if not chosen:
        names = [sheet.name for sheet in found]
        hint = nearest(wanted or "", names) or f" (it has: {', '.join(names) or 'none'})"
        raise ConfigurationError(f'file "{path.name}": has no sheet "{wanted}"{hint}')
    return chosen


def _object_rows(path: Path, kind: Format, encoding: str | None) -> Iterator[ObjectRow]:
    if kind is Format.OPEN311_XML:
        return xml_rows(path)
    read = json_list_rows if kind is Format.JSON_LIST else jsonl_rows
    return read(path, encoding=encoding or "utf-8")


def _describe_objects(path: Path, kind: Format, mapping: Mapping[str, str] | None) -> ExportDescription:
    encoding = None if kind is Format.OPEN311_XML else text_encoding(path)
    rows = islice(_object_rows(path, kind, encoding), OBJECTS_SAMPLED)
    sample = [row for _, row in rows if isinstance(row, dict)]
    headers = list(dict.fromkeys(key for row in sample for key in row))
    table = Table(columns=_resolve(path, headers, mapping), headers=tuple(headers), header_row=0)
    return ExportDescription(format=kind, tables=(table,), encoding=encoding)


def _known(row: Row, mapping: Mapping[str, str] | None) -> int:
    """Return how many of the headers we know, and of those that the mapping names, the row has."""
    headers = _headers(row[1])
    wanted = set(map(plain_header, (mapping or {}).values()))
    return len(wanted.intersection(map(plain_header, headers))) + count_known(headers)


def _headers(cells: Sequence[Any] | Rejected) -> list[str]:
    return (
        [] if isinstance(cells, Rejected) else [tidy(str(cell)) if cell is not None else "" for cell in cells]
    )


def _find_table(
    path: Path, rows: Sequence[Row], mapping: Mapping[str, str] | None, *, sheet: Sheet | None = None
) -> Table:
    """Return the table whose header is the one of the file's first `rows` that names the most fields."""
    if not rows:
        raise ConfigurationError(f'file "{path.name}": has no rows (export it again)')
    number, cells = max(rows, key=lambda row: _known(row, mapping))
    if _known((number, cells), mapping) < (1 if mapping else MIN_KNOWN_HEADERS):
        raise ConfigurationError(
            f'file "{path.name}": no header row in its first {HEADER_ROWS} rows '
            "(add one, for example 编号,标题,内容,时间, or give a mapping)"
        )
    headers = _headers(cells)
    return Table(
        columns=_resolve(path, headers, mapping), headers=tuple(headers), header_row=number, sheet=sheet
    )


def _resolve(path: Path, headers: Sequence[str], mapping: Mapping[str, str] | None) -> Columns:
    columns = map_columns(headers, mapping, file=path.name) if mapping else guess_columns(headers)
    require_columns(columns, headers, file=path.name)
    return columns
