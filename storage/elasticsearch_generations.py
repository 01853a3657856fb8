"""The physical indices of an installation, `NAME-v1`, `NAME-v2` …, and the two aliases that name them.

People read the alias `NAME`, the indexer writes `NAME-write`. They are the same index, but for the time of a
rebuild, which ends by moving `NAME` in one step. Schema version and watermark are in the `_meta` of the
physical index, so they move with it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from records.errors import ConfigurationError
from storage.elasticsearch_client import Address
from storage.elasticsearch_schema import SCHEMA_VERSION, build_mapping, build_settings

_log = logging.getLogger(__name__)


class IndexGoneError(Exception):
    """An alias names no index any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Physical:
    """The physical index behind the write alias; `read` is the one that people read."""

    name: str
    read: str
    schema: int
    watermark: int


class Generations:
    """What of them is there, and the steps from one to the next. Errors are the client's own."""

    def __init__(self, client: Elasticsearch, address: Address, *, shards: int) -> None:
        self._client = client
        self._address = address
        self._shards = shards
        self.read_alias = address.name
        self.write_alias = f"{address.name}-write"

    def make_or_check(self) -> None:
        """Make the first one where there is none; begin anew beside one of an older version.

        Raises ConfigurationError where the names are something else's, or the version is newer.
        """
        aliases = self._aliases()
        if not aliases:
            self.check_name()
            self._create(f"{self._address.name}-v1", {self.read_alias: {}, self.write_alias: {}})
        elif (now := self._physical(aliases)).schema < SCHEMA_VERSION:
            _log.warning("%s is of an older version: it is built anew beside it", self._address.shown)
            self.start_beside(now)

    def check_name(self) -> None:
        """Raise ConfigurationError where an index has the name of the alias."""
        if self._client.indices.exists(index=self.read_alias) and not self._aliases():
            raise ConfigurationError(
                f"{self._address.shown}: something else has an index of this name (give another name)"
            )

    def exist(self) -> bool:
        """Return whether there is one, ours or not."""
        return bool(self._aliases())

    def now(self) -> Physical:
        """Return the one that is written. Raises IndexGoneError where there is none, ConfigurationError."""
        return self._physical(self._aliases())

    def keep_watermark(self, physical: str, watermark: int) -> None:
        self._client.indices.put_mapping(index=physical, meta=_meta(watermark))

    def start_beside(self, now: Physical) -> str:
        """Make the next one, which is written from now on; drop one that nobody reads. Return its name."""
        number = int(now.name.rpartition("-v")[2]) + 1
        beside = f"{self._address.name}-v{number}"
        self._create(beside, {})
        is_read = now.name == now.read
        leave = (
            {"remove": {"index": now.name, "alias": self.write_alias}}
            if is_read
            else {"remove_index": {"index": now.name}}
        )
        enter = {"add": {"index": beside, "alias": self.write_alias}}
        self._client.indices.update_aliases(actions=[leave, enter])
        return beside

    def publish(self, now: Physical) -> None:
        """Let people read the one that is written, in one step, and drop the one they read."""
        enter = {"add": {"index": now.name, "alias": self.read_alias}}
        self._client.indices.update_aliases(actions=[enter, {"remove_index": {"index": now.read}}])

    def _create(self, physical: str, aliases: dict[str, Any]) -> None:
        self._client.indices.put_index_template(
            name=self._address.name,
            index_patterns=[f"{self._address.name}-v*"],
            template={"settings": build_settings(self._shards), "mappings": build_mapping(_meta(0))},
            priority=500,
        )
        try:
            self._client.indices.create(index=physical, aliases=aliases)
        except BadRequestError as err:
            # Another process was first: then it is the same index.
            if err.error != "resource_already_exists_exception":
                raise

    def _aliases(self) -> dict[str, set[str]]:
        """Return the physical indices of both aliases; empty where there is neither."""
        found: dict[str, set[str]] = {}
        try:
            answer = self._client.indices.get_alias(name=[self.read_alias, self.write_alias]).body
        except NotFoundError:
            return found
        for index, entry in answer.items():
            for alias in entry["aliases"]:
                found.setdefault(alias, set()).add(index)
        return found

    def _physical(self, aliases: dict[str, set[str]]) -> Physical:
        if not aliases:
            raise IndexGoneError(self._address.name)
        read, write = aliases.get(self.read_alias, set()), aliases.get(self.write_alias, set())
        if len(read) != 1 or len(write) != 1:
            raise ConfigurationError(
                f"{self._address.shown}: its aliases {self.read_alias} and {self.write_alias} do not name "
                "one index each (one was deleted, or something else uses them: give another name)"
            )
        name = next(iter(write))
        meta = self._client.indices.get_mapping(index=name).body[name]["mappings"].get("_meta", {})
        ours = meta.get("huiying")
        if ours is None:
            raise ConfigurationError(
                f"{self._address.shown}: the index {name} belongs to something else (give another name)"
            )
        if ours["schema"] > SCHEMA_VERSION:
            raise ConfigurationError(
                f"{self._address.shown}: its schema {ours['schema']} is newer than this version knows "
                "(upgrade huiying, or give another name)"
            )
        return Physical(name=name, read=next(iter(read)), schema=ours["schema"], watermark=ours["watermark"])


def _meta(watermark: int) -> dict[str, Any]:
    return {"huiying": {"schema": SCHEMA_VERSION, "watermark": watermark}}
