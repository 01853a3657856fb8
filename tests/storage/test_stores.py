"""Analyses, problems, alerts, deliveries, runs, audit, pages, briefings and the outbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from records.alert import AlertState, DeliveryState
from records.errors import Rejected
from records.page import PageState
from records.post import Channel
from records.problem import Outcome, ProblemState
from records.run import AuditEntry, RunCounts, RunKind, RunState
from records.times import Period
from storage import problems as problems_module
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
)

HOUR = timedelta(hours=1)


def test_analyses_come_back_and_are_replaced(database: Database) -> None:
    database.posts.save([post(1), post(2)])
    full = analysis(post(1))
    bare = analysis(
        post(2), topic=None, runner_up=None, reasons=(), places=(), keywords=(), reply_quality=None,
        subtopic=None, own_topics=(),
    )  # fmt: skip
    database.analyses.save([full, bare])
    assert database.analyses.get_many(["mailbox/1", "mailbox/2", "x/1"]) == {
        full.post_id: full,
        bare.post_id: bare,
    }
    again = replace(full, urgency=0, model_version="m2")
    database.analyses.save([again])
    assert database.analyses.get("mailbox/1") == again
    assert database.analyses.get("x/1") is None


def test_only_analysed_reports_await_merging(database: Database) -> None:
    posts = [post(1), post(2), post(3, channel=Channel.NEWS), post(4)]
    database.posts.save(posts)
    database.analyses.save([analysis(one) for one in posts[:3]])
    assert [one.id for one, _ in database.problems.awaiting_merge(9)] == ["mailbox/2", "mailbox/1"]
    (found, read), *_ = database.problems.awaiting_merge(1)
    assert (found, read) == (post(2), analysis(post(2)))
    database.problems.commit([membership(post(2))], [problem()])
    assert [one.id for one, _ in database.problems.awaiting_merge(9)] == ["mailbox/1"]
    database.posts.save([post(2, text="改")])
    database.analyses.save([analysis(post(2), revision=2)])
    assert [one.id for one, _ in database.problems.awaiting_merge(9)] == ["mailbox/1"]


def test_problems_come_back_and_are_replaced(database: Database) -> None:
    database.posts.save([post(1)])
    first = problem(outcome=Outcome.FIXED, due_at=NOW, urgency=2, dissatisfaction=0.5)
    database.problems.commit([membership(post(1), copy_of="mailbox/0")], [first])
    assert database.problems.get("p1") == first
    assert database.problems.membership("mailbox/1") == membership(post(1), copy_of="mailbox/0")
    assert database.problems.membership("mailbox/9") is None
    grown = replace(first, n_posts=5, state=ProblemState.REOPENED, outcome=None)
    database.problems.commit([], [grown])
    assert database.problems.get_many(["p1", "p9"]) == {"p1": grown}
    assert database.problems.problem_ids_of(["mailbox/1", "mailbox/9"]) == {"mailbox/1": "p1"}
    assert database.problems.membership_count() == 1


def test_a_problem_goes_stale_when_a_post_of_it_is_read_again(database: Database) -> None:
    database.posts.save([post(1), post(2)])
    database.analyses.save([analysis(post(1)), analysis(post(2))])
    database.problems.commit([membership(post(1))], [problem(), problem("p2")])
    assert database.problems.stale(9) == []
    database.analyses.save([analysis(post(2))])
    assert database.problems.stale(9) == []
    database.analyses.save([analysis(post(1))])
    assert database.problems.stale(9) == ["p1"]
    database.problems.commit([], [problem()])
    assert database.problems.stale(9) == []


def test_a_problem_that_was_only_joined_is_stale(database: Database) -> None:
    database.posts.save([post(1), post(2), post(3)])
    database.problems.commit([membership(post(1))], [problem()])
    database.problems.commit([membership(post(2)), membership(post(3), "p2")], [problem("p2")])
    assert database.problems.stale(9) == ["p1"]
    database.problems.commit([], [problem(n_posts=2)])
    assert database.problems.stale(9) == []


def test_problems_are_listed_by_what_matters(database: Database) -> None:
    many = [
        problem("small", n_posts=1, urgency=3, first_seen=NOW - 9 * HOUR, last_seen=NOW),
        problem("large", n_posts=9, urgency=0, first_seen=NOW - 5 * HOUR, last_seen=NOW - 5 * HOUR),
        problem("closed", n_posts=4, urgency=1, state=ProblemState.CLOSED, topic="交通运输", place=None),
    ]
    database.problems.commit([], many)

    def ids(**wanted: object) -> list[str]:
        return [one.id for one in database.problems.list(**wanted)]  # type: ignore[arg-type]  # of many kinds

    assert ids() == ["large", "closed", "small"]
    assert ids(order="newest") == ["small", "large", "closed"]
    assert ids(order="urgency") == ["small", "closed", "large"]
    assert ids(order="age") == ["closed", "small", "large"]
    assert ids(states=[ProblemState.OPEN], min_posts=2) == ["large"]
    assert ids(topic="交通运输") == ["closed"]
    assert ids(place="梅溪小区", limit=1, offset=1) == ["small"]
    assert ids(seen=Period(start=NOW - 6 * HOUR, end=NOW - 4 * HOUR)) == ["large", "small"]
    assert database.problems.count() == 3
    assert database.problems.count(states=[ProblemState.CLOSED, ProblemState.REOPENED]) == 1


def test_members_come_by_time_and_fingerprints_in_the_order_of_merging(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems_module, "STREAM_BATCH", 2)
    posts = [post(number) for number in range(1, 6)]
    database.posts.save(posts)
    database.analyses.save([analysis(one, fingerprint=f"f{one.native_id}") for one in posts])
    database.problems.commit([membership(posts[1]), membership(posts[0])], [problem()])
    database.problems.commit([membership(one, "p2") for one in posts[2:]], [problem("p2")])
    assert [one.post_id for one in database.problems.members("p1")] == ["mailbox/2", "mailbox/1"]
    assert {key: len(found) for key, found in database.problems.members_of(["p1", "p2", "p3"]).items()} == {
        "p1": 2,
        "p2": 3,
        "p3": 0,
    }
    streamed = list(database.problems.stream_fingerprints())
    assert [fingerprint for _, fingerprint, _ in streamed] == ["f2", "f1", "f3", "f4", "f5"]
    assert streamed[0] == (membership(posts[1]), "f2", posts[1].asked_at)


def test_alerts_flag_their_posts_until_they_are_resolved(database: Database) -> None:
    database.alerts.save([alert()])
    assert database.alerts.get("a1") == alert()
    assert database.alerts.flagged(["mailbox/1", "mailbox/3"]) == {"mailbox/1"}
    lag = database.outbox.lag()
    database.alerts.set_state("a1", AlertState.ACKNOWLEDGED, now=NOW)
    assert database.alerts.flagged(["mailbox/1"]) == {"mailbox/1"}
    resolved = database.alerts.set_state("a1", AlertState.RESOLVED, now=NOW + HOUR)
    assert (resolved.state, resolved.updated_at) == (AlertState.RESOLVED, NOW + HOUR)
    assert database.alerts.get("a1") == resolved
    assert database.alerts.flagged(["mailbox/1"]) == set()
    assert database.outbox.lag() == lag + 4
    with pytest.raises(Rejected, match='alert "a9"') as raised:
        database.alerts.set_state("a9", AlertState.RESOLVED, now=NOW)
    assert raised.value.code == "unknown_alert"


def test_an_alert_that_drops_a_post_has_it_indexed_again(database: Database) -> None:
    database.alerts.save([alert()])
    done_with_all(database)
    database.alerts.save([alert(post_ids=("mailbox/1", "mailbox/7"))])
    assert [item.post_id for item in database.outbox.take(9)] == ["mailbox/1", "mailbox/2", "mailbox/7"]


def test_alerts_are_listed_gravest_first(database: Database) -> None:
    database.alerts.save(
        [
            alert("old", severity=1, fired_at=NOW - 2 * HOUR),
            alert("new", severity=1),
            alert("mild", severity=4, rule="其他"),
            alert("done", severity=1, state=AlertState.RESOLVED, fired_at=NOW - 3 * HOUR),
        ]
    )
    assert [one.id for one in database.alerts.list()] == ["new", "old", "done", "mild"]
    assert [one.id for one in database.alerts.list(states=[AlertState.ACTIVE], limit=1, offset=1)] == ["old"]
    assert [one.id for one in database.alerts.list(rule="其他")] == ["mild"]
    recent = Period(start=NOW - 2 * HOUR, end=NOW)
    assert [one.id for one in database.alerts.list(fired=recent)] == ["old"]


def test_a_delivery_is_written_once_and_marked_on_its_way(database: Database) -> None:
    ledger = database.deliveries
    assert ledger.enqueue([delivery(), delivery("k2", next_attempt_at=NOW + HOUR)]) == 2
    assert ledger.enqueue([delivery(title="改"), delivery("k3")]) == 1
    assert [one.key for one in ledger.due(NOW)] == ["k1", "k3"]
    assert ledger.due(NOW)[0] == delivery()
    assert ledger.begin("k1", now=NOW)
    assert not ledger.begin("k1", now=NOW), "another has it"
    ledger.mark("k1", DeliveryState.FAILED, now=NOW, next_attempt_at=NOW + HOUR, error="HTTP 500")
    assert ledger.begin("k3", now=NOW)
    ledger.mark("k3", DeliveryState.SENT, now=NOW)
    assert ledger.due(NOW) == []
    assert [(one.key, one.attempts, one.error) for one in ledger.due(NOW + HOUR)] == [
        ("k1", 1, "HTTP 500"),
        ("k2", 0, None),
    ]
    assert [one.sent_at for one in ledger.list(states=[DeliveryState.SENT])] == [NOW]


def test_a_delivery_left_half_way_is_not_sent_again(database: Database) -> None:
    database.deliveries.enqueue([delivery(), delivery("k2")])
    assert database.deliveries.begin("k1", now=NOW)
    assert database.deliveries.recover(NOW) == 1
    assert [one.key for one in database.deliveries.due(NOW)] == ["k2"]
    assert [one.key for one in database.deliveries.list(states=[DeliveryState.UNCONFIRMED])] == ["k1"]
    assert database.deliveries.recover(NOW) == 0


def test_runs_are_recorded(database: Database) -> None:
    runs = database.runs
    first = runs.start(RunKind.CRAWL, "mailbox", now=NOW)
    counts = RunCounts(fetched=5, stored=3, rejected={"bad_date": 2}, bytes=999)
    finished = runs.finish(first, RunState.DONE, counts, now=NOW + HOUR)
    assert (finished.id, finished.counts) == (first, counts)
    second = runs.start(RunKind.CRAWL, "mailbox", now=NOW + HOUR)
    runs.start(RunKind.RULE, "停水激增", now=NOW)
    assert [one.id for one in runs.list(kind=RunKind.CRAWL, subject="mailbox")] == [second, first]
    assert len(runs.list(limit=2)) == 2
    assert runs.latest(RunKind.CRAWL)["mailbox"].id == second
    done = runs.last_success(RunKind.CRAWL)["mailbox"]
    assert (done.id, done.counts, done.finished_at) == (first, counts, NOW + HOUR)
    assert runs.interrupt_stale(now=NOW + 3 * HOUR, older_than=2.5 * HOUR) == 1
    assert runs.list(kind=RunKind.RULE)[0].state is RunState.INTERRUPTED
    assert runs.latest(RunKind.CRAWL)["mailbox"].state is RunState.RUNNING


def test_the_audit_log_is_read_newest_first(database: Database) -> None:
    entries = [
        AuditEntry(at=NOW, actor="analyst", action="view", subject="mailbox/1"),
        AuditEntry(at=NOW, actor="editor", action="approve", subject="briefing/1", detail="日报"),
    ]
    for entry in entries:
        database.audit.record(entry)
    assert database.audit.list() == entries[::-1]
    assert database.audit.list(subject="mailbox/1") == entries[:1]


def test_page_states_are_replaced_by_url(database: Database) -> None:
    state = PageState(url="https://example.invalid/", etag='"1"', last_modified=None, body_sha256="ab")
    database.pages.put([state])
    database.pages.put(
        [
            replace(state, etag='"2"', refusal="rejected no_date"),
            replace(state, url="https://example.invalid/b"),
        ]
    )
    assert database.pages.get(state.url) == replace(state, etag='"2"', refusal="rejected no_date")
    assert database.pages.get("https://example.invalid/c") is None
    database.pages.put([])


def test_briefings_are_frozen_and_approved_once(database: Database) -> None:
    day = Period(start=NOW - 24 * HOUR, end=NOW)
    first = database.snapshots.add("daily", day, '{"来件":3}', now=NOW)
    second = database.snapshots.add("daily", day, '{"来件":4}', now=NOW + HOUR)
    database.snapshots.add("weekly", day, "{}", now=NOW)
    assert database.snapshots.get(first.id) == first
    assert database.snapshots.latest("daily", day) == second
    assert database.snapshots.latest("monthly", day) is None
    assert [one.kind for one in database.snapshots.list(limit=2)] == ["weekly", "daily"]
    assert database.snapshots.approve(first.id, now=NOW).approved_at == NOW
    assert database.snapshots.approve(first.id, now=NOW + HOUR).approved_at == NOW
    with pytest.raises(Rejected, match="briefing 99"):
        database.snapshots.approve(99, now=NOW)


def test_the_outbox_holds_a_row_until_it_is_done(database: Database) -> None:
    database.posts.save([post(1), post(2), post(3)])
    rows = database.outbox.take(2)
    assert [row.post_id for row in rows] == ["mailbox/1", "mailbox/2"]
    assert database.outbox.take(2) == rows
    with database.outbox.claim(2) as claim:
        assert (claim.post_ids, claim.up_to) == (("mailbox/1", "mailbox/2"), rows[-1].sequence)
    assert database.outbox.take(2) == rows
    with database.outbox.claim(2) as claim:
        claim.done()
    assert (database.outbox.lag(), database.outbox.done_up_to()) == (1, rows[-1].sequence)
    assert database.outbox.refill() == 3
    assert [row.post_id for row in database.outbox.take(9)] == ["mailbox/3", "mailbox/2", "mailbox/1"]


def test_a_sequence_is_never_used_again(database: Database) -> None:
    database.posts.save([post(1)])
    (first,) = database.outbox.take(9)
    done_with_all(database)
    database.posts.save([post(2)])
    (second,) = database.outbox.take(9)
    assert second.sequence > first.sequence
    assert database.outbox.newest() == second.sequence


def test_problems_are_counted_by_when_their_answer_is_due(database: Database) -> None:
    kept = [
        problem("late", due_at=NOW - timedelta(days=1)),
        problem("near", due_at=NOW),
        problem("free"),
        problem("closed", due_at=NOW - timedelta(days=1), state=ProblemState.CLOSED),
    ]
    database.problems.commit([], kept)
    assert database.problems.count(states=[ProblemState.OPEN], due_before=NOW) == 1
    assert database.problems.count(due_before=NOW + timedelta(days=1)) == 3
