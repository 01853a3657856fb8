"""Settings: defaults < huiying.toml < HUIYING_* environment < flags. A typo in any of them is an error."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from records.errors import ConfigurationError, nearest
from records.post import Channel

PREFIX = "HUIYING_"
# Names the installation, so it cannot stand in it.
OUTSIDE_VARIABLES = ("HUIYING_DATA_DIR",)
# HUIYING_X_FILE names a file that holds the value of X: passwords stay out of the environment.
OF_FILE = "_file"
TEST_VARIABLES_PREFIX = "HUIYING_TEST_"
HOST_NAME = r"^([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*)?$"  # or none
CLOCK_TIME = r"^([01]\d|2[0-3]):[0-5]\d$"


class Settings(BaseModel):
    """One installation's settings. Every field can stand in huiying.toml and as HUIYING_<NAME>."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_dir: Path = Field(description="The folder of the installation.")
    title: str = Field(
        default="回应", description="What the console and the briefings call this installation."
    )
    issuer: str = Field(default="", description="Who issues the briefings, as printed on them.")
    timezone: str = Field(
        default="Asia/Shanghai", description="The zone of local days and of times without a zone."
    )
    language: Literal["zh", "en"] = Field(
        default="zh", description="The console's language where a reader chose none."
    )
    contact: str = Field(
        default="",
        description="Who runs this crawler: an e-mail address or a page, sent in the user agent. "
        "Crawling sources outside this machine needs it.",
    )
    database_url: str = Field(
        default="", description="SQLAlchemy URL of the truth; empty: SQLite in the data folder."
    )
    index_url: str = Field(
        default="",
        description="The search index: https://user:password@host:9200/name of an Elasticsearch, of several "
        "nodes https://user:password@one:9200,https://two:9200/name; empty: embedded, in the data folder.",
    )
    index_api_key: str = Field(
        default="", description="An API key of Elasticsearch, in place of user and password."
    )
    index_ca_file: Path | None = Field(
        default=None, description="The certificate of the authority that signed Elasticsearch's own."
    )
    index_shards: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Parts of an Elasticsearch index, for the next `reindex`: one for each 8 million posts.",
    )
    host: str = Field(
        default="127.0.0.1",
        description="The address the console listens on: loopback only, unless proxied_as is set.",
    )
    proxied_as: str = Field(
        default="",
        pattern=HOST_NAME,
        description="The host name under which a proxy that asks people to sign in serves the console. Set "
        "it only where nobody reaches the console but through that proxy; empty: loopback only.",
    )
    port: int = Field(default=8731, ge=1, le=65535, description="The port the console listens on.")
    pipeline_every_s: int = Field(
        default=30, ge=1, description="Seconds between looks for posts to analyse and index."
    )
    watch_dir: str = Field(
        default="",
        description="A folder (absolute, or in the data folder) watched for exports, which are imported and "
        "moved to done/ or failed/ in it; empty: none.",
    )
    rules_every_s: int = Field(default=300, ge=5, description="Seconds between rounds of the alert rules.")
    briefing_at: str = Field(
        default="07:30", pattern=CLOCK_TIME, description="When yesterday's briefing is made."
    )
    deadline_preset: str = Field(
        default="留言板",
        description="The deadlines of rules/deadlines.yaml that hold where a source states none. "
        "Check them against your rules.",
    )

    retention_days: dict[Channel, Annotated[int, Field(ge=1)]] = Field(
        default={},
        description="Days after which the texts of a channel are deleted, counted from when they were asked: "
        "{ inbox = 730, hotline = 365 }. What is counted stays; a channel that is not named is kept. "
        "In the environment as JSON.",
    )

    @field_validator("retention_days", mode="before")
    @classmethod
    def _from_environment(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"not a time zone{nearest(name, available_timezones())}")
        return name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def truth_url(self) -> str:
        """Return the SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'huiying.sqlite'}"

    @property
    def console_url(self) -> str:
        """Return where the console answers, as people reach it."""
        if self.proxied_as:
            return f"https://{self.proxied_as}/"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"

    @property
    def index_dir(self) -> Path:
        return self.data_dir / "index"

    @property
    def models_dir(self) -> Path:
        return self.data_dir / "models"

    @property
    def rules_dir(self) -> Path:
        return self.data_dir / "rules"

    @property
    def watched_dir(self) -> Path | None:
        return self.data_dir / self.watch_dir if self.watch_dir else None

    @property
    def mappings_dir(self) -> Path:
        return self.data_dir / "mappings"

    @property
    def catalogue_file(self) -> Path:
        return self.data_dir / "sources.yaml"

    @property
    def words_file(self) -> Path:
        return self.data_dir / "words.txt"

    @property
    def receivers_file(self) -> Path:
        return self.data_dir / "receivers.yaml"

    @property
    def settings_file(self) -> Path:
        return self.data_dir / "huiying.toml"


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """Return HUIYING_DATA_DIR, or the user's data folder."""
    named = environment.get("HUIYING_DATA_DIR")
    return Path(named).expanduser().absolute() if named else Path(platformdirs.user_data_dir("huiying"))


