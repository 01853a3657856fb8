"""Posts: idempotent, with every revision kept, in few statements."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError

from records.post import Channel, Post
from records.run import SaveOutcome
from records.times import Period
from storage import posts as posts_module
from storage import schema
from storage.database import Database
from storage.engines import open_engine
from tests.storage.samples import NOW, analysis, post, reply

STORED, UPDATED, UNCHANGED = SaveOutcome.STORED, SaveOutcome.UPDATED, SaveOutcome.UNCHANGED


def test_a_post_comes_back_as_it_was_saved(database: Database) -> None:
    saved = post(
        text="𠮷野家旁边😀“断水”\n　第二行",
        replies=(reply(), reply("已转交", department=None, replied_at=None)),
        rating=4,
        votes_down=1,
    )
    bare = post(2, url=None, title="", addressed_to=None, place=None, status=None)
    assert database.posts.save([saved, bare]) == [("mailbox/1", STORED), ("mailbox/2", STORED)]
    assert database.posts.get_many(["mailbox/2", "mailbox/1", "mailbox/9"]) == {
        saved.id: saved,
        bare.id: bare,
    }
    assert database.posts.get("mailbox/9") is None


def test_saving_again_changes_nothing(database: Database) -> None:
    database.posts.save([post()])
    lag = database.outbox.lag()
    later = post(fetched_at=NOW + timedelta(days=1))
    assert database.posts.save([later]) == [("mailbox/1", UNCHANGED)]
    assert database.posts.get("mailbox/1") == later
    assert len(database.posts.revisions("mailbox/1")) == 1
    assert database.outbox.lag() == lag


def test_moved_votes_are_no_revision_but_are_indexed(database: Database) -> None:
    database.posts.save([post()])
    lag = database.outbox.lag()
    assert database.posts.save([post(votes_up=9)]) == [("mailbox/1", UNCHANGED)]
    found = database.posts.get("mailbox/1")
    assert found is not None
    assert (found.votes_up, found.revision) == (9, 1)
    assert database.outbox.lag() == lag + 1


def test_a_changed_post_is_a_new_revision_and_the_old_one_is_kept(database: Database) -> None:
    first = post(replies=(reply("正在处理"),))
    second = post(status="已办理", replies=(reply("正在处理"), reply("已修复")))
    third = replace(second, replies=(reply("已修复"),))
    database.posts.save([first])
    assert database.posts.save([second]) == [("mailbox/1", UPDATED)]
    assert database.posts.save([third]) == [("mailbox/1", UPDATED)]
    expected = [first, replace(second, revision=2), replace(third, revision=3)]
    assert database.posts.revisions("mailbox/1") == expected
    assert database.posts.get("mailbox/1") == expected[-1]
    assert database.posts.count() == 1


def test_a_batch_may_hold_a_post_several_times(database: Database) -> None:
    database.posts.save([post(2)])
    batch = [
        post(),
        post(text="改过"),
        post(text="改过"),
        post(),
        post(2, text="也改过"),
        post(2, text="再改"),
    ]
    outcomes = [outcome for _, outcome in database.posts.save(batch)]
    assert outcomes == [STORED, UPDATED, UNCHANGED, UPDATED, UPDATED, UPDATED]
    assert [one.text for one in database.posts.revisions("mailbox/1")] == [post().text, "改过", post().text]
    assert [one.revision for one in database.posts.revisions("mailbox/2")] == [1, 2, 3]


def test_sources_may_use_the_same_numbers(database: Database) -> None:
    database.posts.save([post(), post(source="hotline", text="路灯不亮")])
    assert database.posts.count() == 2


def test_a_batch_that_fails_leaves_nothing(database: Database) -> None:
    naive = datetime(2026, 3, 1)  # noqa: DTZ001
    with pytest.raises(Exception, match="names no zone"):
        database.posts.save([post(1), replace(post(2), fetched_at=naive)])
    assert (database.posts.count(), database.outbox.lag()) == (0, 0)


def test_an_error_of_the_database_does_not_carry_message_text(database: Database) -> None:
    with pytest.raises(IntegrityError) as raised:
        database.posts.save([post(title=None)])
    assert "停水" not in str(raised.value)
    assert database.posts.count() == 0


def test_times_are_kept_as_utc_and_come_back_in_shanghai(database_url: str) -> None:
    asked = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    with Database.open(database_url) as database:
        database.posts.save([post(asked_at=asked)])
        found = database.posts.get("mailbox/1")
    assert found is not None
    assert found.asked_at == asked
    assert found.asked_at.isoformat() == "2026-01-01T08:30:00+08:00"
    engine = open_engine(database_url)
    with engine.begin() as connection:
        assert str(connection.exec_driver_sql("SELECT asked_at FROM posts").scalar()).startswith(
            "2026-01-01 00:30"
        )
    engine.dispose()


def test_stream_goes_by_time_across_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posts_module, "STREAM_BATCH", 3)
    same_time = [post(number, asked_at=NOW) for number in (10, 11, 12, 13)]
    many = [post(number, source="a" if number % 2 else "b") for number in range(1, 9)]
    database.posts.save([*many, *same_time])
    ids = [one.id for one in database.posts.stream()]
    assert ids == [one.id for one in sorted([*many, *same_time], key=lambda one: (one.asked_at, one.id))]
    assert [one.id for one in database.posts.stream(source="a")] == ["a/7", "a/5", "a/3", "a/1"]
    period = Period(start=NOW - timedelta(hours=3), end=NOW - timedelta(hours=1))
    assert [one.id for one in database.posts.stream(period=period)] == ["a/3", "b/2"]


def test_known_is_what_a_source_has_and_when_it_was_last_seen(database: Database) -> None:
    posts = [post(1), post(2, status=None, replies=(reply(),)), post(3, source="other")]
    database.posts.save(posts)
    later = NOW + timedelta(hours=5)
    database.posts.mark_seen("mailbox", ["2", "3"], now=later)
    known = database.posts.known("mailbox")
    assert {key: (one.status, one.answered, one.seen_at) for key, one in known.items()} == {
        "1": ("待回复", False, posts[0].fetched_at),
        "2": (None, True, later),
    }
    assert known["2"].stored_at == posts[1].fetched_at
    assert database.posts.known("other")["3"].seen_at == posts[2].fetched_at
    assert database.posts.known("nobody") == {}


def test_awaiting_analysis(database: Database) -> None:
    posts = [post(number) for number in range(1, 6)]
    database.posts.save(posts)
    assert [one.id for one in database.posts.awaiting_analysis("m1", 2)] == ["mailbox/5", "mailbox/4"]
    database.analyses.save([analysis(one) for one in posts[1:]])
    assert [one.id for one in database.posts.awaiting_analysis("m1", 9)] == ["mailbox/1"]
    newer = [one.id for one in database.posts.awaiting_analysis("m2", 9)]
    assert newer == ["mailbox/1", "mailbox/5", "mailbox/4", "mailbox/3", "mailbox/2"]
    assert [one.id for one in database.posts.awaiting_analysis("m2", 2)] == ["mailbox/1", "mailbox/5"]


def test_a_new_revision_awaits_analysis_even_if_the_old_one_was_read_meanwhile(database: Database) -> None:
    database.posts.save([post()])
    database.posts.save([post(text="又停水了")])
    database.analyses.save([analysis(post())])  # of revision 1
    assert [one.revision for one in database.posts.awaiting_analysis("m1", 9)] == [2]


def test_unanswered_are_reports_without_reply_oldest_first(database: Database) -> None:
    database.posts.save(
        [
            post(1),
            post(30),
            post(50),
            post(60, replies=(reply(),)),
            post(70, channel=Channel.NEWS),
        ]
    )
    found = database.posts.unanswered(asked_before=NOW - timedelta(hours=24))
    assert [one.id for one in found] == ["mailbox/50", "mailbox/30"]
    assert len(database.posts.unanswered(asked_before=NOW, limit=1)) == 1
    database.posts.save([post(50, replies=(reply(),))])
    assert [one.native_id for one in database.posts.unanswered(asked_before=NOW)] == ["30", "1"]


def test_service_counts(database: Database) -> None:
    day = Period(start=NOW - timedelta(hours=24), end=NOW)
    database.posts.save(
        [
            post(1),
            post(2, replies=(reply(replied_at=NOW - timedelta(hours=1)),)),
            post(3, replies=(reply(replied_at=None),)),
            post(4, replies=(reply(replied_at=NOW + timedelta(hours=5)),)),
            post(5, channel=Channel.NOTICE, replies=(reply(),)),
            post(48, replies=(reply(replied_at=NOW - timedelta(hours=2)), reply(replied_at=day.start))),
        ]
    )
    counts = dict(database.posts.service_counts(day, now=NOW))
    assert counts == {"asked": 4, "answered": 2, "replied": 2, "open": 2}
    later = database.posts.service_counts(day, now=NOW + timedelta(hours=6))
    assert (later["answered"], later["open"]) == (3, 1)
    empty = database.posts.service_counts(Period(start=NOW, end=NOW), now=NOW)
    assert set(empty.values()) == {0}


def test_saving_takes_few_statements_however_many_posts(database: Database) -> None:
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    def save(posts: list[Post]) -> int:
        statements.clear()
        database.posts.save(posts)
        return len(statements)

    event.listen(database._engine, "before_cursor_execute", note)
    many = [post(number, replies=(reply(),)) for number in range(1_500)]
    assert save(many) == save([post(9_999, replies=(reply(),))]) < 10
    assert save([replace(one, text="改") for one in many]) < 15
    statements.clear()
    assert sum(1 for _ in database.posts.stream()) == 1_501
    assert len(statements) <= 3 * 3  # begin, posts, replies


def test_deleting_a_post_takes_what_hangs_on_it(database: Database) -> None:
    database.posts.save([post(replies=(reply(),)), post(2)])
    database.posts.save([post(text="改")])
    database.analyses.save([analysis(post(), revision=2)])
    with database._engine.begin() as connection:
        connection.execute(schema.posts.delete().where(schema.posts.c.id == "mailbox/1"))
        left = [
            len(connection.execute(select(table)).all())
            for table in (schema.replies, schema.post_revisions, schema.analyses, schema.posts)
        ]
    assert left == [0, 0, 0, 1]


def test_when_sources_were_last_heard_and_how_often(database: Database) -> None:
    times = [NOW - timedelta(days=days) for days in (9, 5, 4, 1)]
    database.posts.save([post(number, source="a", asked_at=at) for number, at in enumerate(times)])
    database.posts.save([post(1, source="b", asked_at=NOW)])
    assert database.posts.newest_asked(["a", "b", "none"], before=NOW) == {"a": times[-1]}
    assert database.posts.newest_asked([], before=NOW) == {}
    period = Period(start=times[1], end=NOW)
    found = database.posts.asked_times({"a": period, "b": period, "none": period}, limit=2)
    assert found == {"a": times[1:3], "b": [], "none": []}
    assert database.posts.asked_times({}, limit=2) == {}
