"""Models on disk: a JSON file and an npz of plain arrays beside it. Nothing is ever unpickled.

model.json    format, version, labels, thresholds, and the sha256 of weights.npz
weights.npz   arrays, stored uncompressed under a fixed date: the same arrays give the same bytes
card.json     data, figures and limits of the training run; card.md is the same for people
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from records.errors import ConfigurationError

FORMAT = 1
SHIPPED = Path(__file__).parent / "models"
HEAD, CARD, CARD_TEXT = "model.json", "card.json", "card.md"
_WEIGHTS = "weights.npz"
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can state


def has_model(folder: Path) -> bool:
    """Return whether `folder` holds a model."""
    return (folder / HEAD).is_file()


def model_files(folder: Path) -> list[str]:
    """Return the names of the model's files in `folder`, in the order to write them in: the head last."""
    return [name for name in (_WEIGHTS, CARD, CARD_TEXT, HEAD) if (folder / name).is_file()]


def save_model(folder: Path, head: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
    """Write the model into `folder`: the arrays first, then the head that names their hash."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = _pack(arrays)
    content = {**head, "weights_sha256": hashlib.sha256(packed).hexdigest()}
    mark = hashlib.sha256(_json(content)).hexdigest()[:8]
    write_whole(folder / _WEIGHTS, packed)
    write_whole(folder / HEAD, _json({"format": FORMAT, "version": f"{head['name']}-{mark}", **content}))


@contextmanager
def opened_model(folder: Path, name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Give head and arrays of the model called `name` to who makes something of them.

    Raises ConfigurationError as `load_model` does, and for a part that is missing: a KeyError of the caller.
    """
    head, arrays = load_model(folder, name=name)
    try:
        yield head, arrays
    except KeyError as err:
        raise ConfigurationError(f"model {folder}: {err} is missing (train it again)") from err


def load_model(folder: Path, *, name: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return head and arrays.

    Raises ConfigurationError for a newer format, a wrong hash, a damaged file, and one not called `name`.
    """
    head = read_head(folder, name=name)
    with np.load(io.BytesIO(_read_weights(folder, head)), allow_pickle=False) as arrays:
        return head, {name: arrays[name] for name in arrays.files}


def read_head(folder: Path, *, name: str | None = None, check_weights: bool = False) -> dict[str, Any]:
    """Return the head; raises ConfigurationError as `load_model` does, for the weights only if asked to."""
    path = folder / HEAD
    try:
        head = json.loads(path.read_bytes())
    except OSError as err:
        raise ConfigurationError(f"model {path}: {err.strerror} (train it: huiying train FILE)") from err
    except ValueError as err:
        raise ConfigurationError(f"model {path}: not JSON, {err} (train it again)") from err
    if not isinstance(head, dict) or not isinstance(head.get("format"), int):
        raise ConfigurationError(f"model {path}: states no format (train it again: huiying train FILE)")
    if head["format"] > FORMAT:
        raise ConfigurationError(
            f"model {path}: format {head['format']} is newer than this huiying reads ({FORMAT})"
            " (upgrade huiying, or train again)"
        )
    if missing := {"version", "weights_sha256"} - head.keys():
        raise ConfigurationError(f'model {path}: "{min(missing)}" is missing (train it again)')
    if name is not None and head.get("name") != name:
        raise ConfigurationError(
            f'model {path}: of kind "{head.get("name")}", here belongs one of kind "{name}"'
            " (train one: huiying train)"
        )
    if check_weights:
        _read_weights(folder, head)
    return head


def _read_weights(folder: Path, head: Mapping[str, Any]) -> bytes:
    path = folder / _WEIGHTS
    try:
        content = path.read_bytes()
    except OSError as err:
        raise ConfigurationError(
            f"model {path}: {err.strerror} (train it again: huiying train FILE)"
        ) from err
    if hashlib.sha256(content).hexdigest() != head["weights_sha256"]:
        raise ConfigurationError(
            f"model {path}: does not match the hash in {HEAD}, it is damaged or of another model"
            " (copy both files again, or train: huiying train FILE)"
        )
    return content


def packed(words: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Return the words as one array of bytes, a line each."""
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def unpacked(lines: npt.NDArray[np.uint8]) -> list[str]:
    """Return the words that `packed` made an array of."""
    return lines.tobytes().decode().split("\n") if len(lines) else []


def write_whole(path: Path, content: bytes) -> None:
    """Write `path` by way of a temporary file beside it: readers see the old or the new, never a part."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_bytes(content)
    temporary.replace(path)


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _pack(arrays: Mapping[str, Any]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _FIXED_DATE), member.getvalue())
    return packed.getvalue()
