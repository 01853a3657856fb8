"""YAML as a person writes it: every value with the line it stands on, and no key twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from records.errors import ConfigurationError

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinedYaml:
    """The data of one file, and where each part of it stands (from 1)."""

    path: Path
    data: Any
    lines: dict[Location, int]

    def place(self, location: Location) -> str:
        """Return "FILE line N" of the innermost part of `location` that the file has."""
        while location not in self.lines:
            location = location[:-1]
        return f"{self.path.name} line {self.lines[location]}"


def read_lined_yaml(path: Path) -> LinedYaml:
    """Return the file's data with lines.

    Raises ConfigurationError: missing, not UTF-8, not YAML, a key twice.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as err:
        raise ConfigurationError(
            f'catalogue "{path}": {err.strerror} (write it, or name another file)'
        ) from err
    except UnicodeDecodeError as err:
        raise ConfigurationError(f'catalogue "{path}": not UTF-8 (save it as UTF-8)') from err
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return LinedYaml(path=path, data=None, lines={(): 1})
        lines: dict[Location, int] = {}
        _note_lines(node, (), lines, path)
        return LinedYaml(path=path, data=loader.construct_document(node), lines=lines)
    except yaml.YAMLError as err:
        raise ConfigurationError(f'catalogue "{path}": {_one_line(err)} (correct the YAML)') from err
    finally:
        loader.dispose()


def _note_lines(node: yaml.Node, location: Location, lines: dict[Location, int], path: Path) -> None:
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            _note_lines(child, (*location, number), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            at = (*location, str(key.value))
            line = key.start_mark.line + 1
            if at in lines:
                raise ConfigurationError(
                    f'{path.name} line {line}: key "{key.value}" stands here and on line {lines[at]} '
                    "(keep one)"
                )
            _note_lines(child, at, lines, path)
            lines[at] = line


def _one_line(err: yaml.YAMLError) -> str:
    mark = getattr(err, "problem_mark", None)
    problem = getattr(err, "problem", None) or str(err).splitlines()[0]
    return f"line {mark.line + 1}: {problem}" if mark is not None else problem
