"""YAML as a person writes it: every value with the line it stands on, and no key twice.

Read by the catalogue, by column mappings and by the files of alert rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from records.errors import ConfigurationError

Location = tuple[str | int, ...]


class YamlError(ConfigurationError):
    """A file that cannot be read as YAML. `line` counts from 1; `reason` says what is wrong and the fix."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f'file "{path}" line {line}: {reason}')
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LinedYaml:
    """The data of one file, and where each part of it stands (from 1)."""

    path: Path
    data: Any
    lines: dict[Location, int]

    def line(self, location: Location) -> int:
        """Return the line of the innermost part of `location` that the file has."""
        while location not in self.lines:
            location = location[:-1]
        return self.lines[location]

    def place(self, location: Location) -> str:
        """Return "FILE line N" of the innermost part of `location` that the file has."""
        return f"{self.path.name} line {self.line(location)}"


def read_lined_yaml(path: Path) -> LinedYaml:
    """Return the file's data with lines. Raises YamlError: missing, not UTF-8, not YAML, a key twice."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as err:
        raise YamlError(path, 1, f"{err.strerror} (write it, or name another file)") from err
    except UnicodeDecodeError as err:
        raise YamlError(path, 1, "is not UTF-8 (save it as UTF-8)") from err
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Location, int] = {(): 1}
        if node is None:
            return LinedYaml(path=path, data=None, lines=lines)
        _note_lines(node, (), lines, path)
        return LinedYaml(path=path, data=loader.construct_document(node), lines=lines)
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 1
        raise YamlError(path, line, f"not YAML: {err.problem or err.context} (correct the YAML)") from err
    except yaml.YAMLError as err:
        raise YamlError(path, 1, f"not YAML: {str(err).splitlines()[0]} (correct the YAML)") from err
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
                raise YamlError(
                    path, line, f'key "{key.value}" stands here and on line {lines[at]} (keep one)'
                )
            _note_lines(child, at, lines, path)
            lines[at] = line
