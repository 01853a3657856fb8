"""What rules and briefings ask while the search server is away: a small index of their own, of the truth.

Nobody is left without alerts because a search engine is down. The stand-in holds the newest posts, is built
anew for each round, and is gone after it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from app.wiring import Parts
from nlp.segment import words
from records.errors import Retryable
from records.times import Period
from storage.indexer import fill
from storage.search import SearchIndex
from storage.search_engines import open_index

# The longest baseline of a shipped rule is eight weeks before its window; a rule that looks further back
# sees only these.
LOOK_BACK = timedelta(days=90)

_log = logging.getLogger(__name__)


@contextmanager
def answering(parts: Parts, *, now: datetime) -> Iterator[SearchIndex]:
    """Give the index, or where its server is away one of the last 90 days, built from the truth.

    Building takes about a minute for 200,000 posts, and as much disk as they take for that time.
    """
    try:
        parts.index.count()
    except Retryable as err:
        _log.warning("%s: asking an index of the last %d days instead", err, LOOK_BACK.days)
    else:
        yield parts.index
        return
    with tempfile.TemporaryDirectory(prefix="stand-in-", dir=parts.settings.data_dir) as folder:
        index = open_index(Path(folder), segment=words, zone=parts.settings.zone, clock=lambda: now)
        try:
            # What is dated in the future is asked for by nobody.
            fill(parts.database, index, Period(start=now - LOOK_BACK, end=now), segment=words)
            yield index
        finally:
            index.close()
