"""The count of one crawl: every item begins once and ends once."""

from __future__ import annotations

from collections import Counter

from records.errors import Rejected
from records.run import RunCounts, SaveOutcome


class Quarantined(Rejected):
    """The page looks like one of ours but is wrong enough that a person should look at the source."""


class Tally:
    """How the items of one crawl ended. An item is a message, an entry or an article, known by its key."""

    def __init__(self) -> None:
        self.error: str | None = None
        self._open: set[str] = set()
        self._begun: set[str] = set()
        self._saved: Counter[SaveOutcome] = Counter()
        self._rejected: Counter[str] = Counter()
        self._quarantined: Counter[str] = Counter()

    def begin(self, key: str) -> bool:
        """Return True, and wait for the item's end, unless the item has begun before."""
        if key in self._begun:
            return False
        self._begun.add(key)
        self._open.add(key)
        return True

    @property
    def begun(self) -> int:
        """Return how many items have begun."""
        return len(self._begun)

    def is_open(self, key: str) -> bool:
        """Return whether the item has begun and not ended."""
        return key in self._open

    def save(self, key: str, outcome: SaveOutcome) -> None:
        self._end(key)
        self._saved[outcome] += 1

    def reject(self, key: str, err: Rejected) -> None:
        """End the item as its error says: quarantined or rejected, by its code."""
        self._end(key)
        (self._quarantined if isinstance(err, Quarantined) else self._rejected)[err.code] += 1

    def reject_all_open(self, code: str) -> None:
        """End what is still open: the crawl stopped before its turn."""
        self._rejected[code] += len(self._open)
        self._open.clear()

    def fail(self, error: str) -> None:
        """Note why the crawl as a whole went wrong; the first reason stays."""
        self.error = self.error or error

    def counts(self, *, requests: int = 0, bytes_received: int = 0) -> RunCounts:
        """Return the counts; `fetched` is the sum of all outcomes."""
        outcomes = (self._saved, self._rejected, self._quarantined)
        return RunCounts(
            fetched=sum(counter.total() for counter in outcomes),
            stored=self._saved[SaveOutcome.STORED],
            updated=self._saved[SaveOutcome.UPDATED],
            unchanged=self._saved[SaveOutcome.UNCHANGED],
            rejected=dict(+self._rejected),
            quarantined=dict(+self._quarantined),
            requests=requests,
            bytes=bytes_received,
        )

    def _end(self, key: str) -> None:
        # A KeyError here is a defect of ours: an item that ended twice, or never began.
        self._open.remove(key)
