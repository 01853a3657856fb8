"""`sources coverage`, and the note on it beside the counts of other commands."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import DataDir, Now, Output, day, moment
from app.cli.output import Format, gettext, note, print_records
from app.settings import load_settings
from records.times import Period, day_period

if TYPE_CHECKING:
    from app.wiring import Parts

# As far back as `--from` goes by itself.
USUAL_DAYS = 30
# A hundred sources that are crawled every hour have so many in six weeks; read in six seconds.
MOST_RUNS = 100_000


def show_coverage(
    since: Annotated[str | None, typer.Option("--from", help="从哪天起（默认三十天前）")] = None,
    until: Annotated[str | None, typer.Option("--to", help="到哪天为止，含当天（默认今天）")] = None,
    place: Annotated[str | None, typer.Option("--place", help="只看可能有这个地方来件的来源")] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    from alerts.coverage import coverage_of
    from app.wiring import open_parts
    from console.coverage import gap_row, seen

    with open_parts(load_settings(data_dir)) as parts:
        zone, at = parts.settings.zone, moment(now, parts.settings.zone)
        last = day(until, at.astimezone(zone).date(), option="--to")
        first = min(day(since, last - timedelta(days=USUAL_DAYS), option="--from"), last)
        period = day_period(first, days=(last - first).days + 1, zone=zone)
        coverage = coverage_of(parts.catalogue, parts.database, now=at, zone=zone, most_runs=MOST_RUNS)
    found = seen(coverage, period, place, translate=gettext, zone=zone)
    print_records([gap_row(gap, period) for gap in found.gaps], form, state="health")
    if form is Format.TABLE:
        note("来源：%(told)s", told=found.told or gettext("期间各来源均正常采集。"))


def note_gaps(parts: Parts, period: Period, place: str | None = None) -> None:
    """Say which sources were not heard in the period that a command has counted, if any were not."""
    from alerts.coverage import coverage_of
    from console.coverage import seen

    zone = parts.settings.zone
    coverage = coverage_of(parts.catalogue, parts.database, now=period.end, zone=zone)
    found = seen(coverage, period, place, translate=gettext, zone=zone)
    if found.told:
        note("来源：%(told)s", told=found.told)
