"""When reports were first fetched, and the runs that are written down once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from records.post import Channel
from records.run import RunCounts, RunKind, RunState
from records.times import Period
from storage.database import Arrival, Database, EndedRun
from tests.storage.samples import NOW, post

HOUR = timedelta(hours=1)
TODAY = Period(start=NOW - HOUR, end=NOW + HOUR)


def test_late_reports_of_every_source_by_arrival(database: Database) -> None:
    database.posts.save(
        [
            post(1, fetched_at=NOW + HOUR / 2),
            post(2, source="hotline"),
            post(3, source="hotline", fetched_at=NOW - 2 * HOUR),  # before the period
            post(200),  # more than a week late
            post(4, channel=Channel.NEWS),
            post(0),  # fetched when it was asked
        ]
    )
    found = database.arrivals.late(TODAY, within=timedelta(days=7))
    assert found == [
        Arrival(post_id="hotline/2", asked_at=NOW - 2 * HOUR, arrived_at=NOW),
        Arrival(post_id="mailbox/1", asked_at=NOW - HOUR, arrived_at=NOW + HOUR / 2),
    ]


def test_a_later_revision_does_not_arrive_again(database: Database) -> None:
    first = post(1, fetched_at=NOW - 3 * HOUR)
    database.posts.save([first])
    database.posts.save([replace(first, text="仍未恢复供水。", fetched_at=NOW)])
    assert database.arrivals.late(TODAY, within=timedelta(days=7)) == []


def test_ended_runs_are_found_by_state_and_number(database: Database) -> None:
    states = {"甲": RunState.DONE, "乙": RunState.FAILED}
    database.runs.add_ended(
        RunKind.RULE,
        [
            EndedRun(
                subject=name, state=state, started_at=NOW, finished_at=NOW, counts=RunCounts(fetched=3),
                error="坏了" if state is RunState.FAILED else None,
            )
            for name, state in states.items()
        ],
    )  # fmt: skip
    newest, first = database.runs.list(kind=RunKind.RULE)
    assert {newest.subject, first.subject} == set(states)
    assert newest.counts == RunCounts(fetched=3)
    (failed,) = database.runs.list(kind=RunKind.RULE, state=RunState.FAILED)
    assert (failed.subject, failed.error) == ("乙", "坏了")
    assert database.runs.list(kind=RunKind.RULE, after=newest.id) == []
    database.runs.add_ended(RunKind.RULE, [])
