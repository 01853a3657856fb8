"""The old Excel format (before 2007) as rows, by xlrd, which keeps a sheet in memory."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import xlrd
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900
from xlrd.compdoc import CompDocError
from xlrd.xldate import XLDateError, xldate_as_datetime

from crawler.importing.tables import Merges, Row, Sheet, fill_merged
from records.errors import ConfigurationError

# The format ends at 65,536 rows a sheet; a file past this holds pictures, and would be read into memory.
MAX_BYTES = 200 * 1024**2
# What xlrd raises for bytes that break off or lie, beside its own errors.
_BREAKS = (
    xlrd.XLRDError,
    CompDocError,
    struct.error,
    AssertionError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    EOFError,
)


def xls_sheets(path: Path) -> list[Sheet]:
    """Return the sheets in order. Raises ConfigurationError: broken, locked by a password, too large."""
    with _open_book(path) as book:
        epoch = CALENDAR_MAC_1904 if book.datemode else CALENDAR_WINDOWS_1900
        return [Sheet(name=name, epoch=epoch) for name in book.sheet_names()]


def xls_rows(path: Path, sheet: Sheet) -> Iterator[Row]:
    """Yield (row number from 1, cells), dates as datetimes, merged cells filled."""
    with _open_book(path) as book:
        table = book.sheet_by_name(sheet.name)
        merges: Merges = {}
        for top, below, left, right in table.merged_cells:
            merges.setdefault(top + 1, []).append((left, right - 1, below))
        rows = ([_value(cell, book.datemode) for cell in table.row(at)] for at in range(table.nrows))
        yield from fill_merged(rows, merges)


@contextmanager
def _open_book(path: Path) -> Iterator[Any]:
    if path.stat().st_size > MAX_BYTES:
        raise ConfigurationError(f'file "{path.name}": has over {MAX_BYTES} bytes (save it as .xlsx or .csv)')
    try:
        # formatting_info: merged ranges are told with it only. What xlrd remarks goes nowhere.
        with xlrd.open_workbook(path, logfile=io.StringIO(), formatting_info=True, on_demand=True) as book:
            yield book
    except _BREAKS as err:
        raise ConfigurationError(
            f'file "{path.name}": is a broken or locked Excel workbook (open it in Excel, save it without a '
            "password as .xlsx)"
        ) from err


def _value(cell: Any, datemode: int) -> Any:
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR) or cell.value == "":
        return None
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xldate_as_datetime(cell.value, datemode)
        except (XLDateError, OverflowError, ValueError):
            return cell.value  # a number in a date's clothes: rejected with its row
    return cell.value
