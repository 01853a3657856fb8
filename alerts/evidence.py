"""The reports that a rule looks at, and those behind a count: which of them are copies, of which problem."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from alerts.coverage import Coverage
from alerts.facts import Facts, Group, Reports
from alerts.reading import MOST_POSTS, Sight, Truth
from records.analysis import Analysis
from records.post import Channel
from records.problem import Membership
from records.query import GroupSeries
from storage.query import quoted

REPORTS = f"channel:({' OR '.join(channel for channel in Channel if channel.carries_reports)})"
_URGENT = 3


def both(*queries: str) -> str:
    """Return the query that asks for all of `queries` at once; empty ones ask for nothing."""
    return " AND ".join(f"({query})" for query in queries if query.strip())


def clause(field: str, value: str) -> str:
    """Return the query for one exact value of a keyword field."""
    return f"{field}:{quoted(value)}"


def seeing(coverage: Coverage) -> list[str]:
    """Return the queries that leave out the sources which are blind now."""
    return [f"NOT {clause('source', name)}" for name in coverage.blind_sources]


def total(counted: Sequence[GroupSeries]) -> int:
    """Return the number in the answer to a question that parts by nothing."""
    return sum(one.total for one in counted)


def with_reports(sight: Sight, query: str, facts: Facts, large: Sequence[Group]) -> Facts:
    """Look up the posts behind the counts that are `large`: those that had come, how many voices."""
    found = look_up(sight, query, facts, large)
    return replace(found, groups=tuple(map(_as_come, found.groups)))


def look_up(sight: Sight, query: str, facts: Facts, large: Sequence[Group]) -> Facts:
    """Return the facts with the posts of the groups that are `large`, to count voices instead of copies."""
    if not large:
        return facts
    found = {
        id(group): sight.index.newest(
            both(query, *(clause(*label) for label in group.labels.items())), facts.window
        )
        for group in large
    }
    post_ids = {post_id for ids in found.values() for post_id in ids}
    problems = sight.truth.problems.get_many(set(sight.truth.problems.problem_ids_of(post_ids).values()))
    evidence = Evidence(sight.truth, problems)
    analyses = sight.truth.analyses.get_many(post_ids)
    groups = tuple(
        replace(group, reports=evidence.reports(found[id(group)], analyses)) if id(group) in found else group
        for group in facts.groups
    )
    return replace(facts, groups=groups, problems=problems)


def _as_come(group: Group) -> Group:
    """Return the group without what is counted and had not come yet at the past moment that is tried out."""
    missing = group.count - len(group.reports.post_ids) if group.reports else 0
    if not missing or group.count > MOST_POSTS:
        return group
    history = (*group.history[:-1], group.history[-1] - missing) if group.history else ()
    return replace(group, count=group.count - missing, history=history)


class Evidence:
    """Which posts report which problem, and which are copies of which."""

    def __init__(self, truth: Truth, problem_ids: Iterable[str]) -> None:
        members = truth.problems.members_of(list(problem_ids))
        self._of_post: dict[str, Membership] = {m.post_id: m for found in members.values() for m in found}

    def by_problem(self, post_ids: Iterable[str]) -> dict[str, list[str]]:
        """Return the posts of each problem, in the order given."""
        found: dict[str, list[str]] = defaultdict(list)
        for post_id in post_ids:
            if post_id in self._of_post:
                found[self._of_post[post_id].problem_id].append(post_id)
        return found

    def reports(self, post_ids: Sequence[str], analyses: Mapping[str, Analysis]) -> Reports:
        """Return what is known of the posts; a copy is the voice of the post it repeats."""
        members = [self._of_post[post_id] for post_id in post_ids if post_id in self._of_post]
        voice_of = {post_id: post_id for post_id in post_ids}
        voice_of |= {member.post_id: member.copy_of or member.post_id for member in members}
        known = [analyses[post_id] for post_id in post_ids if post_id in analyses]
        problems = _most_voices((voice_of[one.post_id], one.problem_id) for one in members)
        words = _most_voices((voice_of[one.post_id], word) for one in known for word in one.keywords)
        of_problem, of_word = (most[0][1] if most else 0 for most in (problems, words))
        return Reports(
            post_ids=tuple(post_ids),
            problem_ids=tuple(problem_id for problem_id, _ in problems),
            n_voices=len(set(voice_of.values())),
            n_alike=max(of_problem, of_word),
            keyword=words[0][0] if of_word > of_problem else None,
            n_urgent=sum(analysis.urgency >= _URGENT for analysis in known),
            reasons=tuple(sorted({reason.code for analysis in known for reason in analysis.reasons})),
        )


def _most_voices(said: Iterable[tuple[str, str]]) -> list[tuple[str, int]]:
    """Return each value with how many voices have it, the most first; `said` are voices with a value each."""
    return Counter(value for _, value in sorted(set(said))).most_common()
