"""A YAML file as a pydantic model; what is wrong is said with its file, line and nearest known key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

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
            text = path.read_text(encoding="utf-8-sig")
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            self.data: Any = yaml.safe_load(text)
        except OSError as err:
            raise FileError(path, 1, f"cannot be read: {err.strerror}") from err
        except UnicodeDecodeError as err:
            raise FileError(path, 1, "is not UTF-8 text (save it as UTF-8)") from err
        except yaml.MarkedYAMLError as err:
            line = err.problem_mark.line + 1 if err.problem_mark else 1
            raise FileError(path, line, f"not YAML: {err.problem or err.context}") from err
        self._root = node
        self._refuse_doubles(node)

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
                hint = nearest(str(where[-1]), known) or f" (known: {', '.join(sorted(known))})"
                message = f'unknown key "{key}"{hint}'
            elif first["type"] == "missing":
                message = f'"{key}" is missing'
            else:
                message = f"{key}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")
            raise FileError(self.path, self.line_of(where), message, name=name) from err

    def line_of(self, where: Sequence[int | str]) -> int:
        """Return the line of the value at the path `where`, or of its nearest parent that is there."""
        node, line = self._root, 1
        for part in where:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                node = node.value[part]
                line = node.start_mark.line + 1
        return line

    def _refuse_doubles(self, node: Any) -> None:
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    raise FileError(
                        self.path, key.start_mark.line + 1, f'key "{key.value}" is stated twice (keep one)'
                    )
                seen.add(key.value)
                self._refuse_doubles(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                self._refuse_doubles(item)
