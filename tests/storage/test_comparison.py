"""The index against the truth, post by post: what is missing, too much or old is named, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from nlp.segment import words
from storage import comparison
from storage.database import Database
from storage.documents import build_document
from storage.indexer import drain
from storage.search import SearchIndex
from tests.storage.samples import NOW, analysis, post


def fill(database: Database, index: SearchIndex) -> None:
    posts = [post(number, asked_at=NOW - timedelta(days=20 * number)) for number in range(12)]
    database.posts.save(posts)
    database.analyses.save([analysis(one) for one in posts[:5]])
    drain(database, index, segment=words)


def test_an_index_that_holds_the_truth_does_not_differ(database: Database, index: SearchIndex) -> None:
    assert not database.compare(index)
    fill(database, index)
    steps: list[int] = []
    assert not database.compare(index, progress=steps.append)
    assert sum(steps) == 12


def test_what_differs_is_named_and_queued_it_is_mended(database: Database, index: SearchIndex) -> None:
    fill(database, index)
    index.delete(["mailbox/4"], version=database.outbox.newest())
    long_ago = post(99, asked_at=NOW - timedelta(days=9_000))
    index.add([build_document(long_ago, None, None, flagged=False, segment=words)], version=1)
    # The analysis of another post, as it was before: it is still there, only its counts tell.
    stale = post(11, asked_at=NOW - timedelta(days=220))
    old = build_document(stale, analysis(stale, topic="交通"), None, flagged=False, segment=words)
    index.add([old], version=database.outbox.newest())
    index.refresh()
    found = database.compare(index)
    assert (found.missing, found.extra) == ({"mailbox/4"}, {"mailbox/99"})
    assert "mailbox/11" in found.stale
    assert len(found.stale) <= 2  # those of its month
    database.outbox.put(found.post_ids())
    drain(database, index, segment=words)
    assert not database.compare(index)
    assert index.count() == 12


def test_a_text_of_before_is_stale_though_nothing_is_counted_otherwise(
    database: Database, index: SearchIndex
) -> None:
    fill(database, index)
    before = [one for post_id in ("mailbox/3", "mailbox/8") if (one := database.posts.get(post_id))]
    database.posts.save([replace(one, text="改了一个字") for one in before])
    database.analyses.save([analysis(one) for one in database.posts.get_many(["mailbox/3"]).values()])
    drain(database, index, segment=words)
    assert not database.compare(index)
    for number, model in ((0, analysis(before[0])), (1, None)):
        document = build_document(before[number], model, None, flagged=False, segment=words)
        index.add([document], version=database.outbox.newest())
    index.refresh()
    assert {"mailbox/3", "mailbox/8"} <= database.compare(index).stale


def test_what_another_model_read_is_stale(database: Database, index: SearchIndex) -> None:
    fill(database, index)
    one = database.posts.get("mailbox/2")
    assert one is not None
    document = build_document(one, analysis(one, model_version="m0"), None, flagged=False, segment=words)
    index.add([document], version=database.outbox.newest())
    index.refresh()
    assert "mailbox/2" in database.compare(index).stale


def test_a_text_beyond_its_retention_is_stale(database: Database, index: SearchIndex) -> None:
    fill(database, index)
    one = database.posts.get("mailbox/9")
    assert one is not None
    database.purge(one.channel, before=one.asked_at + timedelta(seconds=1), now=NOW)
    drain(database, index, segment=words)
    assert not database.compare(index)
    index.add(
        [build_document(one, None, None, flagged=False, segment=words)], version=database.outbox.newest()
    )
    index.refresh()
    assert "mailbox/9" in database.compare(index).stale


def test_what_waits_or_was_refused_is_no_difference(database: Database, index: SearchIndex) -> None:
    fill(database, index)
    database.posts.save([post(50)])
    assert not database.compare(index)
    with database._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE posts SET channel = '无' WHERE id = 'mailbox/50'")
    drain(database, index, segment=words)
    assert not database.compare(index)


def test_a_stretch_may_hold_more_than_a_page(
    database: Database, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.posts.save([post(number) for number in range(30)])
    drain(database, index, segment=words)
    monkeypatch.setattr(comparison, "PAGE", 7)
    assert not database.compare(index)
