"""The way from stored to searchable: analyse what is new, merge it into problems, feed the index.

Every step takes its work from the truth and puts its result there in one transaction, so that it can be
killed anywhere and run again. A lock keeps two processes from doing the same work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from nlp.analyser import Analyser
from nlp.problems import ProblemMatcher, summarise
from nlp.segment import words
from records.problem import DueAt, Membership, Problem
from storage.database import Database
from storage.indexer import drain
from storage.search import SearchIndex

# Held by whoever analyses, merges or feeds the index: one process at a time, on any machine.
INDEXING = "indexing"
# Posts handled between two commits: large enough for vectorised analysis, small enough to lose little.
BATCH = 1000

Progress = Callable[[str, int], None]  # (step, how many more are done)
Fingerprinted = tuple[Membership, str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineReport:
    """How many posts each step took."""

    analysed: int
    merged: int
    indexed: int

    @property
    def idle(self) -> bool:
        return not (self.analysed or self.merged or self.indexed)


def _silent(step: str, done: int) -> None:
    """Report nothing."""


class Pipeline:
    """Steps 5 to 7 of the way of the data. One instance may be used by one thread at a time."""

    def __init__(
        self,
        *,
        database: Database,
        index: SearchIndex,
        analyser: Analyser,
        due_at: DueAt,
    ) -> None:
        self._database = database
        self._index = index
        self._analyser = analyser
        self._due_at = due_at
        self._matcher = ProblemMatcher()
        self._matcher_size = 0

    def run(self, *, progress: Progress = _silent, wait_s: float = 60) -> PipelineReport:
        """Bring everything up to date. Raises Retryable when another process holds the work for `wait_s`."""
        with self._database.lock(INDEXING, wait_s=wait_s):
            analysed = self._analyse(progress)
            merged = self._merge(progress)
            indexed = drain(
                self._database, self._index, segment=words, progress=lambda done: progress("index", done)
            )
        return PipelineReport(analysed=analysed, merged=merged, indexed=indexed)

    def _analyse(self, progress: Progress) -> int:
        done = 0
        while posts := self._database.posts.awaiting_analysis(self._analyser.model_version, BATCH):
            self._database.analyses.save(self._analyser.analyse(posts))
            done += len(posts)
            progress("analyse", len(posts))
        return done

    def _merge(self, progress: Progress) -> int:
        self._catch_up()
        done = 0
        while batch := self._database.problems.awaiting_merge(BATCH):
            new = [
                self._matcher.add(post.id, analysis.fingerprint, post.asked_at) for post, analysis in batch
            ]
            self._matcher_size += len(new)
            self._commit(new)
            done += len(new)
            progress("merge", len(new))
        while stale := self._database.problems.stale(BATCH):
            self._database.problems.commit((), self._summaries(stale, ()))
        return done

    def _catch_up(self) -> None:
        """Rebuild the matcher when another process (or an earlier life) merged what this one has not seen."""
        if self._database.problems.membership_count() != self._matcher_size:
            self._matcher = ProblemMatcher()
            self._matcher_size = 0
            self._matcher.restore(self._counted(self._database.problems.stream_fingerprints()))

    def _counted(self, items: Iterable[Fingerprinted]) -> Iterator[Fingerprinted]:
        for item in items:
            self._matcher_size += 1
            yield item

    def _commit(self, new: list[Membership]) -> None:
        touched = sorted({membership.problem_id for membership in new})
        self._database.problems.commit(new, self._summaries(touched, new))

    def _summaries(self, problem_ids: list[str], new: Iterable[Membership]) -> list[Problem]:
        members = self._database.problems.members_of(problem_ids)
        for membership in new:
            members.setdefault(membership.problem_id, []).append(membership)
        post_ids = [membership.post_id for joined in members.values() for membership in joined]
        posts = self._database.posts.get_many(post_ids)
        analyses = self._database.analyses.get_many(post_ids)
        return [
            summarise(
                problem_id,
                [posts[membership.post_id] for membership in members[problem_id]],
                analyses,
                members[problem_id],
                due_at=self._due_at,
            )
            for problem_id in problem_ids
        ]
