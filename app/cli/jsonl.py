"""Files of JSON lines that people hand to commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TextIO

from records.errors import ConfigurationError, Rejected


def opened(file: str) -> Any:
    """Return a context that gives the lines of the file, or of standard input for -."""
    if file == "-":
        sys.stdin.reconfigure(errors="replace")  # type: ignore[union-attr]  # it is a TextIOWrapper
        return nullcontext(sys.stdin)
    return existing(Path(file)).open(encoding="utf-8", errors="replace")


def existing(path: Path) -> Path:
    """Return the path. Raises ConfigurationError where no file is."""
    if not path.is_file():
        raise ConfigurationError(f'file "{path}": not found')
    return path


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return all rows of the file. Raises Rejected naming the line that is no JSON object."""
    with existing(path).open(encoding="utf-8", errors="replace") as lines:
        return [row for _, row in rows_of(lines, str(path))]


def read_all_rows(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the rows of all files."""
    return [row for path in paths for row in read_rows(path)]


def rows_of(lines: TextIO, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and row of each line that is not blank; `name` is for what is said of a bad one."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as err:
            raise Rejected("bad_json", f"{name}, line {number}: not JSON: {err}") from err
        if not isinstance(row, dict):
            raise Rejected("bad_json", f"{name}, line {number}: not a JSON object")
        yield number, row
