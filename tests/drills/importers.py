"""The same file brought in by two at once."""

from __future__ import annotations

import json
import random

from tests.drills.load import cases_of_round, exported
from tests.drills.messages import SOURCE, write_export
from tests.drills.results import Result
from tests.drills.site import Site
from tests.drills.truth import Ledger

NEW, CHANGED = 400, 100


def two_importers(site: Site, dice: random.Random, rounds: int) -> Result:
    """Start `huiying import` twice on one file; between them they store each case once."""
    result, ledger = Result(drill="two importers of one file", way=site.way), Ledger()
    with site.open() as parts:
        for number in range(rounds):
            fresh, changed = cases_of_round(number, dice, new=NEW, changed=CHANGED)
            export = write_export(exported(site.folder, number), [*fresh, *changed])
            command = ("import", export, "--source", SOURCE, "--format", "json")
            both = [process.end() for process in [site.start(*command), site.start(*command)]]
            for one in both:
                result.expect(one.code == 0, one.err)
            said = [json.loads(one.out) for one in both if one.code == 0]
            counts = [sum(report[key] for report in said) for key in ("stored", "updated", "unchanged")]
            wanted = [len(fresh), len(changed), len(fresh) + len(changed)]
            result.expect(counts == wanted, f"stored, updated, unchanged: {counts} for {wanted}")
            ledger.add(fresh, 1)
            ledger.add(changed, number + 1)
            result.judge(parts.database, parts.index, ledger, dice)
    return result
