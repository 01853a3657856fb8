"""Which search index an installation has: Elasticsearch by URL, else the embedded one in a folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from records.errors import ConfigurationError
from records.times import utc_now
from storage.query import Segment
from storage.search import SearchIndex


def open_index(
    url_or_folder: str | Path,
    *,
    segment: Segment,
    zone: tzinfo,
    clock: Callable[[], datetime] = utc_now,
    api_key: str | None = None,
    ca_file: Path | None = None,
    shards: int = 1,
) -> SearchIndex:
    """Return the index in the folder, or at the URL `https://user:password@host:9200/name`.

    A cluster is asked only at the first use; while it is away each use raises Retryable. `api_key`,
    `ca_file` and `shards` (of what is built from now on) are for clusters only.
    Raises ConfigurationError: no such URL, or its client is not installed.
    """
    if isinstance(url_or_folder, Path) or "://" not in url_or_folder:
        from storage.tantivy_index import TantivyIndex

        return TantivyIndex(Path(url_or_folder), segment=segment, zone=zone, clock=clock)
    try:
        from storage.elasticsearch_index import ElasticsearchIndex
    except ModuleNotFoundError as err:
        raise ConfigurationError(
            "search index by URL: the client of Elasticsearch is not installed "
            '(pip install "huiying[elasticsearch]")'
        ) from err
    return ElasticsearchIndex(
        url_or_folder,
        segment=segment,
        zone=zone,
        clock=clock,
        api_key=api_key,
        ca_file=ca_file,
        shards=shards,
    )
