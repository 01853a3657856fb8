"""One installation's folder: set up by the first command that needs it, refused when it is newer."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path, PurePosixPath

from app.settings import Settings
from records.errors import ConfigurationError, HuiyingError, Retryable
from records.files import placed

# Raise when the layout of the folder changes; an older one is then brought up to date here.
FOLDER_FORMAT = 1
MARKER = "installation.json"
# Says where this installation keeps its data: a backup of another one does not replace it.
KEPT_AS_IT_IS = ("huiying.toml",)

SETTINGS_HEADER = """\
# Settings of this installation. Every line is optional; what stands commented out is the default.
# The same names in capitals after HUIYING_ work as environment variables, which win over this file.
"""

EMPTY_CATALOGUE = """\
# The sources this installation listens to (docs/sources.md). `huiying sources list` shows them.
sources: []
"""


def ensure_installation(settings: Settings) -> Path:
    """Return the data folder, set up if it was empty or absent.

    What exists is never overwritten. Raises ConfigurationError: not a folder, not writable, newer than this.
    """
    folder = settings.data_dir
    if (folder / MARKER).exists():
        _check_format(folder / MARKER)
        _check_writable(folder)
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_writable(folder)
        _refuse_foreign_folder(folder)
        settings.models_dir.mkdir(exist_ok=True)
        _add_file(settings.settings_file, example_settings())
        _add_file(settings.catalogue_file, EMPTY_CATALOGUE)
        _add_default_rules(settings.rules_dir)
        write_atomically(folder / MARKER, json.dumps({"format": FOLDER_FORMAT}) + "\n")
    except (NotADirectoryError, FileExistsError) as err:
        raise ConfigurationError(f'data folder "{folder}": not a folder (set HUIYING_DATA_DIR)') from err
    except OSError as err:
        raise _not_writable(folder, err) from err
    return folder


def example_settings() -> str:
    """Return huiying.toml with every setting explained and commented out."""
    lines = [SETTINGS_HEADER]
    for name, field in Settings.model_fields.items():
        if name != "data_dir":
            lines += [
                f"# {field.description}",
                f"# {name} = {json.dumps(field.default, ensure_ascii=False)}",
                "",
            ]
    return "\n".join(lines)


def installation_files(settings: Settings) -> dict[str, Path]:
    """Return the files that people wrote or that were learned here, by their place below the data folder.

    Secrets are among them only where a person put them into one of these files.
    """
    folder = settings.data_dir
    single = (
        settings.settings_file,
        settings.catalogue_file,
        settings.receivers_file,
        settings.words_file,
    )
    below = [
        path
        for part in (settings.rules_dir, settings.models_dir, settings.mappings_dir)
        for path in sorted(part.rglob("*"))
    ]
    return {
        path.relative_to(folder).as_posix(): path
        for path in (*single, *below)
        if path.is_file() and not path.name.startswith(".")
    }


def is_as_shipped(settings: Settings, place: PurePosixPath) -> bool:
    """Return whether nobody wrote the file at this place: it is absent, or as a new installation has it."""
    path = settings.data_dir / place
    if not path.exists():
        return True
    shipped = {settings.settings_file: example_settings(), settings.catalogue_file: EMPTY_CATALOGUE}
    if path in shipped:
        return path.read_bytes() == shipped[path].encode()
    default = files("alerts") / "default_rules" / path.name
    return (
        path.parent == settings.rules_dir and default.is_file() and path.read_bytes() == default.read_bytes()
    )


def place_files(settings: Settings, contents: Mapping[PurePosixPath, bytes]) -> list[Path]:
    """Write the files below the data folder, which is made if need be; return where they are.

    Raises ConfigurationError: the folder is not writable, newer than this, or something else's.
    """
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_writable(folder)
        if (folder / MARKER).exists():
            _check_format(folder / MARKER)
        else:
            _refuse_foreign_folder(folder)
        for place, content in contents.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / place, content)
    except OSError as err:
        raise _not_writable(folder, err) from err
    return [folder / place for place in contents]


def write_atomically(path: Path, content: str | bytes) -> None:
    """Put `content` in place whole or not at all, also when the machine stops in the middle."""
    with placed(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def _add_file(path: Path, content: str) -> None:
    if not path.exists():
        write_atomically(path, content)


def _add_default_rules(folder: Path) -> None:
    if folder.exists():
        return
    staged = folder.with_name(".rules-new")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    with as_file(files("alerts") / "default_rules") as shipped:
        # One by one, since copytree gathers its errors and forgets their numbers.
        for file in shipped.iterdir():
            shutil.copyfile(file, staged / file.name)
    staged.rename(folder)


def _check_format(marker: Path) -> None:
    try:
        found = int(json.loads(marker.read_text(encoding="utf-8"))["format"])
    except (ValueError, KeyError, TypeError) as err:
        raise ConfigurationError(f'{marker}: damaged (write {{"format": {FOLDER_FORMAT}}} into it)') from err
    if found > FOLDER_FORMAT:
        raise ConfigurationError(
            f'data folder "{marker.parent}": format {found} comes from a newer huiying, this one reads up to '
            f"{FOLDER_FORMAT} (install the newer version)"
        )


def _check_writable(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as err:
        raise _not_writable(folder, err) from err


def _not_writable(folder: Path, err: OSError) -> HuiyingError:
    if err.errno == errno.ENOSPC:
        return Retryable(f'data folder "{folder}": the disk is full (make room, then try again)')
    return ConfigurationError(
        f'data folder "{folder}": cannot be written to (give this user the right, or set HUIYING_DATA_DIR)'
    )


def _refuse_foreign_folder(folder: Path) -> None:
    ours = {"huiying.toml", "sources.yaml", "receivers.yaml", "models", "rules", "mappings", ".rules-new"}
    ours |= {path.name for path in folder.glob("huiying.sqlite*")}  # a restored one comes before the marker
    foreign = sorted(
        entry.name for entry in folder.iterdir() if entry.name not in ours and entry.name[0] != "."
    )
    if foreign:
        raise ConfigurationError(
            f'data folder "{folder}": not empty and not an installation of huiying (it holds "{foreign[0]}"; '
            "choose an empty folder)"
        )
