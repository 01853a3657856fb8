"""Several processes on one database, of both kinds: nothing is lost, nothing is twice, nobody waits long."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from records.alert import AlertState
from records.errors import Retryable
from storage.database import Database
from tests.storage.samples import NOW, alert, analysis, membership, post, problem, reply

N = 400
# Reads the same file as another process does, from either end, and says how each post ended.
IMPORTER = """
import json, sys
from dataclasses import replace
from storage.database import Database
from tests.storage.samples import post, reply
url, order = sys.argv[1:]
posts = [post(number, replies=(reply(),)) for number in range(400)][:: int(order)]
with Database.open(url) as database:
    print("ready", flush=True)
    sys.stdin.readline()
    for batch in (posts[start : start + 20] for start in range(0, 400, 20)):
        for post_id, outcome in database.posts.save(batch):
            print(json.dumps([post_id, outcome]))
"""
HOLDER = """
import sys
from storage.database import Database
with Database.open(sys.argv[1]) as database, database.lock("indexing"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline()
    return process


@pytest.mark.parametrize("second", ["1", "-1"])
def test_two_importers_of_one_file_store_each_post_once(database_url: str, second: str) -> None:
    importers = [start(IMPORTER, database_url, order) for order in ("1", second)]
    for process in importers:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [json.loads(line) for process in importers for line in process.communicate()[0].splitlines()]
    assert [process.returncode for process in importers] == [0, 0]
    outcomes = Counter(map(tuple, said))
    wanted = {f"mailbox/{number}" for number in range(N)}
    assert outcomes == {(post_id, end): 1 for post_id in wanted for end in ("stored", "unchanged")}
    with Database.open(database_url) as database:
        assert [len(one.replies) for one in database.posts.stream()] == [1] * N
        assert Counter(row.post_id for row in database.outbox.take(9 * N)) == dict.fromkeys(wanted, 1)


def test_versions_that_differ_all_become_revisions(database: Database) -> None:
    def save(text: str) -> None:
        for _ in range(3):
            database.posts.save([post(number, text=text, replies=(reply(text),)) for number in range(30)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(save, ["甲", "乙", "丙", "丁"]))
    for number in range(0, 30, 7):
        kept = database.posts.revisions(f"mailbox/{number}")
        assert [one.revision for one in kept] == list(range(1, len(kept) + 1))
        assert {one.text for one in kept} == set("甲乙丙丁")
        assert all(one.replies == (reply(one.text),) for one in kept)


def test_crawlers_analysers_and_mergers_do_not_stop_each_other(database: Database) -> None:
    posts = [post(number) for number in range(120)]
    database.posts.save(posts)
    problems = [problem(f"p{number}") for number in range(12)]

    def crawl(turn: int) -> None:
        database.posts.save([post(number, text=f"第{turn}次") for number in range(120)][:: (-1) ** turn])

    def analyse(turn: int) -> None:
        database.analyses.save([analysis(one) for one in posts][:: (-1) ** turn])

    def merge(turn: int) -> None:
        members = [membership(one, f"p{number % 12}") for number, one in enumerate(posts)]
        database.problems.commit(members[:: (-1) ** turn], problems[:: (-1) ** turn])

    def warn(turn: int) -> None:
        database.alerts.save([alert(post_ids=tuple(one.id for one in posts[turn:])), alert("a2")])
        database.alerts.set_state("a1", AlertState.ACKNOWLEDGED, now=NOW)

    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(work, turn) for turn in range(5) for work in (crawl, analyse, merge, warn)]
        for job in jobs:
            job.result()
    assert database.posts.get("mailbox/0").revision >= 2  # type: ignore[union-attr]  # it is there
    assert database.problems.membership_count() == 120


def test_a_lock_is_held_against_other_processes_until_its_holder_dies(database_url: str) -> None:
    holder = start(HOLDER, database_url)
    with Database.open(database_url) as database:
        with pytest.raises(Retryable, match='"indexing": try again'), database.lock("indexing"):
            pass
        with database.lock("merging"):
            pass
        holder.kill()
        holder.communicate()
        with database.lock("indexing", wait_s=10):
            pass


def test_a_lock_is_held_against_other_threads(database: Database) -> None:
    inside = threading.Event()
    leave = threading.Event()

    def hold() -> None:
        with database.lock("indexing"):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait(10)
    with pytest.raises(Retryable), database.lock("indexing", wait_s=0.2):
        pass
    leave.set()
    thread.join()
    with database.lock("indexing"), database.lock("merging"):
        pass
