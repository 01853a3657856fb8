"""What a drill found, as one row of the table."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from storage.database import Database
from storage.search import SearchIndex
from tests.drills.site import Site
from tests.drills.truth import Ledger, judge

_SHOWN = 3


@dataclass(slots=True, kw_only=True)
class Result:
    """How a drill went. `faults` are what was otherwise than it should be, one line each."""

    drill: str
    way: str
    rounds: int = 0
    acknowledged: int = 0
    lost: int = 0
    double: int = 0
    differing: int = 0
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def judge(self, database: Database, index: SearchIndex, ledger: Ledger, dice: random.Random) -> None:
        """Take the state of now into account. What was wrong after one round stays wrong."""
        verdict = judge(database, index, ledger, dice)
        self.rounds += 1
        self.acknowledged = verdict.acknowledged
        self.lost = max(self.lost, verdict.acknowledged - verdict.found)
        self.double = max(self.double, verdict.double)
        self.differing += bool(verdict.differences)
        self.faults += [f"round {self.rounds}: {line}" for line in verdict.differences[:_SHOWN]]

    def expect(self, holds: bool, otherwise: str) -> None:
        """Note a fault, in one line, unless `holds`."""
        if not holds:
            self.faults.append(f"round {self.rounds + 1}: {' '.join(otherwise.split())[-300:]}")

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.double or self.differing or self.faults)


Drill = Callable[[Site, random.Random, int], Result]
