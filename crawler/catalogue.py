"""The source catalogue: what is gathered, where and how gently. One YAML file, checked before use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from crawler.lined_yaml import LinedYaml, Location, read_lined_yaml
from crawler.refusals import refuse_source
from crawler.source import SPIDERS, Source
from records.errors import ConfigurationError, Rejected, nearest

_NO_PERSON = "huiying never gathers who wrote a message"
_NO_EVASION = "requests are identified and obey the site; logins and blocks are never worked around"
REFUSED_KEYS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "author", "authors", "user", "users", "user_name", "username", "user_id", "userid", "uid",
            "nickname", "nick", "avatar", "avatars", "profile", "profile_link", "poster", "writer", "sender",
            "person", "phone", "mobile", "email", "address", "id_card", "official",
            "作者", "用户", "昵称", "头像", "姓名", "电话",
        ),
        _NO_PERSON,
    ),
    **dict.fromkeys(
        (
            "user_agent", "contact", "cookie", "cookies", "login", "password", "token", "robots",
            "obey_robots", "ignore_robots", "proxy", "proxies", "headers", "captcha", "force",
        ),
        _NO_EVASION,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The sources in the order of the file, names unique."""

    sources: tuple[Source, ...] = ()

    def get(self, name: str) -> Source:
        """Return the source `name`. Raises ConfigurationError, naming the nearest one."""
        for source in self.sources:
            if source.name == name:
                return source
        known = [source.name for source in self.sources]
        hint = nearest(name, known) or f" (known: {', '.join(known) or 'none'})"
        raise ConfigurationError(f'source "{name}": not in the catalogue{hint}')

    def __iter__(self) -> Iterator[Source]:
        return iter(self.sources)

    def __len__(self) -> int:
        return len(self.sources)


def load_catalogue(path: Path) -> Catalogue:
    """Return the catalogue of the YAML file at `path`. An empty file is an empty catalogue.

    Raises ConfigurationError for the first thing wrong: source, key, value, fix and line.
    """
    lined = read_lined_yaml(path)
    if lined.data is None:
        return Catalogue()
    if not isinstance(lined.data, dict) or set(lined.data) - {"sources"}:
        raise ConfigurationError(
            f'catalogue "{path}": its one key is "sources", a list (start with "sources:")'
        )
    entries = lined.data.get("sources") or []
    if not isinstance(entries, list):
        raise ConfigurationError(f'catalogue "{path}": "sources" is no list (write "- name: …" below it)')
    sources = tuple(_read_source(entry, ("sources", number), lined) for number, entry in enumerate(entries))
    _refuse_same_names(sources, lined)
    return Catalogue(sources=sources)


def _read_source(entry: Any, at: Location, lined: LinedYaml) -> Source:
    if not isinstance(entry, dict):
        raise ConfigurationError(
            f'source {at[1]}: "{entry}" is no entry (write "name: …") ({lined.place(at)})'
        )
    who = f'source "{entry.get("name", at[1])}"'
    _refuse_keys(entry, at, who, lined)
    spider = entry.get("spider")
    model = SPIDERS.get(spider) if isinstance(spider, str) else None
    if model is None:
        hint = nearest(str(spider), SPIDERS) or f" (one of {', '.join(SPIDERS)})"
        raise ConfigurationError(
            f'{who}: spider "{spider}" is unknown{hint} ({lined.place((*at, "spider"))})'
        )
    try:
        source = model.model_validate(entry)
        refuse_source(source.name, source.start_urls)
    except ValidationError as err:
        # A mistyped key is also a missing one; its own error says what to do.
        first = min(err.errors(), key=lambda error: error["type"] != "extra_forbidden")
        raise ConfigurationError(_explain(first, who, at, model, lined)) from err
    except Rejected as err:
        raise ConfigurationError(f"{err} ({lined.place((*at, 'start_urls'))})") from err
    return source


def _refuse_keys(value: Any, at: Location, who: str, lined: LinedYaml) -> None:
    """Raise ConfigurationError at the first key, at any depth, that would gather persons or evade a site."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        here = (*at, key)
        plain = str(key).lower().replace("-", "_").removeprefix("reply_")
        if isinstance(value, dict) and plain in REFUSED_KEYS:
            raise ConfigurationError(
                f'{who}: key "{key}" is refused: {REFUSED_KEYS[plain]} (remove it) ({lined.place(here)})'
            )
        _refuse_keys(child, here, who, lined)


def _explain(error: ErrorDetails, who: str, at: Location, model: type[Source], lined: LinedYaml) -> str:
    """Return one line: source, key, value, what is wrong, line."""
    key = ".".join(map(str, error["loc"]))
    place = lined.place((*at, *error["loc"]))
    if error["type"] == "extra_forbidden":
        known = _known_keys(error["loc"], model)
        return f'{who}: key "{key}" is unknown{nearest(str(error["loc"][-1]), known)} ({place})'
    if error["type"] == "missing":
        return f'{who}: key "{key}" is missing (add it) ({place})'
    problem = error["msg"].removeprefix("Value error, ")
    if not key or isinstance(error["input"], dict):
        return f"{who}: {f'{key}: ' if key else ''}{problem} ({place})"
    return f'{who}: {key} "{error["input"]}": {problem} ({place})'


def _known_keys(location: Location, model: type[BaseModel]) -> list[str]:
    """Return the keys of the part of an entry that the last of `location` stands in."""
    for part in location[:-1]:
        within = model.model_fields.get(str(part))
        kinds = get_args(within.annotation) or (within.annotation,) if within is not None else ()
        model = next(
            (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), model
        )
    return list(model.model_fields)


def _refuse_same_names(sources: tuple[Source, ...], lined: LinedYaml) -> None:
    seen: dict[str, int] = {}
    for number, source in enumerate(sources):
        if source.name in seen:
            first = lined.place(("sources", seen[source.name], "name"))
            here = lined.place(("sources", number, "name"))
            raise ConfigurationError(
                f'source "{source.name}": the name is taken by {first} (rename it) ({here})'
            )
        seen[source.name] = number
