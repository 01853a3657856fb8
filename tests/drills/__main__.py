"""Run the drills: `python -m tests.drills [NAME …] [--rounds N]`; `--write` makes docs/drills.md.

With names it writes a section of its own there, in place of an earlier one of the same names.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import re
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.drills.results import Result
from tests.drills.site import ROOT
from tests.drills.workshop import DRILLS, Run, Skipped, Workshop

PAGE = ROOT / "docs" / "drills.md"
HEAD = """\
# Drills

Written by `make drills`; one drill alone: `python -m tests.drills NAME`. Processes are killed with -9 and
servers stopped, at random moments drawn from a seed, here {seed}. {cores} cores, Python {python}, {day};
all of it took {minutes:.0f} minutes.

A post is **acknowledged** when its storing returned, or when another connection could read it before the
fault. It is **found** when it is there afterwards, in that version or a later one. It is **double** when the
search gives it twice, or when it has a reply or a version twice. After every round **index = truth** asks the
index for each value of each field, and compares the posts that it finds, and their order by time, with those
of the database.

Of messages to a channel one is acknowledged when its alert was stored. It is found when it arrived once and
the ledger says so, or when the ledger shows it as one whose fate is unknown; double when it arrived twice.
A mutated page is found when it was counted in exactly one outcome.

"""
SECTION = """
## {names}

`python -m tests.drills {names}`, seed {seed}, {cores} cores, Python {python}, {day}; {minutes:.0f} minutes.

"""
TABLE = """\
| drill | with | rounds | acknowledged | found | double | index = truth |
|---|---|---:|---:|---:|---:|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.drills")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which ones (default: all): {', '.join(DRILLS)}"
    )
    parser.add_argument("--rounds", type=int, help="rounds of each drill (default: its own number)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32), help="of the random moments")
    parser.add_argument("--write", action="store_true", help="write docs/drills.md")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(DRILLS))
    if unknown:
        sys.exit(f"no drill {unknown[0]!r} (there are {', '.join(DRILLS)})")
    # Told to end, it still stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end"))
    say(f"seed {arguments.seed}")
    begin = time.monotonic()
    results: list[Result | Skipped] = []
    with Workshop() as workshop:
        for name in arguments.names or DRILLS:
            for run in DRILLS[name]:
                # Of its own seed, so that one drill alone meets the moments that it met among all.
                dice = random.Random(f"{arguments.seed} {name}")
                start = time.monotonic()
                result = attempt(name, run, workshop, dice, arguments.rounds)
                results.append(result)
                say(f"{row(result)} {time.monotonic() - start:.0f} s")
                for line in details(result):
                    say(f"    {line}")
                if arguments.write:
                    took_s = time.monotonic() - begin
                    old = PAGE.read_text("utf-8") if arguments.names else ""
                    PAGE.write_text(page(old, arguments.names, results, arguments.seed, took_s), "utf-8")
    if not all(isinstance(one, Skipped) or one.is_clean for one in results):
        sys.exit(1)


def attempt(
    name: str, run: Run, workshop: Workshop, dice: random.Random, rounds: int | None
) -> Result | Skipped:
    """Return how the drill went; one that breaks off is a result as well."""
    try:
        return run(workshop, dice, rounds)
    except Exception as err:
        reason = " ".join(f"{type(err).__name__}: {err}".split())[-300:]
        return Result(drill=name, way="broke off", faults=[reason])


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def page(
    old: str, names: Sequence[str], results: Sequence[Result | Skipped], seed: int, took_s: float
) -> str:
    """Return docs/drills.md: of all drills, or the `old` one with a section of those named."""
    called = " ".join(names)
    head = (SECTION if names else HEAD).format(
        names=called,
        seed=seed,
        cores=os.cpu_count(),
        python=platform.python_version(),
        day=datetime.now(UTC).date().isoformat(),
        minutes=took_s / 60,
    )
    new = head + TABLE + "".join(f"{row(one)}\n" for one in results) + notes(results)
    kept = re.sub(rf"\n## {re.escape(called)}\n.*?(?=\n## |\Z)", "", old, flags=re.DOTALL) if names else ""
    return kept + new


def row(one: Result | Skipped) -> str:
    """Return the line of the table."""
    if isinstance(one, Skipped):
        return f"| {one.drill} | skipped: {one.reason} | | | | | |"
    equal = f"**no**, after {one.differing} rounds" if one.differing else "yes" if one.rounds else ""
    found = one.acknowledged - one.lost
    cells = [one.drill, one.way, one.rounds, f"{one.acknowledged:,}", f"{found:,}", one.double, equal]
    return f"| {' | '.join(map(str, cells))} |"


def details(one: Result | Skipped) -> list[str]:
    """Return what else was seen, faults first."""
    if isinstance(one, Skipped):
        return []
    return [*(f"**fault:** {fault}" for fault in one.faults), *one.notes]


def notes(results: Sequence[Result | Skipped]) -> str:
    """Return the part below the table: what else was seen."""
    lines = [
        f"- {one.drill}, {one.way}: {line}\n"
        for one in results
        if isinstance(one, Result)
        for line in details(one)
    ]
    return "\nWhat else was seen:\n\n" + "".join(lines) if lines else ""


if __name__ == "__main__":
    main()
