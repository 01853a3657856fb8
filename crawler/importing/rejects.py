"""Rejected rows beside their file, masked, for people to look up and correct."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from crawler.importing.rows import SHOWN_FIELDS, RejectedRow
from records.errors import ConfigurationError
from records.files import placed

SUFFIX = ".rejected.csv"
# What a spreadsheet would take for a formula.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def rejects_path(path: Path) -> Path:
    """Return where the rejected rows of an export stand."""
    return path.with_name(path.name + SUFFIX)


@contextmanager
def rejects_file(target: Path) -> Iterator[Callable[[RejectedRow], None]]:
    """Give what writes a rejected row. At the end `target` has them all; with none it is gone.

    On an error the file of an earlier run stays. Raises ConfigurationError where nothing can be written.
    """
    with ExitStack() as stack:
        file: IO[bytes] | None = None

        def write(row: RejectedRow) -> None:
            nonlocal file
            if file is None:
                file = _open(stack, target)
                file.write(b"\xef\xbb\xbf")  # by which Excel knows UTF-8
                file.write(_line(["row", "sheet", "code", "reason", *SHOWN_FIELDS]))
            shown = [row.cells.get(field, "") for field in SHOWN_FIELDS]
            file.write(_line([str(row.row), row.sheet or "", row.code, row.message, *shown]))

        yield write
        if file is None:
            target.unlink(missing_ok=True)


def _open(stack: ExitStack, target: Path) -> IO[bytes]:
    try:
        return stack.enter_context(placed(target))
    except OSError as err:
        raise ConfigurationError(
            f'file "{target}": {err.strerror} (rejected rows are written there; copy the export to a folder '
            "that you can write to)"
        ) from err


def _line(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(["'" + cell if cell.startswith(_FORMULA_STARTS) else cell for cell in cells])
    return line.getvalue().encode()
