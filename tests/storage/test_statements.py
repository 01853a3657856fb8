"""No query in a loop: every call of a store takes as many statements for three hundred posts as for three."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import event

from records.page import PageState
from records.post import Channel
from records.run import RunKind
from records.times import Period
from storage.database import Database
from tests.storage.samples import (
    NOW,
    alert,
    analysis,
    delivery,
    done_with_all,
    membership,
    post,
    problem,
    reply,
)

EVER = Period(start=NOW - timedelta(days=9_000), end=NOW + timedelta(days=1))
# Begin, the turns of source and outbox, the write itself and its queue; the most that any call takes.
MOST = 16


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    event.listen(database._engine, "before_cursor_execute", note)
    yield seen
    event.remove(database._engine, "before_cursor_execute", note)


def calls(database: Database, n: int) -> dict[str, Callable[[], object]]:
    """Return calls of the stores about `n` posts, in an order in which each finds what it needs."""
    source = f"of-{n}"
    posts = [post(number, source=source, replies=(reply(),)) for number in range(n)]
    changed = [replace(one, text="改", replies=(reply(), reply())) for one in posts]
    ids = [one.id for one in posts]
    sources = [source, *(f"quiet-{number}" for number in range(min(n, 150)))]
    problems = [problem(f"{source}-{number}", n_posts=number) for number in range(n)]
    alerts = [alert(f"{source}-{number}", post_ids=(ids[number], ids[0])) for number in range(n)]
    pages = [PageState(url=one, etag=None, last_modified=None, body_sha256=None) for one in ids]
    return {
        "posts.save": lambda: database.posts.save(posts),
        "posts.save unchanged": lambda: database.posts.save(posts),
        "posts.save changed": lambda: database.posts.save(changed),
        "posts.get_many": lambda: database.posts.get_many(ids),
        "posts.stream": lambda: list(database.posts.stream()),
        "posts.known": lambda: database.posts.known(source),
        "posts.mark_seen": lambda: database.posts.mark_seen(
            source, [one.native_id for one in posts], now=NOW
        ),
        "posts.awaiting_analysis": lambda: database.posts.awaiting_analysis("m1", n),
        "posts.unanswered": lambda: database.posts.unanswered(asked_before=NOW),
        "posts.newest_asked": lambda: database.posts.newest_asked(sources, before=NOW),
        "posts.asked_times": lambda: database.posts.asked_times(dict.fromkeys(sources, EVER), limit=5),
        "posts.service_counts": lambda: database.posts.service_counts(EVER, now=NOW),
        "analyses.save": lambda: database.analyses.save([analysis(one, revision=2) for one in posts]),
        "analyses.get_many": lambda: database.analyses.get_many(ids),
        "problems.awaiting_merge": lambda: database.problems.awaiting_merge(n),
        "problems.commit": lambda: database.problems.commit(
            [membership(one, problems[number].id) for number, one in enumerate(posts)], problems
        ),
        "problems.get_many": lambda: database.problems.get_many([one.id for one in problems]),
        "problems.members_of": lambda: database.problems.members_of([one.id for one in problems]),
        "problems.problem_ids_of": lambda: database.problems.problem_ids_of(ids),
        "problems.stream_fingerprints": lambda: list(database.problems.stream_fingerprints()),
        "problems.list": lambda: database.problems.list(limit=n),
        "problems.stale": lambda: database.problems.stale(n),
        "alerts.save": lambda: database.alerts.save(alerts),
        "alerts.list": lambda: database.alerts.list(limit=n),
        "alerts.flagged": lambda: database.alerts.flagged(ids),
        "deliveries.enqueue": lambda: database.deliveries.enqueue([delivery(one) for one in ids]),
        "deliveries.due": lambda: database.deliveries.due(NOW, limit=n),
        "runs.latest": lambda: database.runs.latest(RunKind.CRAWL),
        "pages.put": lambda: database.pages.put(pages),
        "outbox.take": lambda: database.outbox.take(n),
        "outbox.claim": lambda: done_with_all(database),
        "outbox.refill": lambda: database.outbox.refill(),
        "purge": lambda: database.purge(Channel.INBOX, before=NOW, now=NOW),
    }


def counts(database: Database, n: int) -> dict[str, int]:
    found = {}
    with counting(database) as seen:
        for name, call in calls(database, n).items():
            seen.clear()
            call()
            found[name] = len(seen)
    return found


def test_no_call_makes_a_query_for_each_post(database: Database) -> None:
    few, many = counts(database, 3), counts(database, 300)
    assert many == few
    assert {name: count for name, count in many.items() if count > MOST} == {}
