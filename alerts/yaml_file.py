"""A YAML file as a pydantic model; what is wrong is said with its file, line and nearest known key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from crawler.lined_yaml import YamlError, read_lined_yaml
from records.errors import ConfigurationError, nearest

Model = TypeVar("Model", bound=BaseModel)


class FileError(ConfigurationError):
    """A file that cannot be used. `line` counts from 1; `name` is what the file calls itself, if known."""

    def __init__(self, path: Path, line: int, message: str, *, name: str | None = None) -> None:
        subject = f' "{name}"' if name else ""
        super().__init__(f"{path.name}:{line}:{subject} {message}")
        self.path = path
        self.line = line
        self.name = name


class YamlFile:
    """One parsed file: `data` as plain values, and where each of them stands."""

    def __init__(self, path: Path) -> None:
        """Raises FileError where the file cannot be read, is not YAML, or states one key twice."""
        self.path = path
        try:
            self._lined = read_lined_yaml(path)
        except YamlError as err:
            raise FileError(path, err.line, err.reason) from err
        self.data = self._lined.data

    def validate(self, model: type[Model], *, known: Iterable[str], name: str | None = None) -> Model:
        """Return `data` as `model`. `known` are the keys a typo is compared with. Raises FileError."""
        if not isinstance(self.data, dict):
            raise FileError(self.path, 1, f"holds {type(self.data).__name__}, expected `key: value` lines")
        try:
            return model.model_validate(self.data)
        except ValidationError as err:
            found = err.errors(include_url=False, include_context=False)
            # A mistyped key is also a missing one; its own error says what to do.
            first = min(found, key=lambda error: error["type"] != "extra_forbidden")
            where = [part for part in first["loc"] if isinstance(part, int | str)]
            key = ".".join(str(part) for part in where)
            if first["type"] == "extra_forbidden":
                # Of a file with keys at several depths the key may be known elsewhere.
                others = set(known) - {where[-1]}
                hint = nearest(str(where[-1]), others) or f" (known: {', '.join(sorted(others))})"
                message = f'unknown key "{key}"{hint}'
            elif first["type"] == "missing":
                message = f'"{key}" is missing'
            else:
                message = f"{key}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")
                # What is wrong between several keys is said of the one that the message begins with.
                where = where or [message.partition(":")[0]]
            raise FileError(self.path, self.line_of(where), message, name=name) from err

    def line_of(self, where: Sequence[int | str]) -> int:
        """Return the line of the value at the path `where`, or of its nearest parent that is there."""
        return self._lined.line(tuple(where))
