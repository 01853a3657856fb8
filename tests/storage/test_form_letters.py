"""A reply becomes a form letter by its repetition; many answers to one problem do not count."""

from __future__ import annotations

from dataclasses import replace

from records.analysis import ReplyFinding, ReplyFindingCode, ReplyQuality
from records.problem import Decision, DecisionKind
from storage.analyses import FORM_LETTER_QUESTIONS
from storage.database import Database
from tests.storage.samples import NOW, analysis, membership, post, problem

LETTER, OTHER = (2**63 - 1, 7), (11, 12)
FINDING = ReplyFinding(code=ReplyFindingCode.FORM_LETTER, words="", n_questions=FORM_LETTER_QUESTIONS)


def fill(database: Database, wordings: dict[int, tuple[int, ...]], *, one_problem: bool = False) -> None:
    """Analyse and merge a post with such a reply for each, each a problem of its own or all one."""
    for number, wording in wordings.items():
        reply = ReplyQuality(relevance=0.1, wording=wording)
        database.posts.save([post(number)])
        database.analyses.save([analysis(post(number), reply_quality=reply)])
        home = f"p{1 if one_problem else number}"
        database.problems.commit([replace(membership(post(number)), problem_id=home)], [problem(home)])


def findings(database: Database, number: int) -> tuple[ReplyFinding, ...]:
    found = database.analyses.get(post(number).id)
    assert found is not None
    assert found.reply_quality is not None
    return found.reply_quality.findings


def test_the_first_answer_is_a_form_letter_once_the_last_has_come(database: Database) -> None:
    most = dict.fromkeys(range(1, FORM_LETTER_QUESTIONS), LETTER)
    fill(database, most)
    assert findings(database, 1) == ()
    fill(database, {8: (LETTER[0], 99), 9: OTHER})  # one band of two is enough
    assert findings(database, 1) == findings(database, 8) == (FINDING,)
    assert findings(database, 9) == ()


def test_one_answer_to_many_reports_of_one_problem_is_no_form_letter(database: Database) -> None:
    fill(database, dict.fromkeys(range(1, 9), LETTER), one_problem=True)
    assert findings(database, 1) == ()


def test_a_reply_that_was_replaced_counts_no_longer(database: Database) -> None:
    fill(database, dict.fromkeys(range(1, FORM_LETTER_QUESTIONS + 1), LETTER))
    assert findings(database, 2) == (FINDING,)
    fill(database, {1: OTHER})
    assert findings(database, 2) == ()


def test_problems_that_people_merge_count_once(database: Database) -> None:
    fill(database, dict.fromkeys(range(1, FORM_LETTER_QUESTIONS + 1), LETTER))
    decision = Decision(
        kind=DecisionKind.MERGE, decided_at=NOW, problem_id="p1", other_id="p2", ones=(), others=()
    )
    moved = replace(membership(post(2)), problem_id="p1")
    database.problems.decide(decision, [moved], [problem("p1")])
    assert findings(database, 3) == ()
