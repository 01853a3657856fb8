"""Exports to posts: CSV, XLSX and JSONL files of hotlines and inboxes, row by row, masked."""

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
from crawler.importing.rows import RejectedRow, RowReader
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
from records.errors import ConfigurationError, Rejected
from records.post import Channel, Post
from records.times import DEFAULT_ZONE

__all__ = ["ExportDescription", "RejectedRow", "describe_export", "read_export"]

# Title rows, remarks and blank rows stand above the header; more than this many were seen nowhere.
HEADER_ROWS = 20
# A row is the header where it names at least this many of our fields.
MIN_KNOWN_HEADERS = 2
DELIMITERS = ",\t;|，"
# Objects looked at for the keys of a JSONL file.
JSONL_SAMPLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportDescription:
    """How a file will be read, for a look before it is. `columns.personal` are never read."""

    format: Format
    columns: Columns
    headers: tuple[str, ...]
    header_row: int
    encoding: str | None = None
    delimiter: str | None = None
    sheet: Sheet | None = None


def describe_export(path: Path, *, mapping: Mapping[str, str] | None = None) -> ExportDescription:
    """Return how `path` will be read. `mapping` is our field → the file's column; without it names decide.

    Raises ConfigurationError, in one line: unreadable, no header, a column missing, a wrong mapping.
    """
    match file_format(path):
        case Format.XLSX:
            return _describe_workbook(path, mapping)
        case Format.JSONL:
            return _describe_jsonl(path, mapping)
        case Format.CSV:
            return _describe_csv(path, mapping)


def read_export(
    path: Path,
    *,
    source: str,
    channel: Channel,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    zone: ZoneInfo = DEFAULT_ZONE,
) -> Iterator[Post | RejectedRow]:
    """Return the posts of an export, masked, and its rejected rows, in the file's order, as a stream.

    Raises ConfigurationError at once, before the first row, as describe_export does.
    """
    description = describe_export(path, mapping=mapping)
    epoch = description.sheet.epoch if description.sheet else None
    reader = RowReader(source=source, channel=channel, now=now, zone=zone, epoch=epoch)
    return reader.read(_records(path, description))


def _records(
    path: Path, description: ExportDescription
) -> Iterator[tuple[int, Mapping[str, Any] | Rejected]]:
    """Yield (row number, our field → cell) below the header. Other columns are dropped here, unread."""
    by_field = description.columns.by_field
    if description.format is Format.JSONL:
        for number, data in jsonl_rows(path, encoding=description.encoding or "utf-8"):
            yield (
                number,
                data if isinstance(data, Rejected) else {f: data.get(key) for f, key in by_field.items()},
            )
        return
    positions = {field: description.headers.index(header) for field, header in by_field.items()}
    for number, cells in _table_rows(path, description):
        if number <= description.header_row:
            continue
        if isinstance(cells, Rejected):
            yield number, cells
        else:
            yield number, {f: cells[at] if at < len(cells) else None for f, at in positions.items()}


def _table_rows(path: Path, description: ExportDescription) -> Iterator[Row]:
    if description.sheet is not None:
        return xlsx_rows(path, description.sheet)
    return csv_rows(path, encoding=description.encoding or "utf-8", delimiter=description.delimiter or ",")


def _describe_csv(path: Path, mapping: Mapping[str, str] | None) -> ExportDescription:
    encoding = text_encoding(path)
    heads = {
        delimiter: list(islice(csv_rows(path, encoding=encoding, delimiter=delimiter), HEADER_ROWS))
        for delimiter in DELIMITERS
    }
    # The delimiter is the one by which some row names the most of our fields.
    delimiter = max(heads, key=lambda one: max(_known(row, mapping) for row in heads[one]))
    number, headers = _find_header(path, heads[delimiter], mapping)
    return ExportDescription(
        format=Format.CSV,
        columns=_resolve(path, headers, mapping),
        headers=tuple(headers),
        header_row=number,
        encoding=encoding,
        delimiter=delimiter,
    )


def _describe_workbook(path: Path, mapping: Mapping[str, str] | None) -> ExportDescription:
    heads = [(sheet, list(islice(xlsx_rows(path, sheet), HEADER_ROWS))) for sheet in sheets(path)]
    heads = [(sheet, rows) for sheet, rows in heads if rows]
    if not heads:
        raise ConfigurationError(f'file "{path.name}": has no rows (export it again)')
    sheet, rows = max(heads, key=lambda head: max(_known(row, mapping) for row in head[1]))
    number, headers = _find_header(path, rows, mapping)
    columns = _resolve(path, headers, mapping)
    return ExportDescription(
        format=Format.XLSX, columns=columns, headers=tuple(headers), header_row=number, sheet=sheet
    )


def _describe_jsonl(path: Path, mapping: Mapping[str, str] | None) -> ExportDescription:
    encoding = text_encoding(path)
    sample = [
        row for _, row in islice(jsonl_rows(path, encoding=encoding), JSONL_SAMPLE) if isinstance(row, dict)
    ]
    headers = list(dict.fromkeys(key for row in sample for key in row))
    columns = _resolve(path, headers, mapping)
    return ExportDescription(
        format=Format.JSONL, columns=columns, headers=tuple(headers), header_row=0, encoding=encoding
    )


def _known(row: Row, mapping: Mapping[str, str] | None) -> int:
    """Return how many of the headers we know, and of those that the mapping names, the row has."""
    headers = _headers(row[1])
    wanted = set(map(plain_header, (mapping or {}).values()))
    return len(wanted.intersection(map(plain_header, headers))) + count_known(headers)


def _headers(cells: Sequence[Any] | Rejected) -> list[str]:
    return (
        [] if isinstance(cells, Rejected) else [tidy(str(cell)) if cell is not None else "" for cell in cells]
    )


def _find_header(path: Path, rows: Sequence[Row], mapping: Mapping[str, str] | None) -> tuple[int, list[str]]:
    best = max(rows, key=lambda row: _known(row, mapping))
    if _known(best, mapping) < (1 if mapping else MIN_KNOWN_HEADERS):
        raise ConfigurationError(
            f'file "{path.name}": no header row in its first {HEADER_ROWS} rows '
            "(add one, for example 编号,标题,内容,时间, or give a mapping)"
        )
    return best[0], _headers(best[1])


def _resolve(path: Path, headers: Sequence[str], mapping: Mapping[str, str] | None) -> Columns:
    columns = map_columns(headers, mapping, file=path.name) if mapping else guess_columns(headers)
    require_columns(columns, headers, file=path.name)
    return columns
