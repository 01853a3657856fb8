"""No query in a loop: a page takes as many statements with many rows on it as with few."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sqlalchemy import event

from console.services import Services
from console.web import ON_TIME_KEPT
from records.alert import Alert
from records.problem import Membership, Problem
from records.query import SortOrder
from storage.indexer import drain
from storage.saved_searches import SavedSearch
from tests.console.conftest import browser
from tests.console.town_cases import WATER, WATER_ALERT
from tests.console.town_posts import NOW

PAGES = {
    "overview": "/",
    "search": "/search?q=停水",
    "search by facets": "/search?q=停水&place=南门街道&urgency=2",
    "problems": "/problems",
    "problem": f"/problems/{WATER}",
    "alerts": "/alerts",
    "alert": f"/alerts/{WATER_ALERT}",
    "silences": "/silences?matchers=place%3D南门街道&reason=检修",
    "rules": "/rules",
    "post": "/posts/board/water-0",
    "sources": "/sources",
    "topics": "/topics",
    "compare": "/compare?by=place",
    "briefings": "/briefings",
    "searches": "/searches",
    "feed": "/searches/a/feed.rss",
    "health": "/health",
    "api": "/api/posts?q=停水",
    "api problems": "/api/problems",
}
# The overview, which looks at the sources too, takes most. BEGIN is not counted, the audit log's row is.
MOST = 20
COPIES = 15


@contextmanager
def counting(services: Services) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(services.database._engine, "before_cursor_execute", note)
    yield seen
    event.remove(services.database._engine, "before_cursor_execute", note)


def counts(services: Services) -> dict[str, int]:
    # A client of its own each time, so that nothing kept from before is used.
    client, found = browser(services), {}
    with counting(services) as seen:
        for name, path in PAGES.items():
            seen.clear()
            assert client.get(path).status_code == 200, path
            found[name] = len(seen)
    return found


def multiply(services: Services) -> None:
    """Let there be many times as many of what the pages list, of the problem and alert looked at too."""
    database = services.database
    water = database.posts.get("board/water-0")
    analysis = database.analyses.get("board/water-0")
    problem, alert = database.problems.get(WATER), database.alerts.get(WATER_ALERT)
    assert water is not None
    assert analysis is not None
    assert problem is not None
    assert alert is not None
    copies = [replace(water, native_id=f"water-copy-{number}") for number in range(COPIES)]
    database.posts.save(copies)
    database.analyses.save([replace(analysis, post_id=copy.id) for copy in copies])
    problems: list[Problem] = [replace(problem, id=f"p{number}") for number in range(COPIES)]
    joined = [
        Membership(post_id=copy.id, problem_id=WATER, score=1.0, reason="同在南门街道", copy_of=water.id)
        for copy in copies
    ]
    database.problems.commit(joined, [*problems, replace(problem, n_posts=problem.n_posts + COPIES)])
    ids = tuple(copy.id for copy in copies)
    alerts: list[Alert] = [replace(alert, id=f"a{number}", post_ids=ids) for number in range(COPIES)]
    database.alerts.save([*alerts, replace(alert, post_ids=(*alert.post_ids, *ids))])
    for number in range(COPIES):
        database.saved_searches.add(
            SavedSearch(name=f"b{number}", query="停水", sort=SortOrder.NEWEST, created_at=NOW)
        )
    drain(database, services.index, segment=services.segment)


def test_no_page_makes_a_query_for_each_row(fresh_town: Services) -> None:
    fresh_town.database.saved_searches.add(
        SavedSearch(name="a", query="停水", sort=SortOrder.NEWEST, created_at=NOW)
    )
    few = counts(fresh_town)
    multiply(fresh_town)
    # What is kept for a while is looked at anew.
    later = replace(fresh_town, clock=lambda: NOW + ON_TIME_KEPT)
    many = counts(later)
    assert {name: (few[name], many[name]) for name in PAGES if many[name] > few[name]} == {}
    assert {name: count for name, count in many.items() if count > MOST} == {}
