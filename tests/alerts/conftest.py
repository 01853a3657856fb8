"""A small town in a real database and a real index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.coverage import Coverage
from alerts.deadlines import load_deadlines
from alerts.reading import Reading, Sight
from nlp.segment import words
from records.analysis import Analysis, Intent, ReplyFinding, ReplyFindingCode, ReplyQuality
from records.post import Channel, Post, Reply
from records.problem import Membership, Problem
from records.times import DEFAULT_ZONE
from storage.database import Database
from storage.indexer import drain
from storage.tantivy_index import TantivyIndex
from tests.alerts.samples import NOW, problem


class Town:
    """Put posts in, with what was made of them, and let the index catch up."""

    def __init__(self, folder: Path) -> None:
        self.database = Database.open(f"sqlite:///{folder / 'town.sqlite'}")
        self.index = TantivyIndex(folder / "index", segment=words, zone=DEFAULT_ZONE)
        self._number = 0
        self._posts: list[Post] = []
        self._analyses: list[Analysis] = []
        self._memberships: list[Membership] = []
        self._problems: dict[str, Problem] = {}

    def post(
        self,
        text: str = "停水三天了",
        *,
        title: str = "",
        asked_at: datetime = NOW,
        fetched_at: datetime | None = None,
        source: str = "board",
        place: str | None = "A3区",
        topic: str = "城乡建设",
        own_topics: tuple[str, ...] = (),
        keywords: tuple[str, ...] = (),
        urgency: int = 0,
        problem_id: str | None = None,
        copy_of: str | None = None,
        replies: tuple[Reply, ...] = (),
        channel: Channel = Channel.INBOX,
        findings: tuple[ReplyFindingCode, ...] = (),
        **of_problem: Any,
    ) -> str:
        """Take one analysed post, a report of `problem_id` (by default of its own); return its id."""
        self._number += 1
        post = Post(
            source=source, channel=channel, native_id=str(self._number), title=title, text=text,
            place=place,
            asked_at=asked_at, fetched_at=fetched_at or asked_at, replies=replies, addressed_to="A市水务集团",
        )  # fmt: skip
        analysis = Analysis(
            post_id=post.id, revision=1, model_version="test", topic=topic, topic_guess=topic,
            topic_score=0.9, runner_up=None, intent=Intent.COMPLAINT, intent_score=0.9, dissatisfaction=0.5,
            urgency=urgency, reply_quality=_quality(findings) if replies else None,
            own_topics=own_topics, keywords=keywords,
        )  # fmt: skip
        self._posts.append(post)
        self._analyses.append(analysis)
        if channel.carries_reports:
            one = problem_id or f"own{self._number}"
            membership = Membership(post_id=post.id, problem_id=one, score=1.0, reason="", copy_of=copy_of)
            stated = {"title": title or f"{place}{text}", "topic": topic, "place": place, "urgency": urgency}
            self._memberships.append(membership)
            self._problems[one] = problem(id=one, **{**stated, **of_problem})
        return post.id

    def catch_up(self) -> None:
        """Store what was posted and index it."""
        self.database.posts.save(self._posts)
        self.database.analyses.save(self._analyses)
        self.database.problems.commit(self._memberships, list(self._problems.values()))
        self._posts, self._analyses, self._memberships, self._problems = [], [], [], {}
        drain(self.database, self.index, segment=words)

    def sight(self) -> Sight:
        """Return what rules see of the town, every source being seen."""
        return Sight(
            truth=self.database,
            index=Reading(self.index),
            zone=DEFAULT_ZONE,
            deadlines=load_deadlines(),
            coverage=Coverage(),
        )

    def close(self) -> None:
        self.index.close()
        self.database.close()


def _quality(codes: tuple[ReplyFindingCode, ...]) -> ReplyQuality:
    return ReplyQuality(relevance=0.5, findings=tuple(ReplyFinding(code=code, words="") for code in codes))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town(tmp_path)
    yield made
    made.close()
