"""Floors of quality: figures that may not fall below what a file says, for the data that it names.

A file of floors is a JSON object of sections, by the name of the data file or by the task. Of a section:
"sha256" is the hash of the data that it holds for; "NAME_at_most" is a ceiling, every other number a floor;
figures within figures are nested likewise, or their names joined by dots.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from records.errors import ConfigurationError, nearest

CEILING = "_at_most"
HASH = "sha256"


def read_floors(path: Path) -> dict[str, Any]:
    """Return the sections of the file. Raises ConfigurationError where it cannot be read."""
    try:
        sections = json.loads(path.read_bytes())
    except OSError as err:
        raise ConfigurationError(f"floors {path}: {err.strerror} (give a file of JSON)") from err
    except ValueError as err:
        raise ConfigurationError(f"floors {path}: not JSON, {err}") from err
    if not isinstance(sections, dict) or not all(isinstance(each, dict) for each in sections.values()):
        raise ConfigurationError(f'floors {path}: not sections ({{"topics": {{"macro_f1": 0.9}}}})')
    return sections


def floors_for(path: Path, *, data: Path, task: str) -> dict[str, Any]:
    """Return the section that `data`, else `task`, has in the file of floors.

    Raises ConfigurationError: there is no such section, or it holds for other data than this.
    """
    sections = read_floors(path)
    section = sections.get(data.name, sections.get(task))
    if section is None:
        raise ConfigurationError(f'floors {path}: no section "{data.name}" and none "{task}" (add one)')
    wanted = section.get(HASH)
    if wanted is not None and hashlib.sha256(data.read_bytes()).hexdigest() != wanted:
        raise ConfigurationError(
            f"floors {path}: they hold for other data than {data} (its sha256 is not {wanted[:12]}…)"
        )
    return {name: floor for name, floor in section.items() if name != HASH}


def shortfalls(figures: Mapping[str, Any], floors: Mapping[str, Any]) -> list[str]:
    """Return what is worse than the floors allow, a line each.

    Raises ConfigurationError for a floor of a figure that was not measured.
    """
    measured = flat_figures(figures)
    return [
        line for name, floor in flat_figures(floors).items() for line in _shortfall(measured, name, floor)
    ]


def flat_figures(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers among the figures, those within others by names joined with dots."""
    return dict(_flat(figures, ""))


def _flat(figures: Mapping[str, Any], before: str) -> Iterator[tuple[str, float]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, int | float):
            yield f"{before}{name}", value


def _shortfall(measured: Mapping[str, float], name: str, floor: float) -> Iterator[str]:
    figure = name.removesuffix(CEILING)
    if figure not in measured:
        raise ConfigurationError(f'floor "{name}": no such figure was measured{nearest(figure, measured)}')
    value = measured[figure]
    if name.endswith(CEILING) and value > floor:
        yield f"{figure} {value} is over its ceiling of {floor}"
    elif not name.endswith(CEILING) and value < floor:
        yield f"{figure} {value} is under its floor of {floor}"
