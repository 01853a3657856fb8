"""The clock set back: what comes in what order never hangs on wall time."""

from __future__ import annotations

import random
import shutil
from itertools import pairwise

from tests.drills.load import cases_of_round, exported
from tests.drills.messages import SOURCE, write_export
from tests.drills.results import Result
from tests.drills.site import Site
from tests.drills.truth import Ledger

NEW, CHANGED = 120, 60
# Every second import sees a clock that is that far behind.
BACK = "-400d"


def is_possible() -> bool:
    """Return whether libfaketime is here."""
    return shutil.which("faketime") is not None


def clock_set_back(site: Site, dice: random.Random, rounds: int) -> Result:
    """Import further versions while the clock goes back a year and forward again."""
    result, ledger = Result(drill="clock set back", way=site.way), Ledger()
    with site.open() as parts:
        for number in range(rounds + 1):
            fresh, changed = cases_of_round(number, dice, new=NEW, changed=CHANGED)
            export = write_export(exported(site.folder, number), [*fresh, *changed])
            before = ["faketime", "-f", BACK] if number % 2 else []
            ended = site.run("import", export, "--source", SOURCE, before=before)
            result.expect(ended.code == 0, ended.err)
            ledger.add(fresh, 1)
            ledger.add(changed, number + 1)
            if number:
                result.judge(parts.database, parts.index, ledger, dice)
        runs = parts.database.runs.list(subject=SOURCE)
        result.expect(len(runs) == rounds + 1, f"{len(runs)} records of {rounds + 1} runs")
        back = sum(later.started_at < earlier.started_at for later, earlier in pairwise(runs))
        result.notes.append(f"runs that began before the one before them: {back}")
    return result
