"""What people decide on problems: to split one, to merge two, to undo that. No post elsewhere is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nlp.problem_evidence import fold_copies
from nlp.summary import summarise
from records.errors import Rejected
from records.problem import Decision, DecisionKind, DueAt, Membership, Problem, problem_id
from storage.database import Database
from storage.problems import MERGING

# Merging goes on for minutes where much is new; who waits for a page is told to try again before that.
LOCK_WAIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """Splits and merges problems. Each change is one transaction, under the lock of merging.

    Raises Retryable while a merging of many posts goes on.
    """

    database: Database
    due_at: DueAt

    def split(self, post_ids: Sequence[str], *, now: datetime) -> Decision:
        """Make a problem of its own of these reports of one problem; that one keeps its id.

        Raises Rejected("not_one_problem"): none given, one not merged yet, of several problems, or all of it.
        """
        with self.database.lock(MERGING, wait_s=LOCK_WAIT_S):
            homes = self.database.problems.problem_ids_of(post_ids)
            for post_id in post_ids:
                if post_id not in homes:
                    raise _refused(f'post "{post_id}": belongs to no problem (see `huiying why {post_id}`)')
            if len(set(homes.values())) != 1:
                raise _refused(
                    f"{len(set(homes.values()))} problems: only reports of one problem are split off "
                    "(name posts of one problem)"
                )
            origin = next(iter(homes.values()))
            members = self.database.problems.members(origin)
            others = [member for member in members if member.post_id in homes]
            ones = [member for member in members if member.post_id not in homes]
            if not ones:
                raise _refused(f'problem "{origin}": these are all its reports (leave one or more)')
            other_id = self._free_id(origin, others[0].post_id)
            decision = _decision(DecisionKind.SPLIT, origin, other_id, ones, others, now)
            memberships, problems = self._regrouped({origin: ones, other_id: others})
            return self.database.problems.decide(decision, memberships, problems)

    def merge(self, kept_id: str, ended_id: str, *, now: datetime) -> Decision:
        """Put the reports of both problems into the first, which keeps its id.

        Links to the second lead to the first. Raises Rejected: "unknown_problem", "same_problem".
        """
        with self.database.lock(MERGING, wait_s=LOCK_WAIT_S):
            kept, ended = (self._existing(identity) for identity in (kept_id, ended_id))
            if kept == ended:
                raise Rejected("same_problem", f'problem "{kept}": one already (name two problems)')
            ones, others = (self.database.problems.members(identity) for identity in (kept, ended))
            decision = _decision(DecisionKind.MERGE, kept, ended, ones, others, now)
            memberships, problems = self._regrouped({kept: [*ones, *others]})
            return self.database.problems.decide(decision, memberships, problems)

    def undo(self, number: int, *, now: datetime) -> Decision:
        """Put things back as they were before the decision; what came later stays where it joined.

        Raises Rejected: "unknown_decision"; "not_the_newest" where one of its problems was decided on since.
        """
        with self.database.lock(MERGING, wait_s=LOCK_WAIT_S):
            store = self.database.problems
            decision = store.decision(number)
            if decision is None or decision.undone_at is not None:
                raise Rejected(
                    "unknown_decision", f"decision {number}: not in force (see `huiying problems decisions`)"
                )
            later = {
                one.id: one
                for identity in (decision.problem_id, decision.other_id)
                for one in store.decisions(problem_id=identity)
                if one.id > number
            }
            if later:
                raise Rejected(
                    "not_the_newest",
                    f"decision {number}: decision {max(later)} is on the same problem (undo that first)",
                )
            memberships, problems = self._regrouped(self._as_before(decision))
            store.undo(decision, memberships, problems, now=now)
            return replace(decision, undone_at=now)

    def _as_before(self, decision: Decision) -> dict[str, list[Membership]]:
        members = self.database.problems.members_of([decision.problem_id, decision.other_id])
        ones, others = members[decision.problem_id], members[decision.other_id]
        if decision.kind is DecisionKind.SPLIT:
            return {decision.problem_id: [*ones, *others]}
        back = set(decision.others)
        return {
            decision.problem_id: [member for member in ones if member.post_id not in back],
            decision.other_id: [member for member in ones if member.post_id in back],
        }

    def _existing(self, identity: str) -> str:
        found = self.database.problems.successor(identity)
        if self.database.problems.get(found) is None:
            raise Rejected(
                "unknown_problem",
                f'problem "{identity}": not stored here (see /problems, or huiying problems list)',
            )
        return found

    def _free_id(self, origin: str, first: str) -> str:
        identity = problem_id(f"{origin} {first}")
        while self.database.problems.get(identity) is not None:
            identity = problem_id(f"{identity} {first}")
        return identity

    def _regrouped(self, groups: dict[str, list[Membership]]) -> tuple[list[Membership], list[Problem]]:
        """Return all memberships and problems of these groups, copies and counts reckoned anew."""
        post_ids = [member.post_id for members in groups.values() for member in members]
        posts = self.database.posts.get_many(post_ids)
        analyses = self.database.analyses.get_many(post_ids)
        moved: list[Membership] = []
        problems: list[Problem] = []
        for identity, group in groups.items():
            members = sorted(group, key=lambda member: (posts[member.post_id].asked_at, member.post_id))
            prints = ((one.post_id, analyses[one.post_id].fingerprint, one.copy_of) for one in members)
            copies = fold_copies([*prints])
            members = [replace(one, problem_id=identity, copy_of=copies[one.post_id]) for one in members]
            reports = [posts[one.post_id] for one in members]
            problems.append(summarise(identity, reports, analyses, members, due_at=self.due_at))
            moved += members
        return moved, problems


def _decision(
    kind: DecisionKind,
    kept: str,
    other: str,
    ones: Sequence[Membership],
    others: Sequence[Membership],
    now: datetime,
) -> Decision:
    return Decision(
        kind=kind,
        decided_at=now,
        problem_id=kept,
        other_id=other,
        ones=tuple(member.post_id for member in ones),
        others=tuple(member.post_id for member in others),
    )


def _refused(message: str) -> Rejected:
    return Rejected("not_one_problem", message)
