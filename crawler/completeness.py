"""What the site shows against what we have: the watermark of a source and its gaps. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from records.run import RunCounts, RunKind, RunRecord, RunState

# Codes of items that a crawl knew of and did not come to, and of the gap that a crawl cut short leaves.
_LEFT_OVER = frozenset({"not_visited", "item_limit"})
CUT_SHORT = "cut_short"


def is_complete(counts: RunCounts) -> bool:
    """Return whether the run came to everything that it met."""
    return not _LEFT_OVER & counts.rejected.keys() and CUT_SHORT not in counts.gaps


def watermark(runs: Iterable[RunRecord]) -> datetime | None:
    """Return when the newest complete crawl of a source began: what is older, it or one before has met.

    `runs` are one source's, newest first. None where none was complete: the next one ends at nothing known.
    """
    for run in runs:
        if run.kind is RunKind.CRAWL and run.state is RunState.DONE and is_complete(run.counts):
            return run.started_at
    return None


def missing_ids(native_ids: Iterable[str]) -> int:
    """Return how many numbers are left out between the lowest and the highest; ids with letters are none."""
    numbers = {int(native_id) for native_id in native_ids if native_id.isdecimal()}
    return max(numbers) - min(numbers) + 1 - len(numbers) if numbers else 0
