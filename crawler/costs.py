"""What the crawls of each source cost its site. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from records.run import RunKind, RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The crawls of one source: requests, those of them that cost no page, bytes, and what came of them."""

    source: str
    crawls: int
    requests: int
    not_modified: int
    bytes: int
    stored: int
    updated: int


def costs(runs: Iterable[RunRecord], *, since: datetime) -> list[Cost]:
    """Return the cost of each source's crawls since then, the dearest first by requests."""
    by_source: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.kind is RunKind.CRAWL and run.started_at >= since:
            by_source.setdefault(run.subject, []).append(run)
    found = [
        Cost(
            source=source,
            crawls=len(of_source),
            requests=sum(run.counts.requests for run in of_source),
            not_modified=sum(run.counts.not_modified for run in of_source),
            bytes=sum(run.counts.bytes for run in of_source),
            stored=sum(run.counts.stored for run in of_source),
            updated=sum(run.counts.updated for run in of_source),
        )
        for source, of_source in by_source.items()
    ]
    return sorted(found, key=lambda cost: cost.requests, reverse=True)
