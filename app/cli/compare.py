"""`compare`: what changed between two periods."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.coverage import MOST_RUNS
from app.cli.options import DataDir, Limit, Now, Output, moment, named_day
from app.cli.output import Format, gettext, note, print_records
from app.settings import load_settings
from records.plain import plain

if TYPE_CHECKING:
    from alerts.comparing import Comparison
    from alerts.coverage import Coverage
    from alerts.periods import Compared

COLUMNS = ("key", "now", "before", "expected", "ratio", "change", "q_value")


def register(cli: typer.Typer) -> None:
    cli.command(help="两段时间对比：按主题、地点、单位等，哪些来件增多或减少，已除去偶然和未采集的日子。")(
        compare
    )


def compare(
    by: Annotated[
        str,
        typer.Option(
            "--by", help="topic、subtopic、own_topic、place、department、source、channel、status 或 intent"
        ),
    ] = "topic",
    query: Annotated[str, typer.Option("--query", help="只看这个检索式找到的（默认全部）")] = "",
    since: Annotated[str | None, typer.Option("--from", help="后一段从哪天起（默认最近七个整天）")] = None,
    until: Annotated[str | None, typer.Option("--to", help="后一段到哪天为止，含当天（默认昨天）")] = None,
    with_since: Annotated[
        str | None, typer.Option("--with-from", help="前一段从哪天起（默认紧接在前、一样长）")
    ] = None,
    with_until: Annotated[str | None, typer.Option("--with-to", help="前一段到哪天为止，含当天")] = None,
    year_before: Annotated[bool, typer.Option("--year-before", help="与上一年的同一段相比")] = False,
    limit: Limit = 20,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    from alerts.comparing import compare_periods
    from alerts.coverage import coverage_of
    from alerts.reading import Reading
    from alerts.two_periods import two_periods
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        zone = parts.settings.zone
        at = moment(now, zone)
        periods = two_periods(
            since=_day("--from", since),
            until=_day("--to", until),
            with_since=_day("--with-from", with_since),
            with_until=_day("--with-to", with_until),
            year_before=year_before,
            today=at.astimezone(zone).date(),
        )
        coverage = coverage_of(parts.catalogue, parts.database, now=at, zone=zone, most_runs=MOST_RUNS)
        found = compare_periods(Reading(parts.index), coverage, by, periods, query=query, zone=zone)
    rows = found.rows[:limit]
    if form is Format.TABLE:
        print_records([_in_words(one, by) for one in rows], form, columns=COLUMNS)
        _tell(found, coverage)
    else:
        print_records(map(plain, rows), form)


def _day(option: str, text: str | None) -> date | None:
    return None if text is None else named_day(text, option=option)


def _in_words(one: Compared, by: str) -> dict[str, Any]:
    """Return the row as people read it."""
    from console.words import word_for

    return {
        **plain(one),
        "key": gettext(word_for(by, one.key)),
        "expected": round(one.expected, 1),
        "ratio": None if one.ratio is None else round(one.ratio, 2),
        "change": gettext(word_for("change", one.change)),
    }


def _tell(found: Comparison, coverage: Coverage) -> None:
    """Say the totals, what was not seen in either period, and how to read the table."""
    from console.compared import say_how_to_read, say_left_out, say_total
    from console.coverage import seen

    note("合计：%(said)s", said=say_total(found, gettext))
    for days in (found.periods.before, found.periods.now):
        period = days.period(coverage.zone)
        if told := seen(coverage, period, translate=gettext, zone=coverage.zone).told:
            note("来源（%(days)s）：%(told)s", days=days, told=told)
    if said := say_left_out(found, gettext):
        note("未计入：%(said)s", said=said)
    note("读法：%(said)s", said=say_how_to_read(gettext))