def load_settings(
    data_dir: Path | None = None, *, environment: Mapping[str, str] | None = None, **flags: Any
) -> Settings:
    """Return the settings of the installation in `data_dir`. Flags that are None were not given.

    Raises ConfigurationError naming the file or variable, the key, its value and what is wrong with it.
    """
    environment = os.environ if environment is None else environment
    folder = data_dir.expanduser().absolute() if data_dir else default_data_dir(environment)
    file = folder / "huiying.toml"
    origins: dict[str, str] = {}
    values: dict[str, Any] = {}
    for origin, layer in (
        (str(file), _read_file(file)),
        ("the environment", _read_environment(environment)),
        ("the command line", {key: value for key, value in flags.items() if value is not None}),
    ):
        values.update(layer)
        origins.update(dict.fromkeys(layer, origin))
    try:
        return Settings(data_dir=folder, **values)
    except ValidationError as err:
        raise ConfigurationError(_first_error(err, values, origins)) from err


def _read_file(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):  # set up, or refused, by app.installation
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigurationError(f"{file}: not readable as TOML: {err}") from err
    for key in values:
        if key not in Settings.model_fields or key == "data_dir":
            raise ConfigurationError(f'{file}: unknown setting "{key}"{nearest(key, _setting_names())}')
    return values


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, value in environment.items():
        if not variable.startswith(PREFIX) or variable.startswith(TEST_VARIABLES_PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in _setting_names():
            values[name] = value
        elif name.endswith(OF_FILE) and name.removesuffix(OF_FILE) in _setting_names():
            values[name.removesuffix(OF_FILE)] = _read_secret(variable, value, environment)
        elif variable not in OUTSIDE_VARIABLES:
            known = [PREFIX + setting.upper() for setting in _setting_names()]
            raise ConfigurationError(f'environment: unknown variable "{variable}"{nearest(variable, known)}')
    return values


def _read_secret(variable: str, file: str, environment: Mapping[str, str]) -> str:
    plain = variable.removesuffix(OF_FILE.upper())
    if plain in environment:
        raise ConfigurationError(f"environment: both {plain} and {variable} are set (unset one of them)")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or "not UTF-8"
        raise ConfigurationError(f'environment: {variable} = "{file}": {reason} (check the file)') from err


def _setting_names() -> list[str]:
    return [name for name in Settings.model_fields if name != "data_dir"]


def _first_error(err: ValidationError, values: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    problem = err.errors()[0]
    key = str(problem["loc"][0]) if problem["loc"] else "settings"
    reason = problem["msg"].removeprefix("Value error, ")
    return f'{origins.get(key, "settings")}: setting "{key}" = "{values.get(key)}": {reason}'
