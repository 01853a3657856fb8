"""How the command line prints: records as table, json, jsonl or csv; progress only on a terminal."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from app.cli.headings import HEADINGS, VALUES
from console.i18n import choose_language, translations
from records.errors import ConfigurationError
from records.files import placed

Record = Mapping[str, Any]
# The columns whose values have words, and of which kind.
_KINDS = {
    "channel": "channel",
    "created_by": "actor",
    "intent": "intent",
    "severity": "severity",
    "sort": "sort",
    "urgency": "urgency",
    "who": "actor",
}
_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d\S*")


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def print_records(
    records: Iterable[Record], form: Format, *, columns: Sequence[str] = (), state: str = ""
) -> None:
    """Print the records on standard output.

    `columns` are what the table shows, in words; `state` says of what kind the states are (console.words).
    The other formats give all keys and the values as they are; json is one array, jsonl and csv are
    written as the records come.
    """
    if form is Format.TABLE:
        _print_table(records, columns, state)
    elif form is Format.JSON:
        print_json(list(records))
    elif form is Format.JSONL:
        for record in records:
            write(json.dumps(record, ensure_ascii=False) + "\n")
    else:
        _print_csv(records)


def print_json(value: Any) -> None:
    write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def print_record(record: Record, form: Format, *, state: str = "") -> None:
    """Print one record: as a table, a line per key."""
    if form is Format.TABLE:
        record = _in_words(record, state)
        rows = ({"": gettext(HEADINGS.get(key, key)), " ": cell(value)} for key, value in record.items())
        print_records(rows, form)
    elif form is Format.JSON:
        print_json(record)
    else:
        print_records([record], form)


def write(text: str) -> None:
    sys.stdout.write(text)


def write_file(option: str, file: Path, text: str) -> None:
    """Write the text to the file that `option` names. Raises ConfigurationError: it cannot be written."""
    try:
        with placed(file) as target:
            target.write(text.encode())
    except OSError as err:
        raise ConfigurationError(
            f'{option} "{file}": {err.strerror} (name a file in a folder there is)'
        ) from err


def note(message: str, **values: object) -> None:
    """Say something to the person at the terminal, in their language, apart from the output itself."""
    Console(stderr=True, highlight=False).print(gettext(message) % values, markup=False, soft_wrap=True)


def gettext(message: str) -> str:
    """Return the message in the language of the command line: Chinese, unless HUIYING_LANGUAGE is en."""
    language = choose_language([os.environ.get("HUIYING_LANGUAGE")], "")
    return translations(language).gettext(message)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a progress display on standard error; silent where that is not a terminal."""
    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    ) as progress:
        yield progress


def cell(value: Any) -> str:
    """Return `value` as one table cell."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return gettext("是") if value else gettext("否")
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1 else f"{value:g}"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "、".join(cell(item) for item in value)
    if isinstance(value, str) and _ISO_TIME.fullmatch(value):
        return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M}"
    return str(value)


def _print_table(records: Iterable[Record], columns: Sequence[str], state: str) -> None:
    rows = (_in_words(record, state) for record in records)
    first = next(rows, None)
    if first is None:
        note("没有可列的。")
        return
    names = list(columns or first)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(Text(gettext(HEADINGS.get(name, name))), overflow="fold")
    for row in chain([first], rows):
        # Text of posts is never markup.
        table.add_row(*(Text(cell(row.get(name))) for name in names))
    Console(highlight=False).print(table)


def _in_words(record: Record, state: str) -> Record:
    from console.words import word_for

    kinds = {**_KINDS, "state": state}

    def worded(name: str, value: Any) -> Any:
        if name in VALUES:
            return gettext(VALUES[name].get(value, value))
        return gettext(word_for(kinds[name], value)) if name in kinds and value is not None else value

    return {name: worded(name, value) for name, value in record.items()}


def _print_csv(records: Iterable[Record]) -> None:
    rows = iter(records)
    head = list(islice(rows, 1))
    if not head:
        return
    writer = csv.DictWriter(sys.stdout, list(head[0]), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in chain(head, rows):
        writer.writerow({key: _csv_cell(value) for key, value in row.items()})


def _csv_cell(value: Any) -> Any:
    """Return the cell; what a spreadsheet would run as a formula is disarmed with a leading apostrophe."""
    if isinstance(value, Mapping | list | tuple):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        return "'" + value
    return value
