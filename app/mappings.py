"""Which column is what, stored by name in the installation's mappings/ folder."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from app.installation import ensure_installation
from app.settings import Settings
from crawler.importers import ExportDescription
from crawler.importing.columns import load_mapping
from records.errors import ConfigurationError, nearest
from records.files import placed

_NAME = re.compile(r"[\w-]{1,80}")


def find_mapping(settings: Settings, wanted: str) -> dict[str, str]:
    """Return our field → column of the mapping stored under that name, or of that YAML file.

    Raises ConfigurationError: neither is there, or it is no mapping.
    """
    stored = stored_mapping(settings, wanted)
    if stored is not None:
        return stored
    if not _NAME.fullmatch(wanted) or Path(wanted).exists():
        return load_mapping(Path(wanted))
    names = sorted(path.stem for path in settings.mappings_dir.glob("*.yaml"))
    hint = nearest(wanted, names) or f" (stored: {', '.join(names) or 'none'}; --save-mapping stores one)"
    raise ConfigurationError(f'mapping "{wanted}": neither stored nor a file{hint}')


def stored_mapping(settings: Settings, name: str) -> dict[str, str] | None:
    """Return the mapping stored under that name, None if there is none. Raises ConfigurationError."""
    path = settings.mappings_dir / f"{name}.yaml"
    return load_mapping(path) if _NAME.fullmatch(name) and path.exists() else None


def save_mapping(settings: Settings, name: str, description: ExportDescription) -> Path:
    """Store how the file is read under a name, and return where. What is stored is never overwritten.

    Raises ConfigurationError: no name for a file, taken, or the file's sheets are read differently.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(f'mapping "{name}": no name (letters, figures, - and _)')
    first, *others = (dict(table.columns.by_field) for table in description.tables)
    if any(other != first for other in others):
        raise ConfigurationError(
            f'mapping "{name}": the sheets differ in their columns (choose one: --sheet)'
        )
    ensure_installation(settings)
    settings.mappings_dir.mkdir(exist_ok=True)
    path = settings.mappings_dir / f"{name}.yaml"
    try:
        with placed(path, must_be_new=True) as file:
            file.write(yaml.safe_dump(first, allow_unicode=True, sort_keys=False).encode())
    except FileExistsError as err:
        if load_mapping(path) != first:
            raise ConfigurationError(
                f'mapping "{name}": is stored already, and says otherwise (another name, or delete {path})'
            ) from err
    return path
