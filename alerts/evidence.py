"""The reports that a rule looks at, and those behind a count: which of them are copies, of which problem."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from alerts.coverage import Coverage
from alerts.facts import Facts, Group, Reports
from alerts.reading import Reading, Truth
from records.analysis import Analysis
from records.post import Channel
from records.problem import Membership
from records.query import SortOrder
from records.times import Period
from storage.query import quoted

REPORTS = f"channel:({' OR '.join(channel for channel in Channel if channel.carries_reports)})"
# An alert's evidence; past this many a person searches instead.
MOST_POSTS = 500
# Posts looked at one by one in one run of a rule, oldest first.
MOST_READ = 20_000
_PAGE = 1000
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


def find(index: Reading, query: str, period: Period) -> list[str]:
    page = index.search(query, period=period, sort=SortOrder.NEWEST, limit=MOST_POSTS)
    return [hit.post_id for hit in page.hits]


def pages(index: Reading, query: str, period: Period) -> Iterator[list[str]]:
    cursor = None
    for _ in range(0, MOST_READ, _PAGE):
        page = index.search(query, period=period, sort=SortOrder.OLDEST, limit=_PAGE, after=cursor)
        if page.hits:
            yield [hit.post_id for hit in page.hits]
        cursor = page.next_cursor
        if cursor is None:
            return


def with_reports(database: Truth, index: Reading, query: str, facts: Facts, large: Sequence[Group]) -> Facts:
    """Look up the posts behind the groups that are `large`, to count voices instead of copies."""
    if not large:
        return facts
    found = {
        id(group): find(index, both(query, *(clause(*label) for label in group.labels.items())), facts.window)
        for group in large
    }
    in_window = index.group_counts(query, ("problem",), period=facts.window)
    problems = database.problems.get_many([one.key["problem"] for one in in_window])
    evidence = Evidence(database, problems)
    analyses = database.analyses.get_many({post_id for ids in found.values() for post_id in ids})
    groups = tuple(
        replace(group, reports=evidence.reports(found[id(group)], analyses)) if id(group) in found else group
        for group in facts.groups
    )
    return replace(facts, groups=groups, problems=problems)


class Evidence:
    """Which posts report which problem, and which are copies of which."""

    def __init__(self, database: Truth, problem_ids: Iterable[str]) -> None:
        members = database.problems.members_of(list(problem_ids))
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
        originals = {
            post_id: self._of_post[post_id].copy_of for post_id in post_ids if post_id in self._of_post
        }
        known = [analyses[post_id] for post_id in post_ids if post_id in analyses]
        return Reports(
            post_ids=tuple(post_ids),
            problem_ids=tuple(dict.fromkeys(member.problem_id for member in members)),
            n_voices=len({originals.get(post_id) or post_id for post_id in post_ids}),
            n_urgent=sum(analysis.urgency >= _URGENT for analysis in known),
            reasons=tuple(sorted({reason.code for analysis in known for reason in analysis.reasons})),
        )
