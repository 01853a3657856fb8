"""The disk full in the middle of the work, on a small tmpfs."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.drills.load import cases_of_round, exported
from tests.drills.messages import SOURCE, write_export
from tests.drills.results import Result
from tests.drills.site import EMBEDDED, Ended, Site
from tests.drills.truth import Ledger

NEW, CHANGED = 400, 100
DISK_BYTES = 64 << 20
# An import of one round takes 1 to 3 MB: from nothing at all to just not enough.
LEAST_FREE, MOST_FREE = 16 << 10, 2 << 20


def is_possible() -> bool:
    """Return whether a disk can be mounted here, which only root may."""
    return os.geteuid() == 0


def disk_full(site: Site, dice: random.Random, rounds: int) -> Result:
    """Import onto a disk that fills up: one clear line, nothing half there, and with room it goes on."""
    result, ledger = Result(drill="disk full", way=site.way), Ledger()
    ballast = site.folder / "ballast"
    refused = 0
    for number in range(rounds):
        fresh, changed = cases_of_round(number, dice, new=NEW, changed=CHANGED)
        with tempfile.TemporaryDirectory(prefix="huiying-drill-export-") as name:
            export = write_export(exported(Path(name), number), [*fresh, *changed])
            _fill(site.folder, ballast, dice.randint(LEAST_FREE, MOST_FREE))
            full = site.run("import", export, "--source", SOURCE)
            refused += full.code != 0
            result.expect(full.code in (0, 1) and _is_one_clear_line(full), f"{full.code}: {full.err}")
            ballast.unlink()
            with site.open() as parts:
                ledger.see(parts.database)
                result.expect(not parts.database.check_integrity(), "the database is damaged")
            again = site.run("import", export, "--source", SOURCE)
        result.expect(again.code == 0, again.err)
        ledger.add(fresh, 1)
        ledger.add(changed, number + 1)
        with site.open() as parts:
            result.judge(parts.database, parts.index, ledger, dice)
    result.notes.append(f"ended with the line {refused} times")
    return result


@contextmanager
def on_small_disk() -> Iterator[Site]:
    """Give an installation on a disk of its own."""
    with tempfile.TemporaryDirectory(prefix="huiying-drill-") as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", name]
        subprocess.run(mount, check=True)
        try:
            yield Site(way=EMBEDDED, folder=Path(name))
        finally:
            # Lazily: where the drill broke off, a process may still be on it.
            subprocess.run(["umount", "--lazy", name], check=True)


def _fill(folder: Path, ballast: Path, leave: int) -> None:
    with ballast.open("wb") as file:
        # Reserved, not only written down as a size.
        os.posix_fallocate(file.fileno(), 0, _free(folder) - leave)


def _free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _is_one_clear_line(ended: Ended) -> bool:
    lines = ended.err.splitlines()
    return ended.code == 0 or (len(lines) == 1 and lines[0].startswith("huiying: ") and "full" in lines[0])
