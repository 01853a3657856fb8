"""Commands of telling: brief."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.options import DataDir, Now, day, moment
from app.cli.output import write
from app.settings import load_settings


class Kind(StrEnum):
    DAILY = "daily"


def register(cli: typer.Typer) -> None:
    cli.command(help="编一期简报：冻结数字与引文，生成 HTML 和 DOCX。")(brief)


def brief(
    kind: Annotated[Kind, typer.Argument(help="daily")] = Kind.DAILY,
    date: Annotated[str | None, typer.Option("--date", help="哪一天，如 2026-03-01（默认昨天）")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="输出文件夹（默认安装的 briefings）")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="已冻结的也重新编一期")] = False,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    from app.installation import write_atomically
    from app.tasks import brief as make_briefing
    from app.wiring import open_parts
    from briefing.render import render_docx, render_html

    with open_parts(load_settings(data_dir)) as parts:
        at = moment(now, parts.settings.zone)
        covered = day(date, at.astimezone(parts.settings.zone).date() - timedelta(days=1))
        snapshot = make_briefing(parts, day=covered, now=at, anew=anew)
        folder = out or parts.settings.data_dir / "briefings"
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in (
            (folder / f"{kind}-{covered}.html", render_html(snapshot)),
            (folder / f"{kind}-{covered}.docx", render_docx(snapshot)),
        ):
            write_atomically(path, content)
            write(f"{path}\n")
