"""From the outbox to the index: catches up after any crash, may be run twice, loses nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import islice

from records.query import IndexDocument
from storage.database import Database
from storage.documents import build_document
from storage.query import Segment
from storage.search import SearchIndex

# Outbox rows looked at together, for the rows of one post to meet; 100 bytes each.
LOOK_AHEAD = 50_000
# Documents a commit: each commit costs about 20 ms and makes a segment, each document about 2 kB of memory.
BATCH = 5_000

_log = logging.getLogger(__name__)


def drain(
    database: Database,
    index: SearchIndex,
    *,
    segment: Segment,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Bring the index up to the truth; return how many documents were put in.

    Killed at any point, the next call goes on: a row leaves the outbox only after the index holds it, and
    indexing it again changes nothing. An index that lost what it had, or that belongs to another database,
    is filled anew. `progress` is called after each batch with the number of its documents.
    Raises Retryable where another process holds the index.
    """
    with index.writing():
        _mend(database, index)
        return _catch_up(database, index, segment, progress)


def reindex(
    database: Database,
    index: SearchIndex,
    *,
    segment: Segment,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Throw the index away and build it from the truth; return how many documents were put in."""
    with index.writing():
        _start_anew(database, index)
        return _catch_up(database, index, segment, progress)


def _mend(database: Database, index: SearchIndex) -> None:
    outbox = database.outbox
    if not outbox.done_up_to() <= index.watermark() <= outbox.newest():
        _log.warning("the search index does not match the database: it is built anew")
        _start_anew(database, index)


def _start_anew(database: Database, index: SearchIndex) -> None:
    # In this order: killed in between, the watermark of 0 tells the next drain to start anew.
    index.begin_rebuild()
    database.outbox.refill()


def _catch_up(
    database: Database, index: SearchIndex, segment: Segment, progress: Callable[[int], None] | None
) -> int:
    documents = 0
    while items := database.outbox.take(LOOK_AHEAD):
        # Of a post's rows only the newest counts: what was stored, analysed and merged is put in once.
        newest = {item.post_id: item.sequence for item in items}
        waiting = iter(sorted(newest, key=newest.__getitem__))
        while post_ids := list(islice(waiting, BATCH)):
            documents += _put_in(database, index, post_ids, segment)
            index.refresh(watermark=newest[post_ids[-1]])
            database.outbox.done(newest[post_ids[-1]])
            if progress is not None:
                progress(len(post_ids))
    index.publish()
    return documents


def _put_in(database: Database, index: SearchIndex, post_ids: Sequence[str], segment: Segment) -> int:
    version = database.outbox.newest()
    posts = database.posts.get_many(post_ids)
    analyses = database.analyses.get_many(post_ids)
    problem_ids = database.problems.problem_ids_of(post_ids)
    flagged = database.alerts.flagged(post_ids)
    documents: list[IndexDocument] = [
        build_document(
            post, analyses.get(post_id), problem_ids.get(post_id), flagged=post_id in flagged, segment=segment
        )
        for post_id, post in posts.items()
    ]
    index.delete((post_id for post_id in post_ids if post_id not in posts), version=version)
    return index.add(documents, version=version)
