"""Posts that arrive, and `huiying up` that works them off."""

from __future__ import annotations

import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from app.wiring import Parts
from nlp.analyser import Analyser
from records.errors import Retryable
from records.post import Post
from records.run import RunKind, RunRecord
from tests.drills.messages import SOURCE, case
from tests.drills.site import PATIENCE_S, Running, Site, wait_until
from tests.drills.truth import Ledger
from tests.servers import free_port

BATCH = 20
# A crawl stores a page of messages every few tenths of a second.
EVERY_S = 0.05
# How far two looks at a queue that seems empty are apart.
_SETTLED_S = 1.0
_WAKE_S = 60.0
_AGAIN_S = 0.2


class Arriving:
    """Saves batch after batch, new cases and new versions of old ones, and notes what was acknowledged."""

    def __init__(self, parts: Parts, ledger: Ledger, dice: random.Random) -> None:
        self.refused = 0
        self._parts = parts
        self._ledger = ledger
        self._dice = dice
        self._known = 0
        self._version = 1

    def bring(self, batches: int) -> None:
        for _ in range(batches):
            new = [case(number) for number in range(self._known, self._known + BATCH)]
            self._known += BATCH
            self._version += 1
            old = [case(self._dice.randrange(self._known), self._version) for _ in range(BATCH // 4)]
            for posts, version in ((new, 1), (old, self._version)):
                self._save(posts)
                self._ledger.add(posts, version)

    def for_a_while(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.bring(1)
            time.sleep(EVERY_S)

    @contextmanager
    def all_the_while(self) -> Iterator[None]:
        """Let posts arrive until the end of the block."""
        stop = threading.Event()

        def bring_on() -> None:
            while not stop.is_set():
                self.bring(1)
                stop.wait(EVERY_S)

        with ThreadPoolExecutor(1) as pool:
            brought = pool.submit(bring_on)
            try:
                yield
            finally:
                stop.set()
            brought.result()

    def _save(self, posts: Sequence[Post]) -> None:
        """Save them, again and again while the database is away, as the next crawl would."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._parts.database.posts.save(posts)
            except Retryable:
                if time.monotonic() > end:
                    raise
                self.refused += 1
                time.sleep(_AGAIN_S)
            else:
                return


def cases_of_round(
    number: int, dice: random.Random, *, new: int, changed: int
) -> tuple[list[Post], list[Post]]:
    """Return the cases that a round's export has for the first time, and those in a further version."""
    fresh = [case(one) for one in range(number * new, (number + 1) * new)]
    known = range(number * new)
    again = dice.sample(known, min(changed, len(known)))
    return fresh, [case(one, number + 1) for one in again]


def start_up(site: Site, *arguments: object, before: Sequence[str] = ()) -> tuple[Running, str]:
    """Start `huiying up`; return the process and its console's address once that answers.

    Raises RuntimeError with what it said where it does not.
    """
    port = free_port()
    process = site.start("up", "--port", port, *arguments, before=before)
    address = f"http://127.0.0.1:{port}/"
    if not wait_until(lambda: answers(address) or process.is_over, timeout_s=_WAKE_S):
        process.process.kill()
        process.process.wait()
    if process.is_over:
        raise RuntimeError(f"`huiying up` does not answer: {process.end().err.strip()[-300:]}")
    return process, address


def answers(address: str) -> bool:
    """Return whether there is a page at the address."""
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def has_settled(parts: Parts, *, timeout_s: float = PATIENCE_S) -> bool:
    """Wait until everything is analysed, merged and indexed, and stays so; return whether that came."""
    model = Analyser.load(parts.settings.models_dir).model_version

    def is_quiet() -> bool:
        try:
            database = parts.database
            return not (
                database.outbox.lag()
                or database.posts.awaiting_analysis(model, 1)
                or database.problems.awaiting_merge(1)
            )
        except Retryable:
            return False

    def stays_quiet() -> bool:
        if not is_quiet():
            return False
        time.sleep(_SETTLED_S)
        return is_quiet()

    return wait_until(stays_quiet, timeout_s=timeout_s)


def last_import(parts: Parts) -> RunRecord | None:
    """Return the newest record of an import of the drill's cases."""
    return parts.database.runs.latest(RunKind.IMPORT).get(SOURCE)


def exported(folder: Path, number: int) -> Path:
    """Return where the export of a round is."""
    return folder / f"export-{number}.csv"
