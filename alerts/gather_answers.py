"""Problems that an answer did not end: answered poorly, or reported again afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from alerts.evidence import REPORTS, Evidence, both, find, pages
from alerts.facts import Case, Facts
from alerts.reading import Reading, Truth
from alerts.rule_types import PoorReplyRule, RecurrenceRule
from nlp.summary import REOPENED_AFTER
from records.analysis import Analysis, ReplyFindingCode
from records.post import Post
from records.problem import Problem, ProblemState
from records.times import Period

# Answers come late; one to a message older than this is not looked for.
LONGEST_WAIT = timedelta(days=365)


def answered_poorly(
    rule: PoorReplyRule, database: Truth, index: Reading, window: Period, *, zone: ZoneInfo
) -> Facts:
    """Problems whose newest dated answer came within the window and decides nothing."""
    since = window.start.astimezone(zone).date().isoformat()
    asked = Period(start=window.end - LONGEST_WAIT, end=window.end)
    problem_ids: set[str] = set()
    for post_ids in pages(index, both(rule.filter, REPORTS, f"replied:>={since}"), asked):
        problem_ids.update(database.problems.problem_ids_of(post_ids).values())
    problems = database.problems.get_many(problem_ids)
    members = database.problems.members_of(sorted(problem_ids))
    cases = []
    for problem_id, problem in sorted(problems.items()):
        posts = database.posts.get_many([member.post_id for member in members[problem_id]])
        newest = _newest_answered(posts.values(), before=window)
        if newest is None or newest.replies[-1].replied_at is None:
            continue
        at = newest.replies[-1].replied_at
        codes = _codes(database.analyses.get_many([newest.id]).get(newest.id))
        faults = tuple(code for code in rule.findings if code in codes)
        if at >= window.start and faults and ReplyFindingCode.DECIDES not in codes:
            cases.append(
                Case(problem=problem, labels=_labels(problem), post_ids=(newest.id,), at=at, findings=faults)
            )
    return Facts(window=window, cases=tuple(cases), problems=problems)


def reported_again(rule: RecurrenceRule, database: Truth, index: Reading, window: Period) -> Facts:
    """Reopened problems with reports in the window that came after the answer."""
    query = both(rule.filter, REPORTS)
    series = index.group_counts(query, ("problem",), period=window)
    found = database.problems.get_many([one.key["problem"] for one in series])
    problems = {key: one for key, one in found.items() if one.state is ProblemState.REOPENED}
    if not problems:
        return Facts(window=window)
    in_window = Evidence(database, problems).by_problem(_reports(index, query, window, problems))
    members = database.problems.members_of(sorted(in_window))
    cases = []
    for problem_id, post_ids in sorted(in_window.items()):
        posts = database.posts.get_many([member.post_id for member in members[problem_id]])
        copies = {member.post_id for member in members[problem_id] if member.copy_of is not None}
        answers = [post.first_replied_at for post in posts.values() if post.first_replied_at]
        # Closed without a dated answer: its first report is the earliest that can have been closed.
        at = min(answers, default=min(post.asked_at for post in posts.values()))
        later = [i for i in post_ids if i not in copies and posts[i].asked_at >= at + REOPENED_AFTER]
        if later:
            problem = problems[problem_id]
            cases.append(Case(problem=problem, labels=_labels(problem), post_ids=tuple(later), at=at))
    return Facts(window=window, cases=tuple(cases), problems=problems)


def _reports(index: Reading, query: str, window: Period, problems: Iterable[str]) -> Iterator[str]:
    for problem_id in sorted(problems):
        yield from find(index, both(query, f'problem:"{problem_id}"'), window)


def _newest_answered(posts: Iterable[Post], *, before: Period) -> Post | None:
    answered = [
        (post.replies[-1].replied_at, post.id, post)
        for post in posts
        if post.replies and post.replies[-1].replied_at and post.replies[-1].replied_at < before.end
    ]
    return max(answered)[2] if answered else None


def _codes(analysis: Analysis | None) -> set[ReplyFindingCode]:
    quality = analysis.reply_quality if analysis else None
    return {finding.code for finding in quality.findings} if quality else set()


def _labels(problem: Problem) -> Mapping[str, str]:
    context = {"place": problem.place, "topic": problem.topic, "department": problem.department}
    return {"problem": problem.id, **{key: value for key, value in context.items() if value}}
