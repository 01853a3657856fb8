"""Problems, and which post belongs to which and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    delete,
    func,
    insert,
    select,
    true,
    update,
)

from records.analysis import Analysis
from records.job import JobKind
from records.plain import plain
from records.post import Post
from records.problem import Decision, DecisionKind, Membership, Outcome, Problem, ProblemState
from records.times import Period
from storage import schema
from storage.analyses import mark_stale, read_analyses
from storage.dialect import in_chunks, reading, upsert, writing
from storage.jobs import wake
from storage.outbox import enqueue
from storage.post_rows import read_posts
from storage.posts import awaiting_merge, mark_merged

_PROBLEMS = schema.problems.c
_MEMBERS = schema.memberships.c
_DECISIONS = schema.problem_decisions.c
# Held by whoever changes which post belongs to which problem: one process at a time, on any machine.
MERGING = "merging"
# Memberships read at once by `stream_fingerprints`; a fingerprint is about 2 kB.
STREAM_BATCH = 2_000

_ORDERS: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "size": (_PROBLEMS.n_posts.desc(), _PROBLEMS.last_seen.desc(), _PROBLEMS.id),
    "newest": (_PROBLEMS.last_seen.desc(), _PROBLEMS.id),
    "urgency": (
        _PROBLEMS.urgency.desc(),
        _PROBLEMS.dissatisfaction.desc(),
        _PROBLEMS.last_seen.desc(),
        _PROBLEMS.id,
    ),
    "age": (_PROBLEMS.first_seen, _PROBLEMS.id),
}


class ProblemStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def awaiting_merge(self, limit: int) -> list[tuple[Post, Analysis]]:
        """Return analysed posts of report channels that belong to no problem yet, by asked_at then id."""
        with reading(self._engine) as connection:
            posts = read_posts(connection, awaiting_merge().limit(limit))
            analyses = read_analyses(connection, [post.id for post in posts])
        return [(post, analyses[post.id]) for post in posts]

    def commit(self, memberships: Sequence[Membership], problems: Sequence[Problem]) -> None:
        """Store both, replacing problems by id, with outbox rows for the joined posts; one transaction.

        A problem that is committed is not stale any more; one that was only joined is. The wordings of the
        replies that its reports have by then are counted for it.
        """
        joined = [membership.post_id for membership in memberships]
        grown = {membership.problem_id for membership in memberships} - {problem.id for problem in problems}
        with writing(self._engine) as connection:
            mark_merged(connection, sorted(joined))
            _store(connection, memberships, problems)
            for chunk in in_chunks(sorted(grown)):
                mark_stale(connection, _PROBLEMS.id.in_(chunk))
            enqueue(connection, joined)

    def decide(
        self, decision: Decision, memberships: Sequence[Membership], problems: Sequence[Problem]
    ) -> Decision:
        """Store what a person decided and the problems as they are then; return it with its id.

        One transaction, in which those of the two problems that are not among `problems` cease to exist.
        To be called with the lock MERGING held.
        """
        row = plain(decision) | {"decided_at": decision.decided_at}
        del row["id"]
        with writing(self._engine) as connection:
            _regroup(connection, decision, memberships, problems)
            number = connection.scalar(insert(schema.problem_decisions).values(row).returning(_DECISIONS.id))
            _show(connection, memberships)
        return replace(decision, id=number)

    def undo(
        self,
        decision: Decision,
        memberships: Sequence[Membership],
        problems: Sequence[Problem],
        *,
        now: datetime,
    ) -> None:
        """Store that the decision holds no longer, and the problems as they are then, as `decide` does."""
        undone = update(schema.problem_decisions).where(_DECISIONS.id == decision.id).values(undone_at=now)
        with writing(self._engine) as connection:
            _regroup(connection, decision, memberships, problems)
            connection.execute(undone)
            _show(connection, memberships)

    def decisions(self, *, problem_id: str | None = None) -> list[Decision]:
        """Return what people decided, or decided on one problem, and did not undo; oldest first."""
        query = select(schema.problem_decisions).where(_DECISIONS.undone_at.is_(None))
        if problem_id is not None:
            query = query.where((_DECISIONS.problem_id == problem_id) | (_DECISIONS.other_id == problem_id))
        return [_decision(row) for row in self._rows(query.order_by(_DECISIONS.id))]

    def decision(self, number: int) -> Decision | None:
        """Return the decision of that id, or None."""
        rows = self._rows(select(schema.problem_decisions).where(_DECISIONS.id == number))
        return _decision(rows[0]) if rows else None

    def decision_changes(self) -> int:
        """Return how often people have decided or undone something so far."""
        query = select(func.count(_DECISIONS.id) + func.count(_DECISIONS.undone_at))
        with reading(self._engine) as connection:
            return connection.scalar(query) or 0

    def successor(self, problem_id: str) -> str:
        """Return the id of the problem that a problem which people ended went into; its own otherwise."""
        query = select(_DECISIONS.problem_id).order_by(_DECISIONS.id.desc()).limit(1)
        seen: set[str] = set()
        with reading(self._engine) as connection:
            while problem_id not in seen:
                seen.add(problem_id)
                exists = select(_PROBLEMS.id).where(_PROBLEMS.id == problem_id)
                if connection.scalar(exists) is None:
                    problem_id = (
                        connection.scalar(query.where(_DECISIONS.other_id == problem_id)) or problem_id
                    )
        return problem_id

    def get(self, problem_id: str) -> Problem | None:
        """Return the problem, or None."""
        return self.get_many([problem_id]).get(problem_id)

    def get_many(self, problem_ids: Iterable[str]) -> dict[str, Problem]:
        """Return those that exist."""
        with reading(self._engine) as connection:
            return {
                row.id: _problem(row)
                for chunk in in_chunks(problem_ids)
                for row in connection.execute(select(schema.problems).where(_PROBLEMS.id.in_(chunk)))
            }

    def count(self, *, states: Sequence[ProblemState] = (), due_before: datetime | None = None) -> int:
        """Return how many problems there are in `states`, or in any, and are due before `due_before`."""
        query = _in_states(select(func.count()).select_from(schema.problems), states)
        if due_before is not None:
            query = query.where(_PROBLEMS.due_at < due_before)
        with reading(self._engine) as connection:
            return connection.scalar(query) or 0

    def membership(self, post_id: str) -> Membership | None:
        """Return why the post belongs to its problem, or None."""
        query = select(schema.memberships).where(_MEMBERS.post_id == post_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _membership(row)

    def problem_ids_of(self, post_ids: Iterable[str]) -> dict[str, str]:
        """Return post id → problem id for the posts that have joined one."""
        columns = (_MEMBERS.post_id, _MEMBERS.problem_id)
        with reading(self._engine) as connection:
            return {
                row.post_id: row.problem_id
                for chunk in in_chunks(post_ids)
                for row in connection.execute(select(*columns).where(_MEMBERS.post_id.in_(chunk)))
            }

    def copies_among(self, post_ids: Iterable[str]) -> set[str]:
        """Return those of the posts whose text repeats an earlier one's."""
        query = select(_MEMBERS.post_id).where(_MEMBERS.copy_of.is_not(None))
        with reading(self._engine) as connection:
            return {
                post_id
                for chunk in in_chunks(post_ids)
                for post_id in connection.scalars(query.where(_MEMBERS.post_id.in_(chunk)))
            }

    def stream_fingerprints(self, *, after: int = 0) -> Iterator[tuple[Membership, str, datetime]]:
        """Yield (membership, analysis fingerprint, asked_at) in the order merged, to restore the matcher.

        `after` is what `newest_membership` gave when those before were read.
        """
        query = (
            select(schema.memberships, schema.analyses.c.fingerprint, schema.posts.c.asked_at)
            .join(schema.analyses, schema.analyses.c.post_id == _MEMBERS.post_id)
            .join(schema.posts, schema.posts.c.id == _MEMBERS.post_id)
            .order_by(_MEMBERS.sequence)
            .limit(STREAM_BATCH)
        )
        last = after
        while rows := self._rows(query.where(_MEMBERS.sequence > last)):
            for row in rows:
                yield _membership(row), row.fingerprint, row.asked_at
            last = rows[-1].sequence

    def membership_count(self) -> int:
        """Return how many posts have joined a problem."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(schema.memberships)) or 0

    def newest_membership(self) -> int:
        """Return the number of the membership that was committed last, 0 where there is none."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.max(_MEMBERS.sequence))) or 0

    def stale(self, limit: int) -> list[str]:
        """Return problems that a post joined, or of which one was read again, since they were summed up."""
        query = select(_PROBLEMS.id).where(_PROBLEMS.stale.is_(true())).order_by(_PROBLEMS.id).limit(limit)
        with reading(self._engine) as connection:
            return [*connection.scalars(query)]

    def members_of(self, problem_ids: Sequence[str]) -> dict[str, list[Membership]]:
        """Return for each problem its members by the post's asked_at."""
        found: dict[str, list[Membership]] = {problem_id: [] for problem_id in problem_ids}
        with reading(self._engine) as connection:
            for chunk in in_chunks(problem_ids):
                for row in connection.execute(_select_members(chunk)):
                    found[row.problem_id].append(_membership(row))
        return found

    def members(self, problem_id: str) -> list[Membership]:
        """Return the problem's members by the post's asked_at."""
        return self.members_of([problem_id])[problem_id]

    def list(
        self,
        *,
        states: Sequence[ProblemState] = (),
        topic: str | None = None,
        place: str | None = None,
        seen: Period | None = None,
        min_posts: int = 1,
        order: str = "size",
        limit: int = 50,
        offset: int = 0,
    ) -> list[Problem]:
        """Return a page of problems. `seen` asks that the time from first to last report meets the period.

        `order`: size, newest (by last report), urgency, age (longest standing first).
        """
        query = _in_states(select(schema.problems), states).where(_PROBLEMS.n_posts >= min_posts)
        if topic is not None:
            query = query.where(_PROBLEMS.topic == topic)
        if place is not None:
            query = query.where(_PROBLEMS.place == place)
        if seen is not None:
            query = query.where(_PROBLEMS.last_seen >= seen.start, _PROBLEMS.first_seen < seen.end)
        rows = self._rows(query.order_by(*_ORDERS[order]).limit(limit).offset(offset))
        return [_problem(row) for row in rows]

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with reading(self._engine) as connection:
            return connection.execute(query).all()


