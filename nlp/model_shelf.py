"""The models of an installation, side by side, and which of each kind is in use.

models/KIND/VERSION/       a model with its card (nlp.model_files), and trained.json: when it was put here
models/KIND/promoted.json  the versions that were promoted, the one in use last; without it the shipped one is

A model of topics that stands in models/ itself, as earlier versions of huiying trained it, is in use until
another one is promoted. What cannot be read is refused in one line, and the one promoted before is used.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from nlp.model_files import CARD, HEAD, SHIPPED, has_model, model_files, read_head
from records.errors import ConfigurationError, nearest
from records.files import placed
from records.times import parse_time

log = logging.getLogger(__name__)

FORMAT = 1
# Stands among the promoted versions for whatever model ships with this huiying.
SHIPPED_VERSION = "shipped"
_PROMOTED, _TRAINED = "promoted.json", "trained.json"
_Model = TypeVar("_Model")


class ModelKind(StrEnum):
    TOPICS = "topics"
    READINGS = "readings"
    REPLIES = "replies"
    MATTER = "matter"
    OWN = "own"  # topics that this installation defined itself

    @property
    def model_name(self) -> str:
        """Return what the files of its models call it."""
        names = {ModelKind.TOPICS: "linear", ModelKind.REPLIES: "answers"}
        return names.get(self, self.value)

    @property
    def shipped(self) -> Path:
        """Return where the shipped model stands; not every kind has one."""
        return SHIPPED if self is ModelKind.TOPICS else SHIPPED / self.model_name


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelvedModel:
    """A model on the shelf. `fault` says why it cannot be used; its card is then empty."""

    kind: ModelKind
    version: str
    folder: Path
    is_live: bool
    is_shipped: bool
    trained_at: datetime | None
    card: Mapping[str, Any]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ModelShelf:
    """`folder` need not exist; None stands for an installation without models of its own."""

    folder: Path | None

    def load(self, kind: ModelKind, read: Callable[[Path], _Model]) -> _Model:
        """Return what `read` makes of the folder of the model in use, or of the last good one before it.

        Raises ConfigurationError where even the shipped one cannot be used.
        """
        promoted = self.load_promoted(kind, read)
        return read(kind.shipped) if promoted is None else promoted

    def load_promoted(self, kind: ModelKind, read: Callable[[Path], _Model]) -> _Model | None:
        """Return the same of the models promoted here; None where none is in use or none can be read."""
        for place in self._in_use(kind):
            try:
                return read(place)
            except ConfigurationError as err:
                log.warning("%s; the one before it is used (huiying models list)", err)
        return None

    def promoted(self) -> Mapping[ModelKind, tuple[str, ...]]:
        """Return of each kind the versions promoted, the one in use last. Cheap: a small file for each."""
        return {kind: tuple(self._promoted(kind)) for kind in ModelKind}

    def models(self) -> list[ShelvedModel]:
        """Return all models, by kind: the shipped one, then the others in order of training."""
        return [model for kind in ModelKind for model in self._of_kind(kind)]

    def live(self, kind: ModelKind) -> ShelvedModel | None:
        """Return the model promoted last, else the shipped one, None where this kind ships none."""
        return next((model for model in self._of_kind(kind) if model.is_live), None)

    def get(self, version: str) -> ShelvedModel:
        """Return the model whose version begins so. Raises ConfigurationError: none, several, or damaged."""
        known = self.models()
        found = [model for model in known if model.version == version] or [
            model for model in known if model.version.startswith(version)
        ]
        if len(found) != 1:
            reason = f"{len(found)} models are called so" if found else "there is no such model"
            raise ConfigurationError(
                f'model "{version}": {reason}{nearest(version, (model.version for model in known))}'
                " (huiying models list shows them)"
            )
        if found[0].fault:
            raise ConfigurationError(found[0].fault)
        return found[0]

    def put(self, kind: ModelKind, made: Path, *, now: datetime) -> str:
        """Copy the model of the folder `made` onto the shelf; return its version. It is not promoted.

        One that is there already stays as it is. Stopped half-way it is no model yet, and the next call goes
        on. Raises ConfigurationError for a model of another kind.
        """
        version = str(read_head(made, name=kind.model_name)["version"])
        folder = self._kind_folder(kind) / version
        if _fault_of(folder, kind):
            folder.mkdir(parents=True, exist_ok=True)
            _write_json(folder / _TRAINED, {"trained_at": now.isoformat()})
            for name in model_files(made):  # the head last: it makes them a model
                with placed(folder / name) as file:
                    file.write((made / name).read_bytes())
        return version

    def promote(self, model: ShelvedModel, *, now: datetime) -> None:
        """Use this model from now on: one file is replaced. What was in use can be rolled back to."""
        self._move_old_in(now=now)
        versions = self._promoted(model.kind)
        chosen = SHIPPED_VERSION if model.is_shipped else model.version
        if versions[-1:] != [chosen]:
            self._write_promoted(model.kind, [*versions, chosen])

    def roll_back(self, kind: ModelKind, *, now: datetime) -> str | None:
        """Use what was in use before the present one; return its version, None where that is no model.

        Raises ConfigurationError where nothing was promoted.
        """
        self._move_old_in(now=now)
        versions = self._promoted(kind)
        if not versions:
            present = "the shipped one" if has_model(kind.shipped) else "none"
            raise ConfigurationError(
                f"models of {kind}: {present} is in use, there is none before it (huiying models list)"
            )
        self._write_promoted(kind, versions[:-1])
        if len(versions) > 1:
            return versions[-2]
        return SHIPPED_VERSION if has_model(kind.shipped) else None

    def faults(self) -> list[str]:
        """Return why models that were promoted are not in use, a line each."""
        return [model.fault for model in self.models() if model.fault and model.is_live]

    def _in_use(self, kind: ModelKind) -> Iterator[Path]:
        """Give the folders to try, the one in use first; the shipped one is not among them at the end."""
        if self.folder is None:
            return
        for version in reversed(self._promoted(kind)):
            if version == SHIPPED_VERSION:
                return
            yield self._place(kind, version)

    def _place(self, kind: ModelKind, version: str) -> Path:
        folder = self._kind_folder(kind) / version
        is_old = kind is ModelKind.TOPICS and not has_model(folder) and self._old_version() == version
        return self.folder if is_old and self.folder is not None else folder

    def _kind_folder(self, kind: ModelKind) -> Path:
        if self.folder is None:
            raise ConfigurationError("models: this installation keeps none (name its folder: --data-dir)")
        return self.folder / kind.value

    def _promoted(self, kind: ModelKind) -> list[str]:
        if self.folder is None:
            return []
        path = self._kind_folder(kind) / _PROMOTED
        try:
            state = json.loads(path.read_bytes())
            if state["format"] > FORMAT:
                raise ConfigurationError(
                    f"{path}: format {state['format']} is newer than this huiying reads ({FORMAT})"
                    " (upgrade huiying)"
                )
            return [str(version) for version in state["versions"]]
        except FileNotFoundError:
            old = self._old_version() if kind is ModelKind.TOPICS else None
            return [old] if old is not None else []
        except (OSError, ValueError, KeyError, TypeError) as err:
            raise ConfigurationError(
                f"{path}: cannot be read, {err!r} (remove it, then promote again)"
            ) from err

    def _write_promoted(self, kind: ModelKind, versions: list[str]) -> None:
        self._kind_folder(kind).mkdir(parents=True, exist_ok=True)
        _write_json(self._kind_folder(kind) / _PROMOTED, {"format": FORMAT, "versions": versions})

    def _old_version(self) -> str | None:
        """Return the version of the model that stands in the folder itself, "" if it cannot be read."""
        if self.folder is None or not has_model(self.folder):
            return None
        try:
            return str(read_head(self.folder)["version"])
        except ConfigurationError:
            return ""

    def _move_old_in(self, *, now: datetime) -> None:
        """Put the model that stands in the folder itself among the others, where it stays in use."""
        old = self._old_version()
        if self.folder is None or not old:
            return
        promoted = self._promoted(ModelKind.TOPICS)
        self.put(ModelKind.TOPICS, self.folder, now=now)
        self._write_promoted(ModelKind.TOPICS, promoted)
        for name in reversed(model_files(self.folder)):
            (self.folder / name).unlink()

    def _of_kind(self, kind: ModelKind) -> Iterator[ShelvedModel]:
        promoted = self._promoted(kind)
        live = promoted[-1] if promoted else SHIPPED_VERSION
        if has_model(kind.shipped):
            yield _shelved(kind, kind.shipped, SHIPPED_VERSION, is_live=live == SHIPPED_VERSION)
        if self.folder is None:
            return
        versions = {path.parent.name for path in self._kind_folder(kind).glob(f"*/{HEAD}")} | {*promoted}
        found = [
            _shelved(kind, self._place(kind, version), version, is_live=version == live)
            for version in sorted(versions - {SHIPPED_VERSION})
        ]
        yield from sorted(found, key=lambda model: str(model.trained_at or ""))


def _shelved(kind: ModelKind, folder: Path, name: str, *, is_live: bool) -> ShelvedModel:
    fault = _fault_of(folder, kind)
    card = {} if fault else _read_json(folder / CARD)
    trained = {} if fault else _read_json(folder / _TRAINED)
    return ShelvedModel(
        kind=kind,
        version=name if fault else str(read_head(folder)["version"]),
        folder=folder,
        is_live=is_live,
        is_shipped=name == SHIPPED_VERSION,
        trained_at=parse_time(trained["trained_at"]) if trained else None,
        card=card,
        fault=fault,
    )


def _fault_of(folder: Path, kind: ModelKind) -> str:
    try:
        read_head(folder, name=kind.model_name, check_weights=True)
    except ConfigurationError as err:
        return str(err)
    return ""


def _read_json(path: Path) -> dict[str, Any]:
    """Return what the file says, nothing where it is absent. Raises ConfigurationError for a damaged one."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as err:
        raise ConfigurationError(f"{path}: cannot be read, {err} (train the model again)") from err
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    with placed(path) as file:
        file.write((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
