"""The way from stored to searchable: analyse what is new, merge it into problems, feed the index.

Every step takes its work from the truth and puts its result there in one transaction, so that it can be
killed anywhere and run again. Locks keep two processes from doing the same work; where there is a job queue,
each job of analysis has posts of its own, and any number of workers analyse at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.feeding import IndexPosts, feeding
from app.spreading import spreading
from nlp.analyser import Analyser
from nlp.live_analyser import LiveAnalyser
from nlp.problems import ProblemMatcher, summarise
from nlp.segment import words
from records.analysis import Analysis
from records.post import Post
from records.problem import DueAt, Membership, Problem
from storage.database import Database
from storage.indexer import BATCH as BATCH_OF_INDEX
from storage.indexer import drain
from storage.problems import MERGING
from storage.search import SearchIndex

# Held by whoever looks for posts to analyse: one process at a time, on any machine.
ANALYSING = "analysing"
LOCK_WAIT_S = 60.0
# Posts handled between two commits: large enough for vectorised analysis, small enough to lose little.
BATCH = 1000
# Problems summed up between two commits: all their posts are in memory.
STALE_AT_ONCE = 200
# Batches of analysis read at once for several processors: 20 MB.
BATCHES_AT_ONCE = 6

Progress = Callable[[str, int], None]  # (step, how many more are done)
Analyse = Callable[[Sequence[Post]], list[Analysis]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineReport:
    """How many posts each step took."""

    analysed: int
    merged: int
    indexed: int


def _silent(step: str, done: int) -> None:
    """Report nothing."""


def _forget_posts(post_ids: Iterable[str]) -> None:
    """Leave them to who drains the outbox."""


class Pipeline:
    """Steps 5 to 7 of the way of the data. One instance may be used by one thread at a time."""

    def __init__(
        self,
        *,
        database: Database,
        index: SearchIndex,
        analyser: Analyser | LiveAnalyser,
        due_at: DueAt,
        analyse_apart: Analyse | None = None,
        index_apart: IndexPosts | None = None,
    ) -> None:
        """What ends in `apart` is for other processes to do where there is much to do: it can be pickled."""
        self._database = database
        self._index = index
        self._analyser = analyser
        self._analyse_apart = analyse_apart or analyser.analyse
        self._index_apart = index_apart
        self._due_at = due_at
        self._matcher = ProblemMatcher()
        self._matched_up_to = 0  # the newest membership that the matcher knows
        # The model whose fingerprints it knows, and how often people had decided something; None: start anew.
        self._matched_on: tuple[str, int] | None = None

    @property
    def model_version(self) -> str:
        return self._analyser.model_version

    def run(self, *, progress: Progress = _silent, wait_s: float = LOCK_WAIT_S) -> PipelineReport:
        """Bring everything up to date. Raises Retryable when another process holds the work for `wait_s`."""
        with self._database.lock(ANALYSING, wait_s=wait_s):
            analysed = self._analyse_waiting(progress)
        merged, indexed = self._merge_and_index(progress, wait_s)
        return PipelineReport(analysed=analysed, merged=merged, indexed=indexed)

    def analyse(self, post_ids: Sequence[str]) -> int:
        """Analyse those of the posts that still await it; return how many. Any number may do so at once."""
        posts = self._database.posts.still_awaiting_analysis(post_ids, self.model_version)
        if posts:
            self._database.analyses.save(self._analyser.analyse(posts))
        return len(posts)

    def merge(
        self,
        *,
        progress: Progress = _silent,
        wait_s: float = LOCK_WAIT_S,
        limit: int | None = None,
        merged: Callable[[Iterable[str]], None] = _forget_posts,
    ) -> int:
        """Merge what is analysed, at least `limit` posts if there are as many; return how many.

        `merged` is given the ids of each batch when it is committed.
        """
        with self._database.lock(MERGING, wait_s=wait_s):
            try:
                return self._merge_waiting(progress, limit, merged)
            except BaseException:
                self._forget()  # it may have taken in what was not committed
                raise

    def feed_index(self, *, progress: Progress = _silent) -> int:
        """Bring the search index up to the truth; return how many documents were put in."""
        return drain(
            self._database, self._index, segment=words, progress=lambda done: progress("index", done)
        )

    def _analyse_waiting(self, progress: Progress) -> int:
        done = 0
        with spreading() as spread:
            while posts := self._database.posts.awaiting_analysis(
                self.model_version, BATCH * BATCHES_AT_ONCE
            ):
                batches = [posts[start : start + BATCH] for start in range(0, len(posts), BATCH)]
                for analyses in spread(self._analyse_apart, batches, here=self._analyser.analyse):
                    self._database.analyses.save(analyses)
                    done += len(analyses)
                    progress("analyse", len(analyses))
        return done

    def _merge_and_index(self, progress: Progress, wait_s: float) -> tuple[int, int]:
        """Merge and index; of much that is merged, most is indexed meanwhile by another process."""
        if self._index_apart is None:
            return self.merge(progress=progress, wait_s=wait_s), self.feed_index(progress=progress)
        beside = 0

        def indexed(done: int) -> None:
            nonlocal beside
            beside += done
            progress("index", done)

        with feeding(
            self._index_apart, commit_posts=BATCH_OF_INDEX * self._index.batches_a_commit, indexed=indexed
        ) as feed:
            merged = self.merge(progress=progress, wait_s=wait_s, merged=feed)
        return merged, beside + self.feed_index(progress=progress)

    def _merge_waiting(
        self, progress: Progress, limit: int | None, merged: Callable[[Iterable[str]], None]
    ) -> int:
        done = 0
        while (limit is None or done < limit) and (batch := self._database.problems.awaiting_merge(BATCH)):
            if not done:
                self._catch_up()
            new = [
                self._matcher.add(post.id, analysis.fingerprint, post.asked_at) for post, analysis in batch
            ]
            self._commit(new, batch)
            self._matched_up_to = self._database.problems.newest_membership()
            merged(membership.post_id for membership in new)
            done += len(new)
            progress("merge", len(new))
        while stale := self._database.problems.stale(STALE_AT_ONCE):
            self._sum_up(stale)
            progress("merge", 0)
        return done

    def _catch_up(self) -> None:
        """Take into the matcher what another process, or an earlier life, has merged."""
        problems = self._database.problems
        newest, basis = problems.newest_membership(), (self.model_version, problems.decision_changes())
        # Another model, whose fingerprints are others; people who moved posts from problem to problem; or
        # another database: a backup was restored.
        if newest < self._matched_up_to or basis != self._matched_on:
            self._matcher = ProblemMatcher(problems.decisions())
            self._matched_up_to, self._matched_on = 0, basis
        if newest > self._matched_up_to:
            self._matcher.restore(problems.stream_fingerprints(after=self._matched_up_to))
            self._matched_up_to = newest

    def _forget(self) -> None:
        self._matched_on = None

    def _commit(self, new: Sequence[Membership], batch: Iterable[tuple[Post, Analysis]]) -> None:
        """Store what the batch joined. Only what it opened is summed up: what grew may grow again."""
        known = self._database.problems.get_many({membership.problem_id for membership in new})
        opened: dict[str, list[Membership]] = {}
        for membership in new:
            if membership.problem_id not in known:
                opened.setdefault(membership.problem_id, []).append(membership)
        posts = {post.id: post for post, _ in batch}
        analyses = {analysis.post_id: analysis for _, analysis in batch}
        self._database.problems.commit(new, self._summaries(opened, posts, analyses))

    def _sum_up(self, problem_ids: Sequence[str]) -> None:
        members = self._database.problems.members_of(problem_ids)
        post_ids = [membership.post_id for joined in members.values() for membership in joined]
        posts = self._database.posts.get_many(post_ids)
        analyses = self._database.analyses.get_many(post_ids)
        self._database.problems.commit((), self._summaries(members, posts, analyses))

    def _summaries(
        self,
        members: Mapping[str, Sequence[Membership]],
        posts: Mapping[str, Post],
        analyses: Mapping[str, Analysis],
    ) -> list[Problem]:
        return [
            summarise(
                problem_id,
                [posts[membership.post_id] for membership in joined],
                analyses,
                joined,
                due_at=self._due_at,
            )
            for problem_id, joined in members.items()
        ]
