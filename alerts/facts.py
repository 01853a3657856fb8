"""What evaluation looks at: counts, problems, deadlines, already gathered. Nothing here can name a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from alerts.health import SourceHealth
from records.analysis import ReplyFindingCode, UrgencyCode
from records.problem import Problem
from records.times import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One span of the look-back; a surge has days up to the hour it runs. `blind`: counts say nothing."""

    period: Period
    blind: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """What is known of the posts behind one count. `n_voices`: independent ones, copies folded.

    `problem_ids` have the problem with the most voices first. `n_alike`: so many voices are of it, or share
    the `keyword` if there is one.
    """

    post_ids: tuple[str, ...]
    problem_ids: tuple[str, ...]
    n_voices: int
    n_urgent: int
    n_alike: int = 0
    keyword: str | None = None
    reasons: tuple[UrgencyCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The posts of one combination of labels. `history` has one count per step, oldest first.

    `matched` (percentage_match) are those of `count` that the second filter finds. `reports` None: nothing
    is known of copies, each post counts as a voice.
    """

    labels: Mapping[str, str]
    count: int
    matched: int = 0
    history: tuple[int, ...] = ()
    reports: Reports | None = None

    @property
    def n_voices(self) -> int:
        return self.reports.n_voices if self.reports else self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """A problem without an answer past its deadline: the reports that wait, and when the oldest was asked."""

    problem: Problem
    labels: Mapping[str, str]
    post_ids: tuple[str, ...]
    asked_at: datetime
    due_at: datetime
    workdays_waited: int
    deadline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A problem as an answer left it: answered poorly at `at` (`findings` say how), or reported again since.

    `post_ids` are the reports that show it.
    """

    problem: Problem
    labels: Mapping[str, str]
    post_ids: tuple[str, ...]
    at: datetime
    findings: tuple[ReplyFindingCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that one rule needs at one moment. `window` is the span the counts are of.

    `steps` are oldest first; those of a surge are of equal length and the last ones make up `window`, other
    rules that compare have two: before and `window`. `others` (n_keys, n_steps) are the histories of the keys
    that are no groups of a surge, and bear on what is normal. `health` is that of every source
    (source_silent). `blind_sources` are those whose news cannot be seen now; their posts are left out of
    surge and overdue.
    """

    window: Period
    groups: tuple[Group, ...] = ()
    steps: tuple[Step, ...] = ()
    others: Sequence[Sequence[int]] | NDArray[np.int32] = ()
    problems: Mapping[str, Problem] = field(default_factory=dict)
    overdue: tuple[Overdue, ...] = ()
    cases: tuple[Case, ...] = ()
    health: tuple[SourceHealth, ...] = ()
    blind_sources: tuple[str, ...] = ()


def labels_of_problem(problem: Problem) -> Mapping[str, str]:
    """Return the labels of an alert about the problem: itself, and what is known of it."""
    context = {"place": problem.place, "topic": problem.topic, "department": problem.department}
    return {"problem": problem.id, **{key: value for key, value in context.items() if value}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule says about one set of labels, before it becomes an alert."""

    labels: Mapping[str, str]
    value: float
    explanation: str
    expected: float | None = None
    problem_ids: tuple[str, ...] = ()
    post_ids: tuple[str, ...] = ()

    @classmethod
    def of_group(cls, group: Group, value: float, explanation: str, *, expected: float | None = None) -> Self:
        """Return what is said of the group, with the posts behind it as far as they were looked up."""
        return cls(
            labels=group.labels,
            value=float(value),
            explanation=explanation,
            expected=expected,
            problem_ids=group.reports.problem_ids if group.reports else (),
            post_ids=group.reports.post_ids if group.reports else (),
        )
