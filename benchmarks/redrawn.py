"""The real messages drawn again as often as wanted: new dates, places and small edits. Not a benchmark."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from nlp.analyser import Analyser
from records.analysis import Analysis
from records.post import Channel, Post, Reply
from records.problem import Membership, Problem, ProblemState, problem_id
from records.times import DEFAULT_ZONE, Period
from tests.shared_data import SHARED_DATA

FILES = ("topics_train", "topics_dev", "messages_2017_2020", "replies_open")
START = datetime(2025, 1, 1, tzinfo=DEFAULT_ZONE)
YEAR = Period(start=START, end=START + timedelta(days=365))
# Posts of one problem, one after the other; the real messages have about as many.
POSTS_A_PROBLEM = 4
SOURCES, DEPARTMENTS = 20, 60
STATUSES = ("待回复", "办理中", "已办理", "已答复")
_CODES = re.compile(r"[A-Z]\d+(?=[区县市])")
_SYLLABLES = "安柏春东方福广海和华嘉金景康兰丽明南平清荣瑞山泰天文西新阳永云长"


@dataclass(frozen=True, slots=True)
class Redrawn:
    """`total` posts spread over YEAR; post number n is the same in every run."""

    messages: Sequence[dict[str, str]]
    total: int

    @classmethod
    def of(cls, total: int) -> Self | None:
        """Return the source of `total` posts, or None where the real messages are not at hand."""
        paths = [SHARED_DATA / "messages" / f"{name}.jsonl" for name in FILES]
        if not all(path.exists() for path in paths):
            return None
        lines = [line for path in paths for line in path.read_text("utf-8").splitlines()]
        return cls([json.loads(line) for line in lines], total)

    def posts(self, first: int, last: int) -> list[Post]:
        """Return posts `first` to `last` - 1, by asked_at."""
        return [self._post(number) for number in range(first, min(last, self.total))]

    def analyses(
        self, posts: Sequence[Post], analyser: Analyser, known: dict[int, Analysis]
    ) -> list[Analysis]:
        """Return analyses of our posts: those of the messages they were drawn from, kept in `known`."""
        drawn = [random.Random(int(post.native_id)).randrange(len(self.messages)) for post in posts]
        new = {number: post for number, post in zip(drawn, posts, strict=True) if number not in known}
        known.update(zip(new, analyser.analyse(list(new.values())), strict=True))
        return [replace(known[number], post_id=post.id) for number, post in zip(drawn, posts, strict=True)]

    def problems(self, posts: Sequence[Post]) -> tuple[list[Membership], list[Problem]]:
        """Return problems of POSTS_A_PROBLEM posts each, and which post belongs to which."""
        memberships, problems = [], []
        for start in range(0, len(posts), POSTS_A_PROBLEM):
            members = posts[start : start + POSTS_A_PROBLEM]
            first, last = members[0], members[-1]
            own = problem_id(first.id)
            memberships += [
                Membership(post_id=post.id, problem_id=own, score=0.8, reason="同一地点，同一件事")
                for post in members
            ]
            problems.append(
                Problem(
                    id=own,
                    title=first.title,
                    topic=None,
                    place=first.place,
                    department=first.addressed_to,
                    first_seen=first.asked_at,
                    last_seen=last.asked_at,
                    n_posts=len(members),
                    n_voices=len(members),
                    state=ProblemState.OPEN,
                    due_at=last.asked_at + timedelta(days=15),
                )
            )
        return memberships, problems

    def _post(self, number: int) -> Post:
        dice = random.Random(number)
        message = self.messages[dice.randrange(len(self.messages))]
        code = f"{dice.choice('ABCDEFGHJKLM')}{dice.randrange(1, 10)}"
        name = "".join(dice.choices(_SYLLABLES, k=3)) + dice.choice("路街村镇")
        clauses = _CODES.sub(code, message["text"]).split("，")
        if len(clauses) > 2:
            del clauses[dice.randrange(len(clauses))]
        clauses.insert(dice.randrange(len(clauses) + 1), name)
        asked_at = START + (YEAR.end - START) * number / self.total
        place, department = f"{code}区", f"第{dice.randrange(DEPARTMENTS)}局"
        replies = (
            (Reply(text=message["reply"], department=department, replied_at=asked_at + timedelta(days=5)),)
            if message.get("reply")
            else ()
        )
        return Post(
            source=f"board{dice.randrange(SOURCES)}",
            channel=dice.choice((Channel.INBOX, Channel.INBOX, Channel.HOTLINE)),
            native_id=str(number),
            url=f"https://board.example/{number}",
            title=_CODES.sub(code, message["title"]),
            text="，".join(clauses),
            asked_at=asked_at,
            fetched_at=asked_at.astimezone(UTC),
            addressed_to=department,
            place=place,
            status=dice.choice(STATUSES),
            replies=replies,
            votes_up=dice.randrange(30),
        )
