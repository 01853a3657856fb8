"""The heaviest statements of the main pages on PostgreSQL, with their plans.

    python -m benchmarks plans [--posts 1000000]

Each call that a page or the pipeline makes is timed by statement; of the three slowest EXPLAIN tells how the
server answers them. Beside them stands a count of all posts, which no index spares.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from benchmarks.redrawn import YEAR, Redrawn
from benchmarks.scale import SAVED, Clock, enrich
from records.alert import AlertState
from records.post import Channel
from records.problem import ProblemState
from records.run import RunKind
from records.times import Period
from storage.database import Database
from tests.servers import ServerError, postgresql

SIZES = (10_000,)
HEAVIEST = 3
# Of a plan: the rest of a long one says the same again.
LINES, LINE = 24, 180
ROUNDS = 3


@dataclass(slots=True)
class Timed:
    """The values of one statement, and its quickest time in milliseconds as its caller saw it."""

    parameters: Any
    ms: float = float("inf")


@dataclass(slots=True)
class Watch:
    """Times every statement while it is on, by (what asked it, statement)."""

    statements: dict[tuple[str, str], Timed] = field(default_factory=dict)
    asked_by: str = ""

    @contextmanager
    def over(self, engine: Engine) -> Iterator[None]:
        def before(connection: Any, *_: Any) -> None:
            connection.info["began"] = time.perf_counter()

        def after(connection: Any, _: Any, statement: str, parameters: Any, *rest: Any) -> None:
            ms = (time.perf_counter() - connection.info["began"]) * 1000
            one = self.statements.setdefault((self.asked_by, statement), Timed(parameters))
            one.ms = min(one.ms, ms)

        event.listen(engine, "before_cursor_execute", before)
        event.listen(engine, "after_cursor_execute", after)
        yield
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "after_cursor_execute", after)


def main(sizes: Sequence[int] = SIZES) -> None:
    for size in sizes:
        corpus = Redrawn.of(size)
        if corpus is None:
            print("skipped: the real messages are not on this machine")
            return
        try:
            with tempfile.TemporaryDirectory(prefix="huiying-plans-") as folder:
                Path(folder).chmod(0o755)
                with postgresql(Path(folder)) as url, Database.open(url) as database:
                    measure(corpus, database)
        except ServerError as err:
            print(f"skipped: {err}")
            return


def measure(corpus: Redrawn, database: Database) -> None:
    clock = Clock()
    for start in range(0, corpus.total, SAVED):
        posts = corpus.posts(start, start + SAVED)
        with clock.time("save"):
            database.posts.save(posts)
    enrich(corpus, database, clock)
    engine = database._engine
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
        bytes_held = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    kb = bytes_held / corpus.total / 1000
    print(f"{corpus.total:,} posts on PostgreSQL: {bytes_held / 1e6:,.0f} MB, {kb:.2f} kB a post")
    for name in ("save", "analyses and problems"):
        clock.show(name, corpus.total)
    watch = Watch()
    with watch.over(engine):
        for _ in range(ROUNDS):
            for name, call in _calls(database).items():
                watch.asked_by = name
                assert call() is not None
    slowest = sorted(watch.statements.items(), key=lambda item: -item[1].ms)[: 3 * HEAVIEST]
    with engine.connect() as connection:
        plans = [(asked_by, _plan(connection, statement, one)) for (asked_by, statement), one in slowest]
        peer = _plan(connection, "SELECT count(*) FROM posts", Timed(()))
    plans.sort(key=lambda item: -item[1].ms)
    for asked_by, plan in plans[:HEAVIEST]:
        print(f"\n{asked_by}: {plan.ms:.1f} ms on the server, {plan.ms / peer.ms:.2f} × a count of all posts")
        print("\n".join(f"  {line[:LINE]}" for line in plan.lines[:LINES]))


@dataclass(frozen=True, slots=True)
class Plan:
    """What EXPLAIN says; `ms` is the time that the server took."""

    ms: float
    lines: Sequence[str]


def _plan(connection: Connection, statement: str, one: Timed) -> Plan:
    found = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", one.parameters)
    lines = [line for (line,) in found]
    return Plan(float(lines[-1].removeprefix("Execution Time: ").removesuffix(" ms")), lines)


def _calls(database: Database) -> Mapping[str, Any]:
    """Return what the main pages and the steps of the pipeline ask of the database."""
    now, month = YEAR.end, Period(start=YEAR.end - timedelta(days=30), end=YEAR.end)
    sources = [f"board{number}" for number in range(20)]
    states = (ProblemState.OPEN, ProblemState.REOPENED)
    problems, posts = database.problems, database.posts
    return {
        "first page: counts of a month": lambda: posts.service_counts(month, now=now),
        "first page: counts of a year": lambda: posts.service_counts(YEAR, now=now),
        "first page: newest of each source": lambda: posts.newest_asked(sources, before=now),
        "problems by size": lambda: problems.list(states=states, seen=month, order="size"),
        "problems by urgency": lambda: problems.list(states=states, order="urgency"),
        "problems by age, of a place": lambda: problems.list(place="A1区", order="age"),
        "problems, page 20": lambda: problems.list(order="newest", offset=1000),
        "problems: how many": lambda: problems.count(states=states),
        "alerts": lambda: database.alerts.list(states=(AlertState.ACTIVE,)),
        "waiting for an answer": lambda: posts.unanswered(asked_before=now),
        "pipeline: awaiting analysis": lambda: posts.awaiting_analysis("other", 1000),
        "pipeline: awaiting merge": lambda: problems.awaiting_merge(1000),
        "pipeline: stale problems": lambda: problems.stale(1000),
        "pipeline: joined": problems.membership_count,
        "outbox: lag": database.outbox.lag,
        "sources: last success": lambda: database.runs.last_success(RunKind.CRAWL),
        "retention: how many": lambda: database.count_purgeable(Channel.INBOX, before=month.start),
    }


if __name__ == "__main__":
    main()
