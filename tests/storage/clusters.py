"""Indices of a test's own on a shared Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from elasticsearch import Elasticsearch

from storage.elasticsearch_client import read_address


def unused_name() -> str:
    return f"test-{uuid4().hex}"


@contextmanager
def dropped(url: str) -> Iterator[None]:
    """Drop at the end what was made for the index at `url`."""
    yield
    address = read_address(url)
    with Elasticsearch(list(address.hosts)) as client:
        made = list(client.indices.get(index=f"{address.name}-v*", filter_path="*.aliases").body)
        if made:
            client.indices.delete(index=made)
        client.options(ignore_status=404).indices.delete_index_template(name=address.name)
