"""Servers that go away under load: PostgreSQL, Elasticsearch, the elected master of a cluster."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from app.wiring import Parts
from nlp.analyser import Analyser
from records.run import RunKind, RunState
from records.times import utc_now
from tests.drills.load import Arriving, answers, exported, has_settled, start_up
from tests.drills.messages import SOURCE, case, write_export
from tests.drills.results import Result
from tests.drills.site import Site, wait_until
from tests.drills.truth import Ledger
from tests.servers import ElasticsearchCluster

# So long posts arrive before the server is hurt, at most, and afterwards.
BEFORE_S, AFTER_S = 2.0, 3.0
# Analysing and merging 50,000 posts goes on without the index; so long it is waited for.
GOES_ON_S = 600.0
MODES = ("fast", "immediate")


class Server(Protocol):
    """What can be taken away and brought back, with what it holds."""

    def go_away(self) -> None: ...

    def come_back(self) -> None: ...


class Restarting(Protocol):
    """A database server."""

    def restart(self, mode: str) -> None: ...


def postgresql_restarted(site: Site, dice: random.Random, rounds: int, *, server: Restarting) -> Result:
    """Restart PostgreSQL, in order and as after a crash, while posts arrive and are worked on."""
    result, ledger = Result(drill="PostgreSQL restarted", way=site.way), Ledger()
    with site.open() as parts, _up(site, result):
        arriving = Arriving(parts, ledger, dice)
        for number in range(rounds):
            with arriving.all_the_while():
                time.sleep(dice.uniform(0.2, BEFORE_S))
                server.restart(MODES[number % len(MODES)])
                time.sleep(dice.uniform(0.2, AFTER_S))
            result.expect(has_settled(parts), "it did not catch up")
            result.judge(parts.database, parts.index, ledger, dice)
    result.notes.append(f"batches that were refused and came again: {arriving.refused}")
    return result


def elasticsearch_away(
    site: Site, dice: random.Random, rounds: int, *, server: Server, cases: int, away_s: float
) -> Result:
    """Take Elasticsearch away while `cases` posts are imported: all else goes on, and it catches up."""
    result, ledger = Result(drill="Elasticsearch away", way=site.way), Ledger()
    with site.open() as parts, _up(site, result) as address:
        known = 0
        for number in range(rounds):
            server.go_away()
            gone, gone_at = time.monotonic(), utc_now()
            seen = max((run.id for run in parts.database.runs.list(limit=1)), default=0)
            fresh = [case(one) for one in range(known, known + cases)]
            known += cases
            export = write_export(exported(site.folder, number), fresh)
            ended = site.run("import", export, "--source", SOURCE)
            ledger.add(fresh, 1)
            result.expect(parts.database.posts.count() == known, f"not all is stored: {ended.err}")
            result.expect(ended.code == 0, f"import: exit {ended.code}: {ended.err}")
            result.expect(
                _goes_on(parts), f"what was imported is not analysed and merged within {GOES_ON_S:.0f} s"
            )
            result.expect(_rules_ran(parts, seen), "no round of rules while it was away")
            result.faults += _failed_rules(parts, seen, gone_at)
            result.expect(answers(address), "the console does not answer")
            time.sleep(max(0.0, gone + away_s - time.monotonic()))
            server.come_back()
            back = time.monotonic()
            result.expect(has_settled(parts), "it did not catch up")
            took_s = time.monotonic() - back
            result.notes.append(
                f"{cases:,} posts came in the {back - gone:.0f} s without it; caught up {took_s:.0f} s later"
            )
            result.judge(parts.database, parts.index, ledger, dice)
    return result


def master_killed(site: Site, dice: random.Random, rounds: int, *, cluster: ElasticsearchCluster) -> Result:
    """Kill the elected master -9 under indexing; then bring it back as an ordinary node."""
    result, ledger = Result(drill="elected master of three killed -9", way=site.way), Ledger()
    with site.open() as parts, _up(site, result):
        arriving = Arriving(parts, ledger, dice)
        parts.index.refresh()  # which makes the index: a node that alone has it takes it along
        for _ in range(rounds):
            cluster.wait(copied=True)
            with arriving.all_the_while():
                time.sleep(dice.uniform(0.5, BEFORE_S))
                master = cluster.master()
                master.kill()
                time.sleep(dice.uniform(0.5, AFTER_S))
            result.expect(has_settled(parts), "it did not catch up")
            result.judge(parts.database, parts.index, ledger, dice)
            elected = cluster.master()
            result.notes.append(f"{master.name} → {elected.name}")
            master.start()
        cluster.wait()
    return result


@contextmanager
def _up(site: Site, result: Result) -> Iterator[str]:
    """Run `huiying up`, which has to live through it all; give the console's address."""
    site.settings |= {"pipeline_every_s": "1", "rules_every_s": "5"}
    process, address = start_up(site)
    try:
        yield address
    finally:
        lives = not process.is_over
        ended = process.kill()
        result.expect(lives, f"`huiying up` ended by itself: {ended.err}")


def _goes_on(parts: Parts) -> bool:
    """Wait for what needs no index; return whether it came about."""
    model = Analyser.load(parts.settings.models_dir).model_version
    return wait_until(
        lambda: (
            not (
                parts.database.posts.awaiting_analysis(model, 1) or parts.database.problems.awaiting_merge(1)
            )
        ),
        timeout_s=GOES_ON_S,
    )


def _rules_ran(parts: Parts, after: int) -> bool:
    runs = parts.database.runs
    return wait_until(
        lambda: any(run.id > after for run in runs.list(kind=RunKind.RULE, limit=1)), timeout_s=120
    )


def _failed_rules(parts: Parts, after: int, gone_at: datetime) -> list[str]:
    """Tell of failures in rounds that began without the server: one it left in the middle runs again."""
    found = parts.database.runs.list(kind=RunKind.RULE, state=RunState.FAILED, after=after)
    failed = [run for run in found if run.started_at >= gone_at]
    return [f"{len(failed)} runs of rules failed, the last: {failed[0].error}"] if failed else []
