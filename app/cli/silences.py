"""Commands on silences: what is not told for a while, with a reason and an end."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from app.cli.options import DataDir, Limit, Now, Output, moment
from app.cli.output import Format, note, print_records
from app.settings import load_settings
from records.errors import ConfigurationError
from records.plain import plain
from records.run import AuditEntry

CREATED_BY = "cli"

silences = typer.Typer(help="静默：一段时间内不通知某些预警，到期自动说明。", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    cli.add_typer(silences, name="silences")
    silences.command("add", help="新设一个静默；先说明它会压下什么。")(add)
    silences.command("list", help="列出静默，最晚到期的在前。")(list_silences)
    silences.command("end", help="提前结束一个静默。")(end)


def add(
    matchers: Annotated[list[str], typer.Argument(metavar="LABEL=VALUE...", help="条件，如 place=南门街道")],
    reason: Annotated[str, typer.Option("--reason", help="为什么静默")],
    length: Annotated[str, typer.Option("--for", help="多久，如 4h、2d")] = "4h",
    preview_only: Annotated[bool, typer.Option("--preview", help="只看会压下什么，不设")] = False,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    """The alerts that stand and would be held are printed first."""
    from alerts.silences import SilenceDraft, add_silence, preview
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        at = moment(now, parts.settings.zone)
        draft = SilenceDraft(
            matchers=tuple(matchers), starts_at=at, ends_at=at + _length(length), reason=reason
        )
        found = preview(parts.database, draft, now=at)
        shown = ("id", "severity", "state", "rule", "explanation")
        print_records([plain(alert) for alert in found.standing], form, columns=shown, state="alert")
        note(
            "压下现有预警 %(standing)s 条；此前同样长的时间里有 %(before)s 条",
            standing=len(found.standing),
            before=found.before,
        )
        if preview_only:
            return
        made = add_silence(parts.database, draft, created_by=CREATED_BY, now=at)
        parts.database.audit.record(
            AuditEntry(
                at=at, actor=CREATED_BY, action="add_silence", subject=f"silence/{made.id}",
                detail=" ".join(made.matchers),
            )
        )  # fmt: skip
        until = made.ends_at.astimezone(parts.settings.zone)
    note("静默 %(id)s：到 %(until)s 为止", id=made.id, until=f"{until:%Y-%m-%d %H:%M}")


def list_silences(limit: Limit = 50, form: Output = Format.TABLE, data_dir: DataDir = None) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        found = parts.database.silences.list(limit=limit)
    print_records([plain(silence) for silence in found], form)


def end(
    silence_id: Annotated[int, typer.Argument(metavar="SILENCE_ID")],
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        at = moment(now, parts.settings.zone)
        parts.database.silences.end(silence_id, now=at)
        parts.database.audit.record(
            AuditEntry(at=at, actor=CREATED_BY, action="end_silence", subject=f"silence/{silence_id}")
        )
    note("静默 %(id)s 已结束；下一轮通知会说明它压下了什么", id=silence_id)


def _length(text: str) -> timedelta:
    from alerts.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as err:
        raise ConfigurationError(f"--for: {err}") from err
