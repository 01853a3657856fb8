"""A problem as people read it: title, place, topic, department, state, outcome, deadline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from nlp.problems import summarise
from records.analysis import (
    Analysis,
    Intent,
    PlaceKind,
    PlaceMention,
    ReplyFinding,
    ReplyFindingCode,
    ReplyQuality,
)  # fmt: skip
from records.post import Channel, Post, Reply
from records.problem import Membership, Outcome, Problem, ProblemState

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DISTRICT = PlaceMention(name="江北区", kind=PlaceKind.DISTRICT, confidence=0.99)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def report(number: int, at: float = 0.0, *, answer: str = "", after: float = 1.0, **values: object) -> Post:
    replies = (Reply(text=answer, department="江北区城管局", replied_at=day(at + after)),) if answer else ()
    given = {"title": "槐荫路路面有大坑", "text": "请修补。", "addressed_to": "江北区政府", **values}
    return Post(
        source="b", channel=Channel.INBOX, native_id=str(number), asked_at=day(at), fetched_at=day(at),
        replies=replies, **given,  # type: ignore[arg-type]  # the fields of Post
    )  # fmt: skip


def analysis(post: Post, **values: object) -> Analysis:
    given: dict[str, object] = {
        "topic": "交通运输", "topic_guess": "交通运输", "topic_score": 0.9, "runner_up": None,
        "intent": Intent.COMPLAINT, "intent_score": 0.9, "dissatisfaction": 0.5, "urgency": 1, **values,
    }  # fmt: skip
    return Analysis(post_id=post.id, revision=1, model_version="m", **given)  # type: ignore[arg-type]  # likewise


def joined(post: Post, copy_of: str | None = None) -> Membership:
    return Membership(post_id=post.id, problem_id="p1", score=1.0, reason="", copy_of=copy_of)


def summary(posts: Sequence[Post], *analyses: Analysis, copies: Sequence[str] = ()) -> Problem:
    known = {a.post_id: a for a in analyses}
    members = [joined(p, "b/0" if p.id in copies else None) for p in posts]
    return summarise("p1", posts, known, members, due_at=lambda post, _: post.asked_at + timedelta(days=15))


def test_one_unanswered_report_is_open_and_due() -> None:
    problem = summary([report(0)])
    assert (problem.state, problem.due_at, problem.outcome) == (ProblemState.OPEN, day(15), None)
    assert (problem.first_seen, problem.last_seen, problem.n_posts, problem.n_voices) == (
        day(0),
        day(0),
        1,
        1,
    )
    assert (problem.title, problem.department) == ("槐荫路路面有大坑", "江北区政府")


def test_the_deadline_is_that_of_the_earliest_unanswered_report() -> None:
    assert summary([report(2, 3), report(0, answer="已安排"), report(1, 2)]).due_at == day(17)


def test_all_answered_is_answered_and_owes_nothing() -> None:
    problem = summary([report(0, answer="已转有关单位"), report(1, 0.5, answer="同上")])
    assert (problem.state, problem.due_at) == (ProblemState.ANSWERED, None)
    assert problem.department == "江北区城管局"


def test_closed_by_the_source_is_closed() -> None:
    assert summary([report(0, status="已办结"), report(1, 0.5, status="已解决")]).state is ProblemState.CLOSED


@pytest.mark.parametrize("status", ["未办结", "待处理", "办理中", "正在处理", None])
def test_what_only_sounds_closed_is_open(status: str | None) -> None:
    assert summary([report(0, status=status)]).state is ProblemState.OPEN


def test_a_status_that_says_answered_is_answered_without_a_reply_text() -> None:
    assert summary([report(0, status="已回复")]).state is ProblemState.ANSWERED
    assert summary([report(0, status="未回复")]).state is ProblemState.OPEN


def test_a_report_after_the_answer_reopens() -> None:
    assert summary([report(0, answer="已修复"), report(1, 5)]).state is ProblemState.REOPENED


def test_a_report_that_crossed_the_answer_does_not_reopen() -> None:
    assert summary([report(0, answer="已安排"), report(1, 1.5)]).state is ProblemState.OPEN


def test_a_copy_does_not_reopen() -> None:
    posts = [report(0, answer="已修复"), report(1, 5)]
    assert summary(posts, copies=["b/1"]).state is ProblemState.OPEN


def test_an_answered_report_that_nothing_is_solved_reopens_unless_closed() -> None:
    again = {"text": "上次回复说修好了，坑还是没有补，问题没有解决。", "answer": "已转办"}
    assert summary([report(0, answer="已修复"), report(1, 5, **again)]).state is ProblemState.REOPENED  # type: ignore[arg-type]
    closed = summary([report(0, answer="已修复"), report(1, 5, status="已办结", **again)])  # type: ignore[arg-type]
    assert closed.state is ProblemState.ANSWERED


@pytest.mark.parametrize(
    ("answer", "code", "outcome"),
    [
        ("经核查，该处路面已修复。", None, Outcome.FIXED),
        ("您反映的事项不予受理。", ReplyFindingCode.REFUSES, Outcome.REFUSED),
        ("已转交城管局办理。", ReplyFindingCode.HANDS_OVER, Outcome.HANDED_OVER),
        ("按照规定，每年检修一次。", None, Outcome.EXPLAINED),
    ],
)
def test_the_outcome_is_what_the_newest_answer_says(
    answer: str, code: ReplyFindingCode | None, outcome: Outcome
) -> None:
    older, newer = report(0, answer="请耐心等待。"), report(1, 2, answer=answer)
    findings = (ReplyFinding(code=code, words=answer),) if code else ()
    quality = ReplyQuality(relevance=0.5, findings=findings)
    assert summary([newer, older], analysis(newer, reply_quality=quality)).outcome is outcome


def test_the_place_is_the_most_specific_that_half_of_the_reports_share() -> None:
    road = PlaceMention(name="槐荫路", kind=PlaceKind.ROAD, confidence=0.85)
    school = PlaceMention(name="柳泉小学", kind=PlaceKind.SITE, confidence=0.75)
    posts = [report(n, n) for n in range(3)]
    places = [(DISTRICT, road, school), (road,), (DISTRICT, road)]
    found = [analysis(p, places=m) for p, m in zip(posts, places, strict=True)]
    assert summary(posts, *found).place == "江北区槐荫路"
    assert summary(posts[:1], analysis(posts[0], places=(DISTRICT,))).place == "江北区"
    assert summary([report(0, place="江北区")]).place == "江北区"
    assert summary([report(0)]).place is None


def test_the_topic_is_voted_and_abstaining_counts_for_none() -> None:
    posts = [report(n, n) for n in range(4)]
    votes = [("环境保护", 0.9), ("交通运输", 0.6), ("交通运输", 0.6), (None, 0.3)]
    found = [analysis(p, topic=t, topic_score=s) for p, (t, s) in zip(posts, votes, strict=True)]
    assert summary(posts, *found).topic == "交通运输"
    assert summary(posts[3:], found[3]).topic is None


def test_the_gravest_urgency_and_the_upper_quartile_of_dissatisfaction_count() -> None:
    posts = [report(n, n) for n in range(5)]
    values = [(0, 0.1), (1, 0.2), (3, 0.9), (0, 0.8), (1, 0.3)]
    found = [analysis(p, urgency=u, dissatisfaction=d) for p, (u, d) in zip(posts, values, strict=True)]
    problem = summary(posts, *found)
    assert (problem.urgency, problem.dissatisfaction) == (3, 0.8)


def test_copies_are_posts_but_no_voices() -> None:
    problem = summary([report(n, n / 10) for n in range(4)], copies=["b/1", "b/2"])
    assert (problem.n_posts, problem.n_voices) == (4, 2)


def test_the_title_is_a_residents_own_and_the_most_central() -> None:
    titles = ["求助", "槐荫路路面有大坑请修补", "槐荫路路面有大坑", "槐荫路有大坑没人管"]
    posts = [report(n, n, title=title) for n, title in enumerate(titles)]
    assert summary(posts).title in titles[1:3]
    assert summary([report(0, title="", text="槐荫路有大坑。请修补。")]).title == "槐荫路有大坑"
    assert summary([report(0, title="", text="")]).title == "（无文字）"
    assert len(summary([report(0, title="坑" * 500)]).title) <= 60
