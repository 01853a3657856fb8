"""What is wrong with an index on a cluster, told in one line each, with the fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from elasticsearch import ApiError, Elasticsearch

from records.errors import ConfigurationError, Retryable
from storage.elasticsearch_client import Address, check_server, telling
from storage.elasticsearch_generations import Generations
from storage.elasticsearch_schema import build_mapping

# What `huiying` does with its own indices, and with the cluster.
_INDEX_RIGHTS = ("read", "write", "create_index", "manage", "view_index_metadata")
_CLUSTER_RIGHTS = ("monitor", "manage_index_templates")
_BLOCKS = ("read_only", "read_only_allow_delete", "read", "write", "metadata")


def find_faults(client: Elasticsearch, address: Address, generations: Generations) -> list[str]:
    """Return a line for each fault: server, rights, names, mapping, blocks, lost shards. Makes nothing."""
    faults: list[str] = []
    try:
        with telling(address):
            check_server(client, address)
            faults += _missing_rights(client, address)
            if generations.exist():
                physical = generations.now().name
                checks: tuple[Callable[[Elasticsearch, str], Iterator[str]], ...] = (
                    _other_fields,
                    _blocks,
                    _lost_shards,
                )
                for check in checks:
                    faults += [f"{address.shown}: {fault}" for fault in check(client, physical)]
            else:
                generations.check_name()
    except (ConfigurationError, Retryable) as err:
        faults.append(str(err))
    return faults


def _missing_rights(client: Elasticsearch, address: Address) -> list[str]:
    names = [address.name, f"{address.name}-*"]
    try:
        found = client.security.has_privileges(
            cluster=_CLUSTER_RIGHTS, index=[{"names": names, "privileges": _INDEX_RIGHTS}]
        )
    except ApiError as err:
        if err.meta.status in (401, 403):
            raise
        return []  # a server without sign-in has no rights to ask for
    missing = [right for right, granted in found["cluster"].items() if not granted]
    for name in names:
        missing += [f"{right} on {name}" for right, granted in found["index"][name].items() if not granted]
    if not missing:
        return []
    return [f"{address.shown}: this account lacks rights (give it {', '.join(missing)})"]


def _other_fields(client: Elasticsearch, physical: str) -> Iterator[str]:
    found = client.indices.get_mapping(index=physical).body[physical]["mappings"]
    ours = build_mapping({})
    fields: Mapping[str, Any] = found.get("properties", {})
    different = {name for name, field in ours["properties"].items() if fields.get(name) != field}
    different |= set(fields) - set(ours["properties"])
    if found.get("dynamic") != ours["dynamic"]:
        different.add("dynamic")
    if different:
        yield f"the mapping of {physical} is not ours: {', '.join(sorted(different))} (run huiying reindex)"


def _blocks(client: Elasticsearch, physical: str) -> Iterator[str]:
    found = client.indices.get_settings(index=physical, flat_settings=True).body[physical]["settings"]
    for block in _BLOCKS:
        setting = f"index.blocks.{block}"
        if found.get(setting) == "true":
            cause = "the disk was full: make room, then " if block == "read_only_allow_delete" else ""
            yield f"{physical} is blocked by {setting} ({cause}set it to null)"


def _lost_shards(client: Elasticsearch, physical: str) -> Iterator[str]:
    if client.cluster.health(index=physical)["status"] == "red":
        yield f"{physical} is red, no node has some of its shards (start those nodes, or run huiying reindex)"
