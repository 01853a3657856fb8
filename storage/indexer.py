"""From the outbox to the index: catches up after any crash, may be run by many at once, loses nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import islice

from records.times import Period
from storage.database import Claim, Database
from storage.documents import build_documents
from storage.query import Segment
from storage.search import NotIndexedError, SearchIndex

# Posts read and handed to the index at once, for the memory they take.
BATCH = 5_000
# Held while the watermark is looked at and moved. The longest holder queues every post of a rebuild.
WATERMARK = "watermark"
LOCK_WAIT_S = 300.0
# What a row that cannot be made a document of raises; anything else is no fault of that row.
_FAULTS_OF_A_ROW = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)

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
    is filled anew. `progress` is called after each batch with the number of its posts. A post that the index
    refuses, or of which no document can be made, is tried in storage.outbox.TRIES calls and then set aside
    with the reason; the index holds nothing of it.

    Any number of processes may call this at once, with no lock around it and each with an `index` of its own
    (one that was opened twice; a SearchIndex is written by one thread at a time). On PostgreSQL they share
    the work by batches, and it returns when nothing is left that no other is at. With tantivy one writes at
    a time. Raises Retryable where another holds tantivy for long, began a rebuild meanwhile, or where
    database or index are away: then call it again.
    """
    with index.writing():
        with database.lock(WATERMARK, wait_s=LOCK_WAIT_S):
            _mend(database, index)
        return _catch_up(database, index, segment, progress)


def drain_posts(database: Database, index: SearchIndex, post_ids: Sequence[str], *, segment: Segment) -> int:
    """Bring the index up to the truth as to these posts only, as `drain` does; return how many are in.

    For who knows of what is ready while much else in the outbox is not.
    """
    with index.writing():
        with database.lock(WATERMARK, wait_s=LOCK_WAIT_S):
            _mend(database, index)
        with database.outbox.claim_posts(post_ids) as claim:
            return _work_off(database, index, claim, segment, None) if claim.post_ids else 0


def reindex(
    database: Database,
    index: SearchIndex,
    *,
    segment: Segment,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Throw the index away and build it from the truth; return how many documents were put in.

    Others that drain meanwhile help; it may return while they still do. What was set aside is tried once.
    """
    with index.writing():
        begin_reindex(database, index)
        return _catch_up(database, index, segment, progress)


def begin_reindex(database: Database, index: SearchIndex) -> int:
    """Throw the index away and queue every post for it; return how many.

    `drain` then builds it, in any number of goes; where the engine can, people read the old one meanwhile.
    """
    with index.writing(), database.lock(WATERMARK, wait_s=LOCK_WAIT_S):
        return _start_anew(database, index)


def fill(database: Database, index: SearchIndex, period: Period, *, segment: Segment) -> int:
    """Put in the posts asked in `period`, as the truth holds them now; return how many. The outbox stays.

    For an index that stands in for another; its watermark is that of the truth before it was read.
    """
    newest = database.outbox.newest()
    posts = database.posts.stream(period=period)
    documents = 0
    with index.writing():
        while batch := [post.id for post in islice(posts, BATCH)]:
            documents += _put_in(database, index, batch, segment)[0]
        index.refresh(watermark=newest)
    return documents


def _mend(database: Database, index: SearchIndex) -> None:
    outbox = database.outbox
    if not outbox.done_up_to() <= index.watermark() <= outbox.newest():
        _log.warning("the search index does not match the database: it is built anew")
        _start_anew(database, index)


def _start_anew(database: Database, index: SearchIndex) -> int:
    # In this order: killed in between, the watermark of 0 tells the next drain to start anew. From the last
    # step on the outbox holds all that the index lacks.
    index.begin_rebuild()
    queued = database.outbox.refill()
    index.refresh(watermark=database.outbox.newest())
    return queued


def _catch_up(
    database: Database, index: SearchIndex, segment: Segment, progress: Callable[[int], None] | None
) -> int:
    documents = 0
    database.outbox.retry_refused()
    while True:
        with database.outbox.claim(BATCH * index.batches_a_commit) as claim:
            if not claim.post_ids:
                break
            documents += _work_off(database, index, claim, segment, progress)
    if not database.outbox.holds_refilled():
        index.publish()
    return documents


def _work_off(
    database: Database,
    index: SearchIndex,
    claim: Claim,
    segment: Segment,
    progress: Callable[[int], None] | None,
) -> int:
    """Put in what is claimed; return how many documents."""
    documents = 0
    refused: dict[str, str] = {}
    for start in range(0, len(claim.post_ids), BATCH):
        batch = claim.post_ids[start : start + BATCH]
        taken, not_taken = _put_in(database, index, batch, segment)
        documents += taken
        refused |= not_taken
        if progress is not None:
            progress(len(batch))
    # Claims end in any order; the watermark never goes back.
    with database.lock(WATERMARK, wait_s=LOCK_WAIT_S):
        index.refresh(watermark=max(claim.up_to, index.watermark()))
    claim.done(refused=refused)
    if refused:
        _log.warning("%d posts could not be indexed (huiying doctor)", len(refused))
    return documents


def _put_in(
    database: Database, index: SearchIndex, post_ids: Sequence[str], segment: Segment
) -> tuple[int, dict[str, str]]:
    """Make the index hold of the posts what the truth holds.

    Returns how many documents are in, and of which posts none could be put in, and why.
    """
    version = database.outbox.newest()
    try:
        posts = database.posts.get_many(post_ids)
        documents = build_documents(
            posts.values(),
            database.analyses.get_many(post_ids),
            database.problems.problem_ids_of(post_ids),
            flagged=database.alerts.flagged(post_ids),
            segment=segment,
        )
        index.delete((post_id for post_id in post_ids if post_id not in posts), version=version)
        return index.add(documents, version=version), {}
    except NotIndexedError as err:
        # What it holds of them is older than the truth.
        index.delete(err.reasons, version=version)
        return len(posts) - len(err.reasons), dict(err.reasons)
    except _FAULTS_OF_A_ROW as err:
        if len(post_ids) == 1:
            index.delete(post_ids, version=version)
            return 0, {post_ids[0]: f"{type(err).__name__}: {err}"}
    # Halves of halves, until that post is alone; the others are put in about twice.
    middle = len(post_ids) // 2
    taken, refused = _put_in(database, index, post_ids[:middle], segment)
    more, too = _put_in(database, index, post_ids[middle:], segment)
    return taken + more, refused | too
