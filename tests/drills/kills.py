"""Processes killed with -9 at random moments: the importer, the indexer, the console with its schedule."""

from __future__ import annotations

import random
import sys
import time
from contextlib import ExitStack

from app.wiring import Parts
from tests.drills.load import Arriving, answers, cases_of_round, exported, has_settled, last_import, start_up
from tests.drills.messages import SOURCE, write_export
from tests.drills.results import Result
from tests.drills.site import Running, Site, wait_until
from tests.drills.truth import Ledger

# A round's export: new cases, and a further version of old ones.
NEW, CHANGED = 120, 30
# From the beginning of its run an import of one round takes 0.6 to 1.2 s on two cores, a rebuild 0.3 s.
IMPORT_S = 1.2
REBUILD_S = 0.4
# How long posts arrive, at most, before what works on them is killed.
ARRIVING_S = 1.5
WORKERS = 2
# What works off the queue for ever.
INDEXER = """
from app.settings import load_settings
from app.wiring import open_parts
with open_parts(load_settings()) as parts:
    parts.pipeline.run()
    print("ready", flush=True)
    while True:
        parts.pipeline.run()
"""


def importer(site: Site, dice: random.Random, rounds: int) -> Result:
    """Kill `huiying import`; the same file again must bring everything, once."""
    result, ledger = Result(drill="kill -9 of the importer", way=site.way), Ledger()
    at_work = 0
    with site.open() as parts:
        for number in range(rounds):
            fresh, changed = cases_of_round(number, dice, new=NEW, changed=CHANGED)
            export = write_export(exported(site.folder, number), [*fresh, *changed])
            _wait_for_its_run(parts, process := site.start("import", export, "--source", SOURCE))
            time.sleep(dice.uniform(0, IMPORT_S))
            ledger.see(parts.database)
            at_work += process.kill().code < 0
            again = site.run("import", export, "--source", SOURCE)
            result.expect(again.code == 0, again.err)
            ledger.add(fresh, 1)
            ledger.add(changed, number + 1)
            result.judge(parts.database, parts.index, ledger, dice)
    result.notes.append(f"killed before its end {at_work} times")
    return result


def indexer(site: Site, dice: random.Random, rounds: int) -> Result:
    """Kill what analyses, merges and indexes while posts arrive, and every other time a rebuild."""
    result, ledger = Result(drill="kill -9 of the indexer", way=site.way), Ledger()
    with site.open() as parts:
        arriving = Arriving(parts, ledger, dice)
        arriving.bring(10)
        parts.pipeline.run()
        for number in range(rounds):
            if number % 2:
                _wait_for_its_queue(parts, process := site.start("reindex"))
                time.sleep(dice.uniform(0, REBUILD_S))
            else:
                process = site.start_program([sys.executable, "-c", INDEXER])
                result.expect(_is_ready(process), "the indexer did not start")
                arriving.for_a_while(dice.uniform(0.1, ARRIVING_S))
            process.kill()
            parts.pipeline.run()
            result.judge(parts.database, parts.index, ledger, dice)
    return result


def console(site: Site, dice: random.Random, rounds: int) -> Result:
    """Kill `huiying up`, schedule and console in one, while posts arrive; its next start catches up."""
    result, ledger = Result(drill="kill -9 of `huiying up`", way=site.way), Ledger()
    site.settings["pipeline_every_s"] = "1"
    with site.open() as parts:
        arriving = Arriving(parts, ledger, dice)
        process, address = start_up(site)
        for _ in range(rounds):
            arriving.for_a_while(dice.uniform(0.1, ARRIVING_S))
            ended = process.kill()
            result.expect(ended.code < 0, f"it ended by itself: {ended.err}")
            process, address = start_up(site)
            result.expect(has_settled(parts), "it did not catch up")
            result.expect(answers(f"{address}search?q=%E5%B0%8F%E5%8C%BA"), "its search page does not answer")
            result.judge(parts.database, parts.index, ledger, dice)
        process.kill()
    return result


def worker(site: Site, dice: random.Random, rounds: int) -> Result:
    """Kill one of two workers while posts arrive; the other one, and its successor, take its jobs over."""
    result, ledger = Result(drill="kill -9 of a worker", way=site.way), Ledger()
    site.settings["pipeline_every_s"] = "1"
    with site.open() as parts, ExitStack() as ending:
        arriving = Arriving(parts, ledger, dice)
        scheduler = site.start("up", "--role", "scheduler")
        took_s: list[float] = []
        workers = [site.start("up", "--role", "worker") for _ in range(WORKERS)]
        ending.callback(lambda: [process.kill() for process in (scheduler, *workers)])
        for number in range(rounds):
            result.expect(_are_at_work(parts), "the workers did not start")
            arriving.for_a_while(dice.uniform(0.1, ARRIVING_S))
            killed = workers.pop(number % WORKERS).kill()
            result.expect(killed.code < 0, f"it ended by itself: {killed.err}")
            workers.append(site.start("up", "--role", "worker"))
            begin = time.monotonic()
            result.expect(has_settled(parts), "its jobs were not taken over")
            took_s.append(time.monotonic() - begin)
            result.judge(parts.database, parts.index, ledger, dice)
    result.notes.append(f"all done again after {min(took_s):.0f} to {max(took_s):.0f} s")
    return result


def _are_at_work(parts: Parts) -> bool:
    return wait_until(lambda: parts.database.jobs.figures().workers >= WORKERS)


def _wait_for_its_run(parts: Parts, process: Running) -> None:
    before = last_import(parts)

    def has_begun() -> bool:
        last = last_import(parts)
        return process.is_over or (last.id if last else 0) > (before.id if before else 0)

    wait_until(has_begun, every_s=0.01)


def _wait_for_its_queue(parts: Parts, process: Running) -> None:
    wait_until(lambda: process.is_over or parts.database.outbox.lag() > 0, every_s=0.01)


def _is_ready(process: Running) -> bool:
    return wait_until(lambda: process.is_over or bool(process.said())) and not process.is_over
