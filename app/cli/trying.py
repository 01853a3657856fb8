"""`huiying rules backtest`: what a rule would have done, and what an edited version would have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import DataDir, Output, named_day
from app.cli.output import Format, gettext, print_records, progress_bar, write, write_file
from app.cli.rule_versions import CHANGED_BY
from app.settings import Settings, load_settings
from records.errors import ConfigurationError, nearest
from records.times import Period, day_period, days_of, utc_now

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from alerts.backtest import TriedAlert
    from alerts.rule_types import Rule
    from alerts.rules import RuleSet
    from alerts.trials import Trial

_BLOCKS = "▁▂▃▄▅▆▇█"
# Of one line of a terminal, with room for what stands around it.
MOST_CELLS = 53


def backtest(
    name: Annotated[str, typer.Argument(metavar="RULE", help="规则的名称，或规则文件（.yaml）")],
    since: Annotated[str, typer.Option("--from", help="从哪天起，如 2026-01-01")],
    until: Annotated[str, typer.Option("--to", help="到哪天为止（含当天）")],
    compare: Annotated[
        Path | None, typer.Option("--compare", help="改过的规则文件：看它比现在多报什么、少报什么")
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", help="保留的旧版本号：看它比现在多报什么、少报什么")
    ] = None,
    every: Annotated[
        str | None, typer.Option("--every", help="每隔多久看一次，如 1h（默认 1d；规则看得更短时按它的时间）")
    ] = None,
    picture: Annotated[Path | None, typer.Option("--picture", help="把图画到这个 SVG 文件")] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    """What fires is only shown; that the rule was tried is kept, so that it may go live (`rules change`)."""
    from alerts.trials import step_of, try_out
    from app.backtesting import open_past
    from app.installation import ensure_installation
    from app.tasks import rule_set
    from app.wiring import rule_book_of

    settings = load_settings(data_dir)
    ensure_installation(settings)
    found = rule_set(settings)
    period = _period(since, until, settings.zone)
    versions = [_rule(found, name), *([_from_file(found, compare)] if compare else [])]
    with open_past(settings, found.deadlines, period) as past, progress_bar() as bar:
        book = rule_book_of(settings, past.database)
        if version is not None:
            versions.append(book.read(book.text_of(versions[0].name, version)))
        if len(versions) > 2:
            raise ConfigurationError("--compare and --version: name one of them, the other stays as it is")
        step = step_of(versions, stated=_step(every) if every else None)
        task = bar.add_task(gettext("回看"), total=period.length // step * len(versions))
        trial = try_out(
            versions, past, period, every=step, progress=lambda done: bar.update(task, advance=done)
        )
        book.note_trial(trial, by=CHANGED_BY, now=utc_now())
    said = [*_woken(trial, settings), *_agreed(trial)]
    if picture is not None:
        _draw(trial, said, picture, settings.zone)
    _print(trial, said, settings.zone, form)


def _woken(trial: Trial, settings: Settings) -> Iterator[str]:
    """Yield whom each version would have woken, as a sentence."""
    from alerts.nights import woken_by
    from alerts.notifications import Notifications
    from app.tasks import notifications

    try:
        policy = notifications(settings)
    except ConfigurationError:
        policy = Notifications()  # without its secrets nobody is told, but a rule can be tried
    for rule, alerts, whose in zip(trial.versions, trial.alerts, _whose(trial), strict=True):
        woken = woken_by(rule, alerts, policy, every=trial.every, zone=settings.zone)
        if woken is None:
            yield gettext("间隔太长，无法估计夜间会把人叫醒几次（改为逐小时回看即可）")
            return
        yield whose + gettext("夜间（22时至次日7时）有 %(nights)s 夜会把人叫醒，共通知 %(channels)s 次") % {
            "nights": woken.nights, "channels": woken.channels,
        }  # fmt: skip


def _agreed(trial: Trial) -> Iterator[str]:
    """Yield how each version agrees with what people judged, as a sentence."""
    from console.trial_words import agreement_told

    for found, whose in zip(trial.agreements, _whose(trial), strict=False):
        yield whose + agreement_told(found, gettext)


def _whose(trial: Trial) -> list[str]:
    """Return for each version what a line about it begins with."""
    return [""] if len(trial.versions) == 1 else [f"{gettext('现行版')} — ", f"{gettext('修改版')} — "]


def _draw(trial: Trial, said: Sequence[str], file: Path, zone: ZoneInfo) -> None:
    """Write the picture, with what it is of above it."""
    from console.charts import Heading
    from console.trial_chart import draw_trial, trial_bars
    from console.trial_words import part_names

    names = part_names(gettext)
    first, last = days_of(trial.period, zone)
    counted = " · ".join(f"{names[part]} {len(alerts)}" for part, alerts in trial.parts.items())
    heading = Heading(title=f"{trial.versions[0].name}  {first} — {last}", lines=(counted, *said))
    bars = trial_bars(trial.parts, trial.period, zone=zone)
    svg = draw_trial(bars, gettext, theme="light", size="wide", heading=heading)
    write_file("--picture", file, svg)


def named_rule(found: RuleSet, name: str) -> Rule:
    """Return the rule of that name. Raises ConfigurationError: it is broken, or there is none."""
    rules = {rule.name: rule for rule in found.rules}
    if name not in rules:
        broken = next((str(error) for error in found.errors if error.name == name), None)
        hint = nearest(name, rules) or " (see `huiying rules check`)"
        raise ConfigurationError(broken or f'rule "{name}": there is none{hint}')
    return rules[name]


def _rule(found: RuleSet, name: str) -> Rule:
    return _from_file(found, Path(name)) if name.endswith(".yaml") else named_rule(found, name)


def _from_file(found: RuleSet, path: Path) -> Rule:
    from alerts.rules import load_rule

    return load_rule(path, found.deadlines)


def _period(since: str, until: str, zone: ZoneInfo) -> Period:
    first, last = named_day(since, option="--from"), named_day(until, option="--to")
    if last < first:
        raise ConfigurationError(f"--to {last}: before --from {first} (name a later day)")
    return day_period(first, days=(last - first).days + 1, zone=zone)


def _step(text: str) -> timedelta:
    from alerts.durations import parse_duration

    try:
        step = parse_duration(text)
    except ValueError as err:
        raise ConfigurationError(f"--every: {err}") from err
    if step < timedelta(minutes=1):
        raise ConfigurationError(f'--every "{text}": at least a minute (write 1h)')
    return step


def _print(trial: Trial, said: Sequence[str], zone: ZoneInfo, form: Format) -> None:
    """Print the alerts of every part, oldest first; a table has the picture of the days above it."""
    rows = [_row(part, one, zone) for part, alerts in trial.parts.items() for one in alerts]
    rows.sort(key=lambda row: str(row["fired_at"]))
    columns = ["day", "severity", "raised", "explanation"]
    if len(trial.versions) > 1:
        columns.insert(0, "in")
    if form is Format.TABLE:
        for line in (*_picture(trial.parts, trial.period, zone), *said):
            write(line + "\n")
    print_records(rows, form, columns=columns)


def _row(part: str, one: TriedAlert, zone: ZoneInfo) -> dict[str, Any]:
    from alerts.backtest import local_day

    alert = one.alert
    return {
        **({"in": part} if part else {}),
        "day": local_day(one, zone).isoformat(),
        "fired_at": alert.fired_at.astimezone(zone).isoformat(),
        "held_until": one.held_until.astimezone(zone).isoformat(),
        "severity": alert.severity,
        "raised": len(one.raised),
        "labels": dict(alert.labels),
        "value": alert.value,
        "expected": alert.expected,
        "explanation": alert.explanation,
        "problem_ids": list(alert.problem_ids),
        "post_ids": list(alert.post_ids),
    }


def _picture(parts: Mapping[str, Sequence[TriedAlert]], period: Period, zone: ZoneInfo) -> Iterator[str]:
    """Yield for each part its alerts over the days, drawn to one scale, and what they come to."""
    from alerts.backtest import by_day
    from alerts.trials import ALONE
    from console.trial_words import part_names

    days = {part: by_day(alerts, period, zone=zone) for part, alerts in parts.items()}
    n_days = len(next(iter(days.values())))
    width = ceil(n_days / MOST_CELLS)
    cells = {
        part: [sum(counts[at : at + width]) for at in range(0, n_days, width)]
        for part, counts in days.items()
    }
    tallest = max(max(one) for one in cells.values())
    names = {**part_names(gettext), ALONE: ""}
    for part, counts in days.items():
        said = gettext("%(total)s 条，每天 %(mean)s 条，最多的一天 %(most)s 条") % {
            "total": sum(counts), "mean": f"{sum(counts) / n_days:.2f}", "most": max(counts),
        }  # fmt: skip
        yield "  ".join(filter(None, (sparkline(cells[part], tallest), names[part], said)))
    yield gettext("每格 %(days)s 天，最高一格 %(tallest)s 条") % {"days": width, "tallest": tallest}


def sparkline(counts: Sequence[int], tallest: int) -> str:
    """Return a block for each count, the tallest full; nothing is a dot."""
    return "".join(_BLOCKS[ceil(count * len(_BLOCKS) / tallest) - 1] if count else "·" for count in counts)