def _store(connection: Connection, memberships: Sequence[Membership], problems: Sequence[Problem]) -> None:
    by_id = sorted(problems, key=lambda problem: problem.id)
    upsert(connection, schema.problems, [_problem_row(problem) for problem in by_id])
    rows = [plain(membership) for membership in memberships]
    upsert(connection, schema.memberships, rows, key=("post_id",))
    _count_wordings(connection, [problem.id for problem in by_id])


def _count_wordings(connection: Connection, problem_ids: Iterable[str]) -> None:
    """Note for each problem the wordings of its replies, each once, instead of those noted before."""
    answers = select(_MEMBERS.problem_id, schema.analyses.c.reply_quality).join(
        schema.analyses, schema.analyses.c.post_id == _MEMBERS.post_id
    )
    for chunk in in_chunks(problem_ids):
        rows = connection.execute(answers.where(_MEMBERS.problem_id.in_(chunk)))
        uses = {(key, row.problem_id) for row in rows for key in (row.reply_quality or {}).get("wording", ())}
        connection.execute(delete(schema.reply_uses).where(schema.reply_uses.c.problem_id.in_(chunk)))
        if uses:
            values = [{"reply_key": key, "problem_id": problem_id} for key, problem_id in sorted(uses)]
            connection.execute(insert(schema.reply_uses), values)


