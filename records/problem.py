"""A problem: one thing that is wrong in one place, however many people reported it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from records.analysis import Analysis
from records.post import Post

# When the answer to a post is due; an urgent message may be due sooner, so its analysis is looked at.
DueAt = Callable[[Post, Analysis | None], datetime]


class ProblemState(StrEnum):
    """How far it is. `reopened`: reported again after it had been answered or closed."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"


class Outcome(StrEnum):
    """What came of it, apart from the state."""

    FIXED = "fixed"
    HANDED_OVER = "handed_over"
    REFUSED = "refused"
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Reports of the same thing, merged.

    `title` is a resident's own (masked) sentence. `n_posts` counts all reports, `n_voices` independent
    ones: copies of one text count once. `department` is the office that owes the answer, `due_at` when.
    """

    id: str
    title: str
    topic: str | None
    place: str | None
    department: str | None
    first_seen: datetime
    last_seen: datetime
    n_posts: int
    n_voices: int
    state: ProblemState
    urgency: int = 0
    dissatisfaction: float = 0.0
    outcome: Outcome | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Why one post belongs to one problem. `copy_of` names the post whose text it repeats, if any.

    `reason` is a short Chinese sentence for people; `score` is the strength of the match, 0-1
    (1 for the first post).
    """

    post_id: str
    problem_id: str
    score: float
    reason: str
    copy_of: str | None = None


class DecisionKind(StrEnum):
    """What a person decided on two groups of reports."""

    SPLIT = "split"  # they are two problems
    MERGE = "merge"  # they are one


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided on the reports of two problems. No machine undoes it, and it is learnt from.

    `ones` belong to `problem_id`, which keeps its id; `others` to `other_id`, which a split made and a merge
    ended. Who decided is in the audit log alone.
    """

    id: int = 0  # given by the database
    kind: DecisionKind
    decided_at: datetime
    problem_id: str
    other_id: str
    ones: tuple[str, ...]
    others: tuple[str, ...]
    undone_at: datetime | None = None

    @property
    def is_same(self) -> bool:
        """Return whether both groups report one thing."""
        return self.kind is DecisionKind.MERGE


def problem_id(first_post_id: str) -> str:
    """Return the id of the problem that `first_post_id` opens: the same on every machine."""
    return "p" + hashlib.sha256(first_post_id.encode()).hexdigest()[:12]
