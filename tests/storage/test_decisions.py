"""What people decide on problems is one transaction with the problems as they are then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from records.problem import Decision, DecisionKind, Membership
from storage.database import Database
from tests.storage.samples import NOW, done_with_all, post, problem

MERGE = Decision(
    kind=DecisionKind.MERGE,
    decided_at=NOW,
    problem_id="p1",
    other_id="p2",
    ones=(post(1).id,),
    others=(post(2).id,),
)


def member(number: int, problem_id: str) -> Membership:
    return Membership(post_id=post(number).id, problem_id=problem_id, score=0.5, reason="同一地点")


@pytest.fixture
def two_problems(database: Database) -> Database:
    database.posts.save([post(1), post(2)])
    found = [problem("p1", n_posts=1), problem("p2", n_posts=1)]
    database.problems.commit([member(1, "p1"), member(2, "p2")], found)
    done_with_all(database)
    return database


def test_a_merge_ends_one_problem_and_its_undoing_brings_it_back(two_problems: Database) -> None:
    store = two_problems.problems
    decision = store.decide(MERGE, [member(1, "p1"), member(2, "p1")], [problem("p1", n_posts=2)])
    assert decision == replace(MERGE, id=1)
    assert store.decision(1) == decision
    assert (store.get("p2"), store.successor("p2")) == (None, "p1")
    assert [one.post_id for one in store.members("p1")] == [post(2).id, post(1).id]
    assert {item.post_id for item in two_problems.outbox.take(9)} == {post(1).id, post(2).id}
    assert store.decisions() == store.decisions(problem_id="p2") == [decision]
    assert store.decisions(problem_id="p3") == []
    store.undo(
        decision, [member(1, "p1"), member(2, "p2")], [problem("p1"), problem("p2")], now=NOW + timedelta(1)
    )
    assert (store.decisions(), store.successor("p2"), store.decision_changes()) == ([], "p2", 2)
    assert store.decision(1) == replace(decision, undone_at=NOW + timedelta(1))


def test_the_order_of_merging_stays(two_problems: Database) -> None:
    store = two_problems.problems
    before = store.newest_membership()
    store.decide(MERGE, [member(2, "p1"), member(1, "p1")], [problem("p1")])
    assert store.newest_membership() == before


def test_a_problem_that_still_has_reports_does_not_end(two_problems: Database) -> None:
    """The database itself refuses it, and then nothing of the decision is there."""
    store = two_problems.problems
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        store.decide(MERGE, [], [problem("p1")])
    assert store.decisions() == []
    assert store.get("p2") is not None


def test_a_chain_of_merges_leads_to_the_last(two_problems: Database) -> None:
    store = two_problems.problems
    store.decide(MERGE, [member(2, "p1")], [problem("p1")])
    onward = replace(MERGE, problem_id="p3", other_id="p1")
    store.decide(onward, [member(1, "p3"), member(2, "p3")], [problem("p3")])
    assert store.successor("p2") == "p3"
