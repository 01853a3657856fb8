"""The receivers file: names and their apprise URLs, whose secrets come from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from alerts.push import is_sendable
from alerts.yaml_file import FileError, YamlFile

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where notices go. The URL carries secrets: it has no place in repr, logs or errors."""

    name: str
    url: str = field(repr=False)


Channels: TypeAlias = Mapping[str, Receiver]


class _ReceiversFile(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    receivers: dict[str, str]


def load_channels(path: Path, environment: Mapping[str, str]) -> Channels:
    """Return the receivers by name; none where there is no file: alerts are then seen in the console only.

    Raises FileError naming the receiver and, where a secret is missing, its variable; never the URL.
    """
    if not path.exists():
        return {}
    file = YamlFile(path)
    stated = file.validate(_ReceiversFile, known=_ReceiversFile.model_fields).receivers
    receivers = {}
    for name, template in stated.items():
        line = file.line_of(["receivers", name])
        missing = [v for v in _VARIABLE.findall(template) if not environment.get(v)]
        if missing:
            raise FileError(
                path, line, f"the environment variable {missing[0]} is not set (export it)", name=name
            )
        url = _VARIABLE.sub(lambda match: environment[match[1]], template)
        if not is_sendable(url):
            raise FileError(
                path, line, "not a complete apprise URL (scheme, host, token; see apprise's docs)", name=name
            )
        receivers[name] = Receiver(name=name, url=url)
    return receivers
