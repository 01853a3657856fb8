"""The end of retention: what residents wrote is gone, in every table and file; what is counted stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from records.alert import DeliveryState
from records.post import Channel, Post
from records.run import SaveOutcome
from records.times import Period
from storage import retention, schema
from storage.database import Database
from tests.storage.samples import (
    NOW,
    alert,
    analysis,
    delivery,
    done_with_all,
    membership,
    post,
    problem,
    reply,
)

DAY = timedelta(days=1)
BEFORE = NOW - 10 * DAY
LONG_AGO = NOW - 30 * DAY
# Stands for what a resident wrote; in the samples nothing else holds it.
WRITTEN = "停水"


def old(number: int = 1, **changes: Any) -> Post:
    return post(
        number, **{"asked_at": LONG_AGO + timedelta(hours=number), "replies": (reply(WRITTEN),), **changes}
    )


def everything(database: Database) -> str:
    """Return all that the database holds, as text."""
    with database._engine.begin() as connection:
        tables = schema.metadata.sorted_tables
        return "\n".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)))


@pytest.fixture
def filled(database: Database) -> Database:
    """An old post with all that hangs on it, and nothing else that holds its words."""
    database.posts.save([old()])
    database.posts.save([old(text="停水又三天", title="停水了")])
    found = database.posts.get("mailbox/1")
    assert found is not None
    database.analyses.save([analysis(found)])
    database.problems.commit([membership(found)], [problem(n_posts=1)])
    database.alerts.save([alert(fired_at=LONG_AGO, post_ids=("mailbox/1",), rule="激增")])
    database.deliveries.enqueue([delivery(created_at=LONG_AGO, state=DeliveryState.SENT)])
    return database


def test_no_word_of_it_is_left(filled: Database) -> None:
    assert WRITTEN in everything(filled)
    assert filled.purge(Channel.INBOX, before=BEFORE, now=NOW) == 1
    assert WRITTEN not in everything(filled)


def test_no_word_of_it_is_left_in_the_files_of_sqlite(tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path}/truth.sqlite") as database:
        database.posts.save([old(number, text="很长" * 3_000 + WRITTEN * number) for number in range(1, 40)])
        database.purge(Channel.INBOX, before=BEFORE, now=NOW)
        for path in tmp_path.iterdir():
            assert WRITTEN.encode() not in path.read_bytes(), path


def test_what_is_counted_stays(filled: Database) -> None:
    month = Period(start=LONG_AGO, end=NOW)
    before = filled.posts.get("mailbox/1")
    counts = filled.posts.service_counts(month, now=NOW)
    read = filled.analyses.get("mailbox/1")
    assert before is not None
    assert read is not None
    filled.purge(Channel.INBOX, before=BEFORE, now=NOW)
    after = filled.posts.get("mailbox/1")
    assert after == replace(before, title="", text="", replies=(reply(""),))
    assert filled.posts.service_counts(month, now=NOW) == counts
    kept = filled.analyses.get("mailbox/1")
    assert kept is not None
    assert (kept.topic, kept.places, kept.urgency) == (read.topic, read.places, read.urgency)
    assert [reason.code for reason in kept.reasons] == [reason.code for reason in read.reasons]
    assert filled.problems.get("p1") == problem(n_posts=1, title="")
    assert filled.problems.membership_count() == 1
    assert filled.alerts.list()[0].value == alert().value
    assert [one.state for one in filled.deliveries.list()] == [DeliveryState.SENT]


def test_only_the_channel_and_the_time_that_were_named(database: Database) -> None:
    database.posts.save([old(1), old(2, channel=Channel.HOTLINE), post(3), old(4, asked_at=BEFORE)])
    assert database.count_purgeable(Channel.INBOX, before=BEFORE) == 1
    assert database.purge(Channel.INBOX, before=BEFORE, now=NOW) == 1
    assert [one.native_id for one in database.posts.stream() if one.text == ""] == ["1"]
    assert database.purge(Channel.INBOX, before=BEFORE, now=NOW) == 0
    database.deliveries.enqueue([delivery(created_at=LONG_AGO), delivery("k2", state=DeliveryState.SENT)])
    database.purge(Channel.INBOX, before=BEFORE, now=NOW)
    assert {one.body for one in database.deliveries.list()} == {delivery().body}  # waiting, and not old


def test_it_is_queued_for_the_index_and_not_for_the_models(database: Database) -> None:
    database.posts.save([old()])
    done_with_all(database)
    database.purge(Channel.INBOX, before=BEFORE, now=NOW)
    assert [row.post_id for row in database.outbox.take(9)] == ["mailbox/1"]
    assert database.posts.awaiting_analysis("m1", 9) == []
    # Read by a worker before, saved after.
    database.analyses.save([analysis(post(1))])
    assert database.analyses.get("mailbox/1") is None
    assert database.problems.awaiting_merge(9) == []


def test_a_source_that_still_shows_it_does_not_bring_it_back(database: Database) -> None:
    database.posts.save([old(status="待回复")])
    database.purge(Channel.INBOX, before=BEFORE, now=NOW)
    assert database.posts.save([old(status="待回复")]) == [("mailbox/1", SaveOutcome.UNCHANGED)]
    answered = old(status="已办理", replies=(reply(WRITTEN), reply(WRITTEN)))
    assert database.posts.save([answered]) == [("mailbox/1", SaveOutcome.UPDATED)]
    assert database.posts.save([answered]) == [("mailbox/1", SaveOutcome.UNCHANGED)]
    found = database.posts.get("mailbox/1")
    assert found is not None
    assert (found.status, len(found.replies), found.revision) == ("已办理", 2, 2)
    assert WRITTEN not in everything(database)
    assert database.posts.awaiting_analysis("m1", 9) == []


def test_a_problem_that_still_has_a_post_with_text_is_summed_up_anew(database: Database) -> None:
    database.posts.save([old(1), post(2)])
    database.problems.commit([membership(old(1)), membership(post(2))], [problem()])
    database.purge(Channel.INBOX, before=BEFORE, now=NOW)
    assert database.problems.stale(9) == ["p1"]
    database.purge(Channel.INBOX, before=NOW, now=NOW)
    assert database.problems.stale(9) == []


def test_stopped_half_way_it_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    database.posts.save([old(number) for number in range(8)])

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.purge(Channel.INBOX, before=BEFORE, now=NOW, progress=stop)
    assert database.count_purgeable(Channel.INBOX, before=BEFORE) == 5
    steps: list[int] = []
    assert database.purge(Channel.INBOX, before=BEFORE, now=NOW, progress=steps.append) == 5
    assert steps == [3, 2]
