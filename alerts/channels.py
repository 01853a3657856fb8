"""The receivers: where notices go, how long they may be, how they read. Secrets come from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, model_validator

from alerts.messages import Template
from alerts.push import is_sendable

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Bytes that a message may have, title and all. WeCom takes 2,048 for a text, the least of the usual services.
# DingTalk and Feishu take requests of 20 kB, in which a Chinese character is written with six bytes instead
# of three. A webhook has no limit; a mail is to be read.
_LIMITS = {"dingtalk": 9_000, "feishu": 9_000, "lark": 9_000, "mailto": 30_000, "mailtos": 30_000}
_LEAST_LIMIT = 2_000
SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One channel. `url` is apprise's, or that of a webhook where there is a `secret` to sign with.

    Both have no place in repr, logs or errors. `fallback` is the receiver that is used while this one fails.
    """

    name: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    fallback: str | None = None
    template: Template = field(default_factory=Template)

    @property
    def is_webhook(self) -> bool:
        return bool(self.secret)

    @property
    def limit(self) -> int:
        """Return how many bytes a message may have."""
        return _LIMITS.get(self.url.partition(":")[0].lower(), _LEAST_LIMIT)


Channels: TypeAlias = Mapping[str, Receiver]


class StatedReceiver(BaseModel):
    """A receiver as the file states it: an apprise URL, or a webhook with the secret that signs it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = ""
    webhook: str = ""
    secret: str = ""
    fallback: str | None = None
    template: Template = Template()

    @model_validator(mode="after")
    def _one_way(self) -> StatedReceiver:
        if bool(self.url) == bool(self.webhook):
            raise ValueError("states no way or two (write url: of apprise, or webhook: with a secret:)")
        if self.webhook and not self.secret:
            raise ValueError('the webhook has no secret to sign with (add secret: "${HOOK_SECRET}")')
        if self.url and self.secret:
            raise ValueError("a secret signs a webhook only (that of an apprise service stands in its URL)")
        return self

    def filled(self, name: str, environment: Mapping[str, str]) -> Receiver:
        """Return the receiver with its secrets. Raises ValueError, which names variables and never values."""
        url = _fill(self.webhook or self.url, environment)
        secret = _fill(self.secret, environment)
        if self.webhook and not re.match(r"https?://[^/]", url):
            raise ValueError("webhook: not an http:// or https:// address")
        if self.webhook and len(secret) < SHORTEST_SECRET:
            raise ValueError(f"secret: shorter than {SHORTEST_SECRET} characters (make a longer one)")
        if self.url and not is_sendable(url):
            raise ValueError("not a complete apprise URL (scheme, host, token; see apprise's docs)")
        return Receiver(name=name, url=url, secret=secret, fallback=self.fallback, template=self.template)


def _fill(text: str, environment: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: _secret(match[1], environment), text)


def _secret(name: str, environment: Mapping[str, str]) -> str:
    """Return the variable's value, or what the file holds that the variable NAME_FILE names."""
    if value := environment.get(name):
        return value
    file = environment.get(f"{name}_FILE")
    if not file:
        raise ValueError(f"the environment variable {name} is not set (export it, or {name}_FILE)")
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as err:
        raise ValueError(f"{name}_FILE: {getattr(err, 'strerror', None) or 'not UTF-8'} (check it)") from err
    if not value:
        raise ValueError(f"{name}_FILE: the file is empty (put the secret into it)")
    return value