def _regroup(
    connection: Connection,
    decision: Decision,
    memberships: Sequence[Membership],
    problems: Sequence[Problem],
) -> None:
    _store(connection, memberships, problems)
    ended = {decision.problem_id, decision.other_id} - {problem.id for problem in problems}
    _count_wordings(connection, ended)
    connection.execute(delete(schema.problems).where(_PROBLEMS.id.in_(ended)))


def _show(connection: Connection, memberships: Sequence[Membership]) -> None:
    """See to it that search comes to show the posts in their problems, soon: a person waits for it."""
    enqueue(connection, [membership.post_id for membership in memberships])
    wake(connection, JobKind.INDEX)


def _select_members(problem_ids: Sequence[str]) -> Select[Any]:
    return (
        select(schema.memberships)
        .join(schema.posts, schema.posts.c.id == _MEMBERS.post_id)
        .where(_MEMBERS.problem_id.in_(problem_ids))
        .order_by(schema.posts.c.asked_at, _MEMBERS.post_id)
    )


def _in_states(query: Select[Any], states: Sequence[ProblemState]) -> Select[Any]:
    return query.where(_PROBLEMS.state.in_([state.value for state in states])) if states else query


def _problem_row(problem: Problem) -> dict[str, Any]:
    return {
        **plain(problem),
        "first_seen": problem.first_seen,
        "last_seen": problem.last_seen,
        "due_at": problem.due_at,
        "stale": False,
    }


def _problem(row: Row[Any]) -> Problem:
    values = dict(row._mapping)
    del values["stale"]
    values["state"] = ProblemState(row.state)
    values["outcome"] = None if row.outcome is None else Outcome(row.outcome)
    return Problem(**values)


def _decision(row: Row[Any]) -> Decision:
    values = dict(row._mapping)
    values["kind"] = DecisionKind(row.kind)
    values["ones"], values["others"] = tuple(row.ones), tuple(row.others)
    return Decision(**values)


def _membership(row: Row[Any]) -> Membership:
    return Membership(
        post_id=row.post_id,
        problem_id=row.problem_id,
        score=row.score,
        reason=row.reason,
        copy_of=row.copy_of,
    )
