"""Training data: files of JSON lines, read once, refused with the line that cannot be used."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from records.analysis import Intent, UrgencyCode
from records.errors import ConfigurationError, Rejected
from records.times import parse_time

FEWEST_ROWS = 50
FEWEST_OF_A_LABEL = 5  # a fold of cross-validation holds one of each
FEWEST_TWICE = 50  # messages that two people labelled
_INTENTS = tuple(intent.value for intent in Intent)
_REASONS = tuple(code.value for code in UrgencyCode)
_LEVELS = ("dissatisfaction", "urgency")
READINGS = ("intent", *_LEVELS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One labelled message."""

    title: str
    text: str
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRow:
    """A message and its reply."""

    question: str  # title and text
    reply: str
    asked_at: datetime
    replied_at: datetime


def read_rows(files: Sequence[Path], *, also: Sequence[Row] = ()) -> list[Row]:
    """Return the labelled rows of the files (text, topic, optional title), then those of `also`.

    Raises ConfigurationError naming file and line: not UTF-8, not JSON, a value missing, too few of a label.
    """
    rows: list[Row] = []
    places: defaultdict[str, list[str]] = defaultdict(list)
    for data in files:
        for number, row in read_lines(data, needed=("text", "topic")):
            rows.append(Row(title=row.get("title") or "", text=row["text"], topic=row["topic"]))
            places[row["topic"]].append(f"{data}, line {number}")
    for more in also:
        places[more.topic].append("huiying label")
    _refuse_few(", ".join(map(str, files)), len(rows) + len(also))
    if len(places) < 2:
        [(only, found)] = places.items()
        raise ConfigurationError(
            f'training data {found[0]}: too few labels, every row from here on says "{only}"'
            " (give two labels at least)"
        )
    for label, found in sorted(places.items()):
        if len(found) < FEWEST_OF_A_LABEL:
            raise ConfigurationError(
                f'training data {found[0]}: too few rows of "{label}", this and {len(found) - 1} more'
                f" (give {FEWEST_OF_A_LABEL} of each label at least, or leave it out)"
            )
    return [*rows, *also]


def read_answered(data: Path) -> list[AnsweredRow]:
    """Return the rows of a file with text, reply, asked_at, replied_at and optional title.

    Raises ConfigurationError as `read_rows` does.
    """
    rows = []
    for number, row in read_lines(data, needed=("text", "reply", "asked_at", "replied_at")):
        question = f"{row['title']}\n{row['text']}" if row.get("title") else row["text"]
        try:
            asked_at, replied_at = parse_time(row["asked_at"]), parse_time(row["replied_at"])
        except Rejected as err:
            raise ConfigurationError(f"training data {data}, line {number}: {err}") from err
        rows.append(
            AnsweredRow(question=question, reply=row["reply"], asked_at=asked_at, replied_at=replied_at)
        )
    _refuse_few(data, len(rows))
    return rows


def read_texts(data: Path) -> list[str]:
    """Return title and text of each row of a file. Raises ConfigurationError as `read_rows` does."""
    texts = [
        f"{row['title']}\n{row['text']}" if row.get("title") else row["text"]
        for _, row in read_lines(data, needed=("text",))
    ]
    _refuse_few(data, len(texts))
    return texts


def read_labels(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the rows of the files with id, sha1 of the text, and what of intent, dissatisfaction, urgency
    and its reasons a person labelled.

    Rows with none of the three are left out. Raises ConfigurationError as `read_rows` does.
    """
    rows = []
    for data in files:
        for number, row in read_lines(data, needed=("id", "sha1")):
            if row.keys() & {*READINGS}:
                _refuse_broken(row, f"training data {data}, line {number}")
                rows.append(row)
    named = ", ".join(map(str, files))
    _refuse_few(named, len(rows))
    times = Counter((row["id"], row["sha1"]) for row in rows if is_full(row))
    if (twice := sum(n > 1 for n in times.values())) < FEWEST_TWICE:
        raise ConfigurationError(
            f"training data {named}: {twice} messages were labelled by two people, which is what the model is"
            f" measured on (give {FEWEST_TWICE} at least)"
        )
    return rows


def is_full(label: Mapping[str, Any]) -> bool:
    """Return whether a label states all three readings, so that a model can be measured on it."""
    return label.keys() >= {*READINGS}


def _refuse_broken(label: Mapping[str, Any], where: str) -> None:
    if label.get("intent", _INTENTS[0]) not in _INTENTS:
        raise ConfigurationError(
            f"{where}: intent {label['intent']!r} is none (it is one of {' '.join(_INTENTS)})"
        )
    for name in _LEVELS:
        if label.get(name, 0) not in range(4) or isinstance(label.get(name), bool):
            raise ConfigurationError(f"{where}: {name} {label[name]!r} is no level (0 to 3)")
    reasons = label.get("reasons", [])
    if not isinstance(reasons, list) or not all(reason in _REASONS for reason in reasons):
        raise ConfigurationError(f"{where}: reasons {reasons!r} are no list of {' '.join(_REASONS)}")


def read_lines(data: Path, *, needed: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and row of each line that is not blank; each of `needed` is a string with content."""
    try:
        lines = data.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except OSError as err:
        raise ConfigurationError(f"training data {data}: {err.strerror} (give a file of JSON lines)") from err
    keys = list(needed)
    example = ", ".join(f'"{key}": "…"' for key in keys)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"training data {data}, line {number}"
        try:
            row = json.loads(line.decode())
        except UnicodeDecodeError as err:
            raise ConfigurationError(f"{where}: not UTF-8 (save the file as UTF-8)") from err
        except (ValueError, RecursionError) as err:
            raise ConfigurationError(f"{where}: not JSON, {err} (each line: {{{example}}})") from err
        if not isinstance(row, dict):
            raise ConfigurationError(f"{where}: not a JSON object (each line: {{{example}}})")
        for key in keys:
            if not isinstance(row.get(key), str) or not row[key].strip():
                raise ConfigurationError(f'{where}: "{key}" is missing, empty or no string ({{{example}}})')
        if not isinstance(row.get("title") or "", str):
            raise ConfigurationError(f'{where}: "title" is no string')
        yield number, row


def _refuse_few(data: Path | str, n_rows: int) -> None:
    if n_rows < FEWEST_ROWS:
        raise ConfigurationError(
            f"training data {data}: {n_rows} rows are too few (give {FEWEST_ROWS} at least)"
        )
