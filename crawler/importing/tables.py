"""File formats as rows: CSV, XLSX, JSONL, read as a stream. The old Excel format is in xls.py."""

from __future__ import annotations

import csv
import json
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from crawler.decoding import file_encoding
from records.errors import ConfigurationError, Rejected

# A cell that runs over this many characters is an unclosed quotation mark, not a message.
MAX_CELL_CHARS = 5_000_000
# What an export of a million rows unpacks to is under this; past it the file is made to fill the memory.
MAX_UNPACKED_BYTES = 2 * 1024**3
_BROKEN = 'file "{}": is a broken Excel workbook (open it in Excel and save it again)'
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]+\d+:[A-Z]+\d+)"')
_UNDECODED = re.compile("[\udc80-\udcff]")
_CHUNK = 1 << 20

Row = tuple[int, Sequence[Any] | Rejected]
# First row → (first column, last column, last row) of the ranges merged there; rows from 1, columns from 0.
Merges = dict[int, list[tuple[int, int, int]]]


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    JSONL = "jsonl"
    JSON_LIST = "json"  # as Open311 writes it, and its XML
    OPEN311_XML = "xml"


def file_format(path: Path) -> Format:
    """Return the format of the file by its content. Raises ConfigurationError for what cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as err:
        raise ConfigurationError(f'file "{path}": {err.strerror} (check the name)') from err
    if not head.strip():
        raise ConfigurationError(f'file "{path.name}": is empty (export it again)')
    if head.startswith(_OLD_EXCEL):
        return Format.XLS
    if head.startswith(b"PK"):
        return Format.XLSX
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        raise ConfigurationError(
            f'file "{path.name}": is no Excel workbook (broken, or misnamed; export it again)'
        )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        if re.search(r"<!doctype html|<html", start.decode("latin-1"), re.IGNORECASE):
            raise ConfigurationError(f'file "{path.name}": is a web page (save it as .xlsx or .csv)')
        return Format.OPEN311_XML
    if start.startswith(b"["):
        return Format.JSON_LIST
    return Format.JSONL if start.startswith(b"{") else Format.CSV


def csv_rows(path: Path, *, encoding: str, delimiter: str) -> Iterator[Row]:
    """Yield (row number from 1, cells). A row that cannot be decoded or parsed comes as its Rejected."""
    csv.field_size_limit(MAX_CELL_CHARS)
    # Bytes that the encoding has not become lone surrogates, by which their row is known.
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield (
                    number,
                    Rejected("broken_row", f"row {number}: a quotation mark is not closed (correct it)"),
                )
                continue
            if any(map(_UNDECODED.search, cells)):
                yield number, Rejected("bad_encoding", f"row {number}: has bytes that are not {encoding}")
                continue
            yield number, cells


def jsonl_rows(path: Path, *, encoding: str) -> Iterator[tuple[int, dict[str, Any] | Rejected]]:
    """Yield (line number from 1, object), blank lines passed over; a broken line comes as its Rejected."""
    with path.open(encoding=encoding, errors="surrogateescape") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            if _UNDECODED.search(line):
                yield number, Rejected("bad_encoding", f"line {number}: has bytes that are not {encoding}")
                continue
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                yield number, Rejected("bad_json", f"line {number}: is no JSON object (correct it)")
                continue
            if isinstance(value, dict):
                yield number, value
            else:
                yield number, Rejected("bad_json", f"line {number}: is no JSON object (correct it)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet of a workbook: its name and the epoch by which bare numbers are dates."""

    name: str
    epoch: datetime


def sheets(path: Path) -> list[Sheet]:
    """Return the sheets in order. Raises ConfigurationError for a workbook that cannot be read."""
    with closing(_open_workbook(path)) as book:
        return [Sheet(name=name, epoch=book.epoch) for name in book.sheetnames]


def xlsx_rows(path: Path, sheet: Sheet) -> Iterator[Row]:
    """Yield (row number from 1, cells); a merged cell's value stands in each of its rows and columns.

    Memory does not grow with the rows; the list of merged ranges is kept.
    """
    try:
        yield from _sheet_rows(path, sheet)
    except (SyntaxError, KeyError, ValueError, EOFError, BadZipFile, zlib.error) as err:
        # lxml and ElementTree both raise SyntaxErrors for XML that breaks off.
        raise ConfigurationError(_BROKEN.format(path.name)) from err


def _sheet_rows(path: Path, sheet: Sheet) -> Iterator[Row]:
    with closing(_open_workbook(path)) as book:
        worksheet = book[sheet.name]
        merges = _merged_ranges(path, worksheet._worksheet_path)  # openpyxl names it nowhere else
        worksheet.reset_dimensions()  # programs write wrong ones
        yield from fill_merged(worksheet.iter_rows(values_only=True), merges)


def fill_merged(rows: Iterable[Sequence[Any]], merges: Merges) -> Iterator[Row]:
    """Yield the rows, numbered from 1, with a merged cell's value in each of its rows and columns."""
    filled: dict[int, tuple[int, Any]] = {}  # column → (last row, value) of the merge above
    for number, cells in enumerate(rows, start=1):
        row = list(cells)
        for column, (last, value) in list(filled.items()):
            if number > last:
                del filled[column]
            elif column < len(row) and row[column] is None:
                row[column] = value
        for first_column, last_column, last in merges.get(number, ()):
            value = row[first_column] if first_column < len(row) else None
            for column in range(first_column, min(last_column + 1, len(row))):
                row[column] = value
                filled[column] = (last, value)
        yield number, row


def _open_workbook(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise ConfigurationError(f'file "{path.name}": unpacks to {unpacked} bytes (split it)')
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl's remarks on styles and extensions that we do not read
            return load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, EOFError, OSError) as err:
        raise ConfigurationError(_BROKEN.format(path.name)) from err


def _merged_ranges(path: Path, part: str) -> Merges:
    """Return the merged ranges of a sheet.

    Read from the sheet's XML, because openpyxl knows merged cells only with the whole workbook in memory.
    """
    ranges: Merges = {}
    with zipfile.ZipFile(path) as archive, archive.open(part.lstrip("/")) as file:
        for reference in _scan(file):
            left, top, right, bottom = range_boundaries(reference)
            if left is not None and top is not None and right is not None and bottom is not None:
                ranges.setdefault(top, []).append((left - 1, right - 1, bottom))
    return ranges


def _scan(file: IO[bytes]) -> Iterator[str]:
    kept = b""
    while chunk := file.read(_CHUNK):
        window = kept + chunk
        end = 0
        for match in _MERGE.finditer(window):
            end = match.end()
            yield match.group(1).decode("ascii")
        kept = window[max(end, len(window) - 200) :]


def text_encoding(path: Path) -> str:
    """Return the encoding of a CSV or JSONL file. Raises ConfigurationError for what is no text."""
    encoding = file_encoding(path)
    with path.open("rb") as file:
        head = file.read(_CHUNK)
    if b"\x00" in head and not encoding.startswith("utf-16") and not encoding.startswith("utf-32"):
        raise ConfigurationError(f'file "{path.name}": is no text (export it as CSV, XLSX or JSONL)')
    return encoding
