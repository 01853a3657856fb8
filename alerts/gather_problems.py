"""Facts of the rules about problems: without an answer, answered poorly, or reported again afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from alerts.evidence import REPORTS, Evidence, both, clause, seeing
from alerts.facts import Case, Facts, Overdue, labels_of_problem
from alerts.reading import Question, Sight
from alerts.rule_types import CaseRule, OverdueRule, PoorReplyRule, RecurrenceRule
from alerts.workdays import workdays_between
from nlp.summary import REOPENED_AFTER
from records.analysis import Analysis, ReplyFindingCode
from records.post import Post
from records.problem import Problem, ProblemState
from records.times import Period

# Answers come late; one to a message older than this is not looked for.
LONGEST_WAIT = timedelta(days=365)
_Late = tuple[Post, datetime, str]  # a post past its deadline, when that was, and what the deadline is called


def gather_problems(rule: CaseRule, sight: Sight, window: Period) -> Facts:
    """Return the problems that the rule is about."""
    match rule:
        case OverdueRule():
            return _waiting(rule, sight, window)
        case PoorReplyRule():
            return _answered_poorly(rule, sight, window)
        case RecurrenceRule():
            return _reported_again(rule, sight, window)


def _waiting(rule: OverdueRule, sight: Sight, window: Period) -> Facts:
    """Problems with posts unanswered past their deadline; a source that is blind now may hold the answer."""
    # Answers dated after `now` are those that a backtest knows and the moment did not.
    waiting = f'NOT _exists_:reply OR replied:>="{window.end.isoformat()}"'
    query = both(rule.filter, REPORTS, waiting, *seeing(sight.coverage))
    overdue: dict[str, list[_Late]] = defaultdict(list)
    problems: dict[str, Problem] = {}
    for post_ids in sight.index.pages(query, window):
        late = _past_deadline(rule, sight, post_ids, window.end)
        of_post = sight.truth.problems.problem_ids_of([post.id for post, _, _ in late])
        problems |= sight.truth.problems.get_many(set(of_post.values()) - problems.keys())
        for one in late:
            if one[0].id in of_post:
                overdue[of_post[one[0].id]].append(one)
    items = tuple(
        _overdue_problem(problems[problem_id], late, sight, now=window.end)
        for problem_id, late in overdue.items()
        if problems[problem_id].state in (ProblemState.OPEN, ProblemState.REOPENED)
    )
    return Facts(window=window, overdue=items, problems=problems, blind_sources=sight.coverage.blind_sources)


def _past_deadline(rule: OverdueRule, sight: Sight, post_ids: Sequence[str], now: datetime) -> list[_Late]:
    posts = [post for post in sight.truth.posts.get_many(post_ids).values() if not post.replies]
    analyses = sight.truth.analyses.get_many([post.id for post in posts])
    late = []
    for post in posts:
        deadline = sight.deadlines.find(rule.preset, analyses.get(post.id))
        due_at = deadline.due_at(post.asked_at, zone=sight.zone)
        if due_at <= now:
            late.append((post, due_at, deadline.title))
    return late


def _overdue_problem(problem: Problem, late: Sequence[_Late], sight: Sight, *, now: datetime) -> Overdue:
    _, due_at, deadline = min(late, key=lambda item: (item[1], item[0].id))
    asked_at = min(post.asked_at for post, _, _ in late)
    return Overdue(
        problem=problem,
        labels=labels_of_problem(problem),
        post_ids=tuple(post.id for post, _, _ in late),
        asked_at=asked_at,
        due_at=due_at,
        workdays_waited=workdays_between(asked_at, now, zone=sight.zone),
        deadline=deadline,
    )


def _answered_poorly(rule: PoorReplyRule, sight: Sight, window: Period) -> Facts:
    """Problems whose newest dated answer came within the window and decides nothing."""
    since = window.start.astimezone(sight.zone).date().isoformat()
    asked = Period(start=window.end - LONGEST_WAIT, end=window.end)
    problem_ids: set[str] = set()
    for post_ids in sight.index.pages(both(rule.filter, REPORTS, f"replied:>={since}"), asked):
        problem_ids.update(sight.truth.problems.problem_ids_of(post_ids).values())
    problems = sight.truth.problems.get_many(problem_ids)
    members = sight.truth.problems.members_of(sorted(problem_ids))
    cases = []
    for problem_id, problem in sorted(problems.items()):
        posts = sight.truth.posts.get_many([member.post_id for member in members[problem_id]])
        newest = _newest_answered(posts.values(), before=window)
        if newest is None or newest.replies[-1].replied_at is None:
            continue
        at = newest.replies[-1].replied_at
        codes = _codes(sight.truth.analyses.get_many([newest.id]).get(newest.id))
        faults = tuple(code for code in rule.findings if code in codes)
        if at >= window.start and faults and ReplyFindingCode.DECIDES not in codes:
            cases.append(
                Case(
                    problem=problem,
                    labels=labels_of_problem(problem),
                    post_ids=(newest.id,),
                    at=at,
                    findings=faults,
                )
            )
    return Facts(window=window, cases=tuple(cases), problems=problems)


def _reported_again(rule: RecurrenceRule, sight: Sight, window: Period) -> Facts:
    """Reopened problems with reports in the window that came after the answer."""
    query = both(rule.filter, REPORTS)
    series = sight.index.counts(Question(query=query, by=("problem",), period=window))
    found = sight.truth.problems.get_many([one.key["problem"] for one in series])
    problems = {key: one for key, one in found.items() if one.state is ProblemState.REOPENED}
    if not problems:
        return Facts(window=window)
    in_window = Evidence(sight.truth, problems).by_problem(_reports(sight, query, window, problems))
    members = sight.truth.problems.members_of(sorted(in_window))
    cases = []
    for problem_id, post_ids in sorted(in_window.items()):
        posts = sight.truth.posts.get_many([member.post_id for member in members[problem_id]])
        copies = {member.post_id for member in members[problem_id] if member.copy_of is not None}
        answers = [post.first_replied_at for post in posts.values() if post.first_replied_at]
        # Closed without a dated answer: its first report is the earliest that can have been closed.
        at = min(answers, default=min(post.asked_at for post in posts.values()))
        later = [i for i in post_ids if i not in copies and posts[i].asked_at >= at + REOPENED_AFTER]
        if later:
            problem = problems[problem_id]
            cases.append(
                Case(problem=problem, labels=labels_of_problem(problem), post_ids=tuple(later), at=at)
            )
    return Facts(window=window, cases=tuple(cases), problems=problems)


def _reports(sight: Sight, query: str, window: Period, problems: Iterable[str]) -> Iterator[str]:
    for problem_id in sorted(problems):
        yield from sight.index.newest(both(query, clause("problem", problem_id)), window)


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
