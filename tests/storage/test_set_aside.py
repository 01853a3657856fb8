"""Posts that cannot be indexed are set aside and shown; the rest goes on, and several indexers share it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest

from nlp.segment import words
from records.times import utc_now
from storage import indexer
from storage.database import Database
from storage.indexer import drain, reindex
from storage.outbox import TRIES
from storage.search import SearchIndex
from tests.storage.samples import analysis, post

BAD = "mailbox/3"


def run_sql(database: Database, statement: str) -> None:
    with database._engine.begin() as connection:
        connection.exec_driver_sql(statement)


def make_unreadable(database: Database) -> None:
    """Leave in the row of BAD what no code here writes: no document can be made of it."""
    run_sql(database, f"UPDATE posts SET channel = '停水热线' WHERE id = '{BAD}'")


def make_refused(database: Database) -> None:
    """Let the analysis of BAD say what no engine takes: not finite, and beyond 64 bits."""
    database.analyses.save([analysis(post(3), dissatisfaction=float("inf"), urgency=30_000)])


@pytest.fixture(params=[make_unreadable, make_refused])
def filled(request: pytest.FixtureRequest, database: Database) -> Database:
    database.posts.save([post(number) for number in range(7)])
    request.param(database)
    return database


def test_one_post_that_cannot_be_indexed_stops_no_other(filled: Database, index: SearchIndex) -> None:
    for _ in range(TRIES):
        assert filled.outbox.set_aside() == []
        drain(filled, index, segment=words)
        assert (index.count(), filled.outbox.lag()) == (6, 0)
    (found,) = filled.outbox.set_aside()
    assert found.post_id == BAD
    assert found.reason.isascii()
    assert abs(found.refused_at - utc_now()) < timedelta(minutes=5)
    assert drain(filled, index, segment=words) == 0
    assert filled.outbox.set_aside() == [found]


def test_what_was_set_aside_goes_in_once_it_is_mended(filled: Database, index: SearchIndex) -> None:
    for _ in range(TRIES):
        drain(filled, index, segment=words)
    run_sql(filled, f"UPDATE posts SET channel = 'inbox' WHERE id = '{BAD}'")
    run_sql(filled, "DELETE FROM analyses")
    assert drain(filled, index, segment=words) == 0
    assert filled.outbox.retry_set_aside() == 1
    assert drain(filled, index, segment=words) == 1
    assert (index.count(), filled.outbox.set_aside()) == (7, [])


def test_a_new_build_tries_it_once(filled: Database, index: SearchIndex) -> None:
    for _ in range(TRIES):
        drain(filled, index, segment=words)
    assert reindex(filled, index, segment=words) == 6
    assert [one.post_id for one in filled.outbox.set_aside()] == [BAD]


def test_the_index_holds_nothing_old_of_it(database: Database, index: SearchIndex) -> None:
    database.posts.save([post(3), post(4)])
    drain(database, index, segment=words)
    database.posts.save([post(3, text="路灯坏了", title="路灯")])
    make_unreadable(database)
    drain(database, index, segment=words)
    assert [hit.post_id for hit in index.search("停水").hits] == ["mailbox/4"]


def test_the_longest_wait_is_known(database: Database) -> None:
    assert database.outbox.waiting_since() is None
    database.posts.save([post(1)])
    since = database.outbox.waiting_since()
    assert since is not None
    assert abs(since - utc_now()) < timedelta(minutes=5)
    database.posts.save([post(2)])
    assert database.outbox.waiting_since() == since


def test_a_claim_takes_all_rows_of_its_posts(database: Database) -> None:
    database.posts.save([post(1), post(2)])
    database.posts.save([post(1, text="改"), post(3)])
    with database.outbox.claim(1) as claim:
        assert claim.post_ids == ("mailbox/1",)
        claim.done()
    assert [row.post_id for row in database.outbox.take(9)] == ["mailbox/2", "mailbox/3"]


def test_two_claims_share_no_post(database: Database) -> None:
    """On SQLite both see the same rows: there the index lets one write, or has versions."""
    database.posts.save([post(number) for number in range(6)])
    with database.outbox.claim(2) as first, database.outbox.claim(9) as second:
        if database._engine.dialect.name == "postgresql":
            assert (len(first.post_ids), len(second.post_ids)) == (2, 4)
            assert not set(first.post_ids) & set(second.post_ids)
            second.done()
    with database.outbox.claim(9) as again:
        assert set(first.post_ids) <= set(again.post_ids)


def test_many_indexers_put_each_post_in_and_keep_the_watermark(
    database: Database, open_index: Callable[[], SearchIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "BATCH", 10)
    database.posts.save([post(number) for number in range(120)])
    indexes = [open_index() for _ in range(3)]
    started = threading.Barrier(3)

    def work(index: SearchIndex) -> int:
        started.wait()
        return drain(database, index, segment=words)

    with ThreadPoolExecutor(3) as pool:
        put_in = sum(pool.map(work, indexes))
    assert (put_in, database.outbox.lag()) == (120, 0)
    assert {index.count() for index in indexes} == {120}
    # Nothing looks like an index that lost something: the next one does not build it anew.
    assert drain(database, indexes[0], segment=words) == 0
    assert database.outbox.done_up_to() <= indexes[0].watermark() <= database.outbox.newest()


def test_a_rebuild_while_others_work_loses_nothing(
    database: Database, open_index: Callable[[], SearchIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "BATCH", 10)
    database.posts.save([post(number) for number in range(60)])
    first, second = open_index(), open_index()
    watermarks = []

    def meanwhile(_: int) -> None:
        watermarks.append(first.watermark())
        if len(watermarks) == 2:
            database.posts.save([post(number, text="路灯坏了", title="路灯") for number in range(30)])

    drain(database, first, segment=words, progress=meanwhile)
    reindex(database, second, segment=words)
    drain(database, first, segment=words)
    assert (first.count(), first.count("路灯"), database.outbox.lag()) == (60, 30, 0)
    assert all(earlier <= later for earlier, later in pairwise(watermarks))
