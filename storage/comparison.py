"""Whether the search index holds what the truth holds: which posts, and of them what is counted by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, func, select

from records.query import SortOrder
from records.times import Period
from storage import schema
from storage.dialect import in_chunks, reading
from storage.documents import document_version
from storage.post_rows import asked_in
from storage.search import SearchIndex

# Compared at once, by when the posts were asked: their ids are in memory, 100 bytes each.
STRETCH = timedelta(days=30)
PAGE = 5_000
# What is counted by and stands in columns of its own, and what each document was made of; all values of one
# stretch are asked for.
FACETS = ("version", "channel", "source", "status", "topic", "intent", "urgency")
_ALL_VALUES = 10_000
_EVER = Period(start=datetime(1, 1, 2, tzinfo=UTC), end=datetime(9999, 12, 30, tzinfo=UTC))

_POSTS, _ANALYSES = schema.posts.c, schema.analyses.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Ids of posts that the index lacks, of documents without a post, and of posts among which some document
    is older than the truth.
    """

    missing: frozenset[str]
    extra: frozenset[str]
    stale: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.stale)

    def post_ids(self) -> list[str]:
        """Return all of them: queued, they make the index equal to the truth."""
        return sorted(self.missing | self.extra | self.stale)


def compare(
    engine: Engine, index: SearchIndex, *, progress: Callable[[int], None] | None = None
) -> Differences:
    """Return in what the index differs from the truth, but for what waits to be indexed or was refused.

    Every id of both is read, by stretches of 30 days, and the counts of FACETS in each. Posts that come or
    change meanwhile are no difference: what seems to differ is looked at twice. `progress` is called with
    numbers of posts.
    """
    missing: set[str] = set()
    extra: set[str] = set()
    stale: set[str] = set()
    for stretch in _stretches(engine):
        found = _compare_stretch(engine, index, stretch, progress)
        if found:
            again = _compare_stretch(engine, index, stretch, None)
            missing |= found.missing & again.missing
            extra |= found.extra & again.extra
            stale |= found.stale & again.stale
    return Differences(missing=frozenset(missing), extra=frozenset(extra), stale=frozenset(stale))


def _stretches(engine: Engine) -> Iterator[Period]:
    with reading(engine) as connection:
        first, last = connection.execute(select(func.min(_POSTS.asked_at), func.max(_POSTS.asked_at))).one()
    if first is None:
        yield _EVER
        return
    yield Period(start=_EVER.start, end=first)
    while first <= last:
        yield Period(start=first, end=first + STRETCH)
        first += STRETCH
    yield Period(start=first, end=_EVER.end)


def _compare_stretch(
    engine: Engine, index: SearchIndex, stretch: Period, progress: Callable[[int], None] | None
) -> Differences:
    indexed = _indexed(index, stretch)
    counted = index.facets("", FACETS, period=stretch, limit=_ALL_VALUES)
    in_index = {
        name: {value.value: value.count for value in values if value.value}
        for name, values in counted.items()
    }
    with reading(engine) as connection:
        stored, in_truth = _stored(connection, stretch)
        unsettled = _unsettled(connection, stored | indexed)
    if progress is not None:
        progress(len(stored))
    missing, extra = stored - indexed - unsettled, indexed - stored - unsettled
    # Where documents are on their way, counts differ anyway.
    is_stale = not (missing or extra or unsettled) and in_index != in_truth
    return Differences(
        missing=frozenset(missing), extra=frozenset(extra), stale=frozenset(stored if is_stale else ())
    )


def _indexed(index: SearchIndex, stretch: Period) -> set[str]:
    found: set[str] = set()
    after: str | None = None
    while True:
        page = index.search("", period=stretch, sort=SortOrder.OLDEST, limit=PAGE, after=after)
        found.update(hit.post_id for hit in page.hits)
        after = page.next_cursor
        if after is None:
            return found


def _stored(connection: Connection, stretch: Period) -> tuple[set[str], dict[str, dict[str, int]]]:
    """Return the ids of the posts, and by facet how many have each value."""
    post_ids = set(connection.scalars(select(_POSTS.id).where(asked_in(stretch))))
    columns = (
        _POSTS.revision,
        _ANALYSES.model_version,
        _POSTS.text != "",
        _POSTS.channel,
        _POSTS.source,
        _POSTS.status,
        _ANALYSES.topic,
        _ANALYSES.intent,
        func.coalesce(_ANALYSES.urgency, 0),
    )
    query = (
        select(*columns, func.count())
        .select_from(schema.posts.outerjoin(schema.analyses))
        .where(asked_in(stretch))
        .group_by(*columns)
    )
    counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for revision, model_version, has_text, *values, count in connection.execute(query):
        version = document_version(revision, model_version, has_text=bool(has_text))
        for name, value in zip(FACETS, (version, *values), strict=True):
            if value not in (None, ""):
                counts[name][str(value)] += count
    return post_ids, {name: dict(counter) for name, counter in counts.items()}


def _unsettled(connection: Connection, post_ids: Iterable[str]) -> set[str]:
    """Return those that wait in the outbox, or that the index refused."""
    found: set[str] = set()
    is_empty = connection.scalar(select(schema.outbox.c.sequence).limit(1)) is None
    tables = (schema.refusals,) if is_empty else (schema.outbox, schema.refusals)
    for table in tables:
        for chunk in in_chunks(post_ids):
            found.update(connection.scalars(select(table.c.post_id).where(table.c.post_id.in_(chunk))))
    return found
