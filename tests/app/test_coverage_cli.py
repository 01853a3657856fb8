"""`sources coverage`, and what the commands that count say of sources that were not read."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from records.run import RunCounts, RunKind, RunState
from records.times import DEFAULT_ZONE
from storage.database import Database
from tests.app.conftest import Huiying

NOON = datetime(2026, 3, 20, 12, tzinfo=DEFAULT_ZONE)
SOURCE = "  - {{name: {0}, title: {0}信箱, place: {1}, channel: inbox, spider: feed, start_urls: [https://{0}.example/]}}\n"


def fill(data: Path) -> None:
    """Let `north` be blind from the 8th to the 14th, and `south` be read every day."""
    (data / "sources.yaml").write_text(
        "sources:\n" + SOURCE.format("north", "北城区") + SOURCE.format("south", "南城区"), "utf-8"
    )
    with Database.open(f"sqlite:///{data / 'huiying.sqlite'}") as database:
        for day in range(1, 21):
            at = NOON.replace(day=day)
            for name in ("north", "south") if not 8 < day < 14 else ("south",):
                run = database.runs.start(RunKind.CRAWL, name, now=at)
                database.runs.finish(run, RunState.DONE, RunCounts(fetched=1, stored=1), now=at)


def test_gaps_are_listed_by_days_and_place(huiying: Huiying, tmp_path: Path) -> None:
    huiying("sources", "list")
    fill(tmp_path / "data")
    at = ("sources", "coverage", "--now", NOON.isoformat(), "--format", "jsonl")
    [gap] = huiying(*at).rows
    assert (gap["source"], gap["state"], gap["lasts"]) == ("north", "blind", False)
    assert (gap["start"][:10], gap["end"][:10]) == ("2026-03-08", "2026-03-14")
    [part] = huiying(*at, "--from", "2026-03-10", "--to", "2026-03-11").rows
    assert (part["start"][:10], part["end"][:10]) == ("2026-03-10", "2026-03-12")
    assert huiying(*at, "--place", "南城区").rows == []
    assert huiying(*at, "--from", "2026-03-16").rows == []
    told = huiying("sources", "coverage", "--now", NOON.isoformat())
    assert "north信箱（失联，2026-03-08 12:00 至 2026-03-14 12:00）；计数可能偏低" in told.err
    assert (
        "均正常采集" in huiying("sources", "coverage", "--now", NOON.isoformat(), "--from", "2026-03-16").err
    )
    wrong = huiying(*at, "--from", "gestern")
    assert (wrong.code, '--from "gestern": not a day' in wrong.err) == (2, True)


def test_commands_that_count_say_who_was_not_read(huiying: Huiying, tmp_path: Path) -> None:
    huiying("sources", "list")
    fill(tmp_path / "data")
    assert "north信箱（失联，" in huiying("search", "").err
    assert "north信箱（失联，" in huiying("bursts", "--now", (NOON + timedelta(hours=1)).isoformat()).err
