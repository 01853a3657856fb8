"""A process killed with -9 while it saves or indexes: nothing acknowledged is lost, nothing is twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from records.times import DEFAULT_ZONE
from storage.database import Database
from storage.indexer import drain
from storage.tantivy_index import TantivyIndex

BATCH = 40
# Saves batches for ever and says after each which one is safe; a further worker may index beside it.
SAVER = f"""
import sys
from storage.database import Database
from tests.storage.samples import post, reply
with Database.open(sys.argv[1]) as database:
    batch = database.posts.count() // {BATCH}
    while True:
        numbers = range(batch * {BATCH}, (batch + 1) * {BATCH})
        database.posts.save([post(number, replies=(reply(),)) for number in numbers])
        print(batch, flush=True)
        batch += 1
"""
INDEXER = """
import sys
from pathlib import Path
from records.times import DEFAULT_ZONE
from storage import indexer
from storage.database import Database
from storage.tantivy_index import TantivyIndex
indexer.BATCH = 30
with Database.open(sys.argv[1]) as database:
    index = TantivyIndex(Path(sys.argv[2]), segment=str.split, zone=DEFAULT_ZONE)
    while True:
        indexer.drain(database, index, segment=str.split, progress=lambda rows: print(rows, flush=True))
"""
ROUNDS = 3


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen[str]) -> list[str]:
    """Return the lines that the process wrote before it was killed."""
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    return said.splitlines()


def wait_for_a_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process ended before it did anything"
    return line


def test_no_acknowledged_batch_is_lost_and_none_is_half_there(database_url: str) -> None:
    dice = random.Random(9)
    for _ in range(ROUNDS):
        saver = start(SAVER, database_url)
        said = [wait_for_a_line(saver)]
        time.sleep(dice.uniform(0, 0.15))
        said += kill(saver)
        with Database.open(database_url) as database:
            count = database.posts.count()
            assert count % BATCH == 0
            assert count >= (int(said[-1]) + 1) * BATCH
            assert database.outbox.lag() == count
            assert all(len(post.replies) == 1 for post in database.posts.stream())


def test_an_indexer_killed_again_and_again_ends_with_the_truth(database_url: str, tmp_path: Path) -> None:
    dice = random.Random(10)
    folder = tmp_path / "search"
    for _ in range(ROUNDS):
        saver, indexer = start(SAVER, database_url), start(INDEXER, database_url, str(folder))
        wait_for_a_line(saver)
        wait_for_a_line(indexer)
        time.sleep(dice.uniform(0, 0.15))
        kill(indexer)
        kill(saver)
    with Database.open(database_url) as database:
        index = TantivyIndex(folder, segment=str.split, zone=DEFAULT_ZONE)
        drain(database, index, segment=str.split)
        count = database.posts.count()
        assert (index.count(), database.outbox.lag()) == (count, 0)
        assert {hit.post_id for hit in index.search(limit=count).hits} == {
            post.id for post in database.posts.stream()
        }
        index.close()
