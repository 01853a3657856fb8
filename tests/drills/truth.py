"""What is there after a fault: nothing acknowledged lost, nothing double, the index equal to the truth."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice

from nlp.segment import words
from records.post import Post
from records.query import KEYWORD_FIELDS, IndexDocument, SortOrder
from records.times import DEFAULT_ZONE, Period
from storage.database import Database
from storage.documents import build_document
from storage.query import quoted
from storage.search import SearchIndex
from tests.drills.messages import said

# Values of a field, drawn from all, whose posts are asked for; the counts are compared for all values.
MOST_VALUES = 20
# Values that both engines count at once; 50,000 posts may be reports of more problems.
MOST_COUNTED = 10_000
_READ_AT_ONCE = 2_000
_EVER = Period(start=datetime(1990, 1, 1, tzinfo=DEFAULT_ZONE), end=datetime(2090, 1, 1, tzinfo=DEFAULT_ZONE))


@dataclass(slots=True)
class Ledger:
    """What was acknowledged: of each case the highest version that was told to be stored, or seen stored."""

    versions: dict[str, int] = field(default_factory=dict)

    def add(self, posts: Iterable[Post], version: int) -> None:
        for post in posts:
            self.versions[post.id] = max(version, self.versions.get(post.id, 0))

    def see(self, database: Database) -> None:
        """Take over what another connection can read now: committed, so not to be lost any more."""
        for post in database.posts.stream():
            self.versions[post.id] = max(version_of(post), self.versions.get(post.id, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`found` of `acknowledged` posts, how many are there twice in any way, and where the index differs."""

    acknowledged: int
    found: int
    double: int
    differences: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return self.found == self.acknowledged and not self.double and not self.differences


def judge(database: Database, index: SearchIndex, ledger: Ledger, dice: random.Random) -> Verdict:
    """Return what is there. Reads every post, and asks the index for every value of every field."""
    posts = {post.id: post for post in database.posts.stream()}
    found = sum(
        1
        for post_id, version in ledger.versions.items()
        if post_id in posts and version_of(posts[post_id]) >= version
    )
    hits = [hit.post_id for hit in index.search(limit=len(posts) + 100).hits]
    double = (
        len(hits)
        - len(set(hits))
        + sum(map(_doubles, posts.values()))
        + _double_revisions(database, dice, posts)
    )
    return Verdict(
        acknowledged=len(ledger.versions),
        found=found,
        double=double,
        differences=tuple(differences(database, index, posts, dice)),
    )


def version_of(post: Post) -> int:
    """Return which version of its case a post is, as its text says."""
    return int(post.text.rpartition("第")[2].partition("稿")[0])


def differences(
    database: Database, index: SearchIndex, posts: Mapping[str, Post], dice: random.Random
) -> Iterator[str]:
    """Yield the questions that the index answers otherwise than the truth does."""
    wanted = _answers_of_truth(list(_documents(database, posts)), posts)
    if database.outbox.lag():
        yield f"{database.outbox.lag()} rows wait in the outbox"
    for question in _asked(wanted, dice):
        found = index.search(question, sort=SortOrder.NEWEST, limit=len(posts) + 100)
        if digest(hit.post_id for hit in found.hits) != digest(wanted[question]):
            yield f"{question or 'all'}: {found.total} hits, {len(wanted[question])} in truth"
    for name in KEYWORD_FIELDS:
        truth = {question: len(ids) for question, ids in wanted.items() if question.startswith(f"{name}:")}
        if len(truth) < MOST_COUNTED:
            series = index.group_counts("", [name], period=_EVER, limit=MOST_COUNTED)
            if {f"{name}:{quoted(one.key[name])}": one.total for one in series} != truth:
                yield f"the counts by {name}"
    newest = sorted(posts.values(), key=lambda post: post.asked_at, reverse=True)
    listed = [hit.post_id for hit in index.search(sort=SortOrder.NEWEST, limit=len(posts) + 100).hits]
    if listed != [post.id for post in newest]:
        yield "the order by time"


def digest(post_ids: Iterable[str]) -> str:
    """Return the checksum of a set of posts."""
    return sha256("\n".join(sorted(post_ids)).encode()).hexdigest()


def _documents(database: Database, posts: Mapping[str, Post]) -> Iterator[IndexDocument]:
    ids = iter(posts)
    while chunk := list(islice(ids, _READ_AT_ONCE)):
        analyses = database.analyses.get_many(chunk)
        problem_ids = database.problems.problem_ids_of(chunk)
        flagged = database.alerts.flagged(chunk)
        for one in chunk:
            yield build_document(
                posts[one], analyses.get(one), problem_ids.get(one), flagged=one in flagged, segment=words
            )


def _answers_of_truth(documents: Iterable[IndexDocument], posts: Mapping[str, Post]) -> dict[str, list[str]]:
    """Return question → ids, for every value of every field that a document has."""
    answers: dict[str, list[str]] = defaultdict(list)
    for document in documents:
        for question in _questions(document, posts[document.id]):
            answers[question].append(document.id)
    return answers


def _questions(document: IndexDocument, post: Post) -> Iterator[str]:
    yield ""
    for name in KEYWORD_FIELDS:
        if name == "place":
            values: Iterable[str | None] = document.places
        elif name == "own_topic":
            values = document.own_topics
        elif name == "flagged":
            values = ["true" if document.flagged else "false"]
        else:
            values = [getattr(document, name)]
        yield from (f"{name}:{quoted(value)}" for value in values if value is not None)
    yield f"urgency:{document.urgency}"
    tenth = min(int(document.dissatisfaction * 10), 9)
    upper = "1]" if tenth == 9 else f"0.{tenth + 1}}}"
    yield f"dissatisfaction:[0.{tenth} TO {upper}"
    if document.replied_at is not None:
        yield "_exists_:replied"
    yield f'text:"{said(version_of(post))}"'
    if post.replies:
        yield "_exists_:reply"


def _asked(wanted: Mapping[str, list[str]], dice: random.Random) -> list[str]:
    by_field: dict[str, list[str]] = defaultdict(list)
    for question in sorted(wanted):
        by_field[question.partition(":")[0]].append(question)
    return [
        question
        for questions in by_field.values()
        for question in (dice.sample(questions, MOST_VALUES) if len(questions) > MOST_VALUES else questions)
    ]


def _doubles(post: Post) -> int:
    return max(len(post.replies) - 1, 0)


def _double_revisions(database: Database, dice: random.Random, posts: Mapping[str, Post]) -> int:
    """Return how many revisions say nothing new, of the posts that have several."""
    several = [post.id for post in posts.values() if post.revision > 1]
    double = 0
    for post_id in dice.sample(several, min(len(several), MOST_VALUES)):
        digests = [post.digest() for post in database.posts.revisions(post_id)]
        double += len(digests) - len(set(digests))
    return double
