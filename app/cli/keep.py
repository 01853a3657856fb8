"""Commands of keeping: backup, restore, purge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import DataDir, Now, Output, moment
from app.cli.output import Format, gettext, note, print_records, progress_bar
from app.settings import load_settings
from records.errors import ConfigurationError
from records.plain import plain
from records.times import utc_now

if TYPE_CHECKING:
    from app.wiring import Parts

Overwrite = Annotated[bool, typer.Option("--force", help="已有的也覆盖")]


def register(cli: typer.Typer) -> None:
    cli.command(
        help="备份：整个安装存成一个文件，运行中也可以；含数据库、设置、来源、规则、收件人、模型。"
        "密钥只有写在这些文件里的和控制台的表单密钥在内；文件只有本人可读。"
    )(backup)
    cli.command(
        help="恢复备份：存入设置所指的数据库（SQLite 的备份也可存入 PostgreSQL，搬家用它），重建检索索引。"
    )(restore)
    cli.command(help="删除保存期已满的原文（设置 retention_days）；计数保留。")(purge)


def backup(
    file: Annotated[Path, typer.Argument(help="备份文件，如 huiying-2026-03-01.zip")],
    force: Overwrite = False,
    data_dir: DataDir = None,
) -> None:
    from app.keeping import back_up
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts, progress_bar() as bar:
        task = bar.add_task(gettext("备份"), total=None)
        manifest = back_up(
            parts, file, now=utc_now(), force=force, progress=lambda rows: bar.advance(task, rows)
        )
    note(
        "已备份：%(file)s，%(rows)s 行，%(megabytes)s MB",
        file=file,
        rows=manifest.rows,
        megabytes=f"{file.stat().st_size / 1e6:.1f}",
    )


def restore(
    file: Annotated[Path, typer.Argument(help="huiying backup 写出的文件")],
    force: Overwrite = False,
    data_dir: DataDir = None,
) -> None:
    from app.keeping import restore_installation
    from app.wiring import open_parts
    from storage.backup import read_manifest

    with progress_bar() as bar:
        task = bar.add_task(gettext("恢复"), total=read_manifest(file).rows)
        restored = restore_installation(
            file, data_dir, force=force, progress=lambda rows: bar.advance(task, rows)
        )
    for path in restored.kept:
        note("保留了原有的 %(file)s（备份里的不同）", file=path)
    note(
        "已恢复 %(made_at)s 的备份：%(rows)s 行，%(files)s 个文件",
        made_at=f"{restored.manifest.made_at.astimezone(restored.settings.zone):%Y-%m-%d %H:%M}",
        rows=restored.manifest.rows,
        files=len(restored.placed),
    )
    with open_parts(restored.settings) as parts:
        _feed_index(parts)


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说会删多少，不删")] = False,
    form: Output = Format.TABLE,
    now: Now = None,
    data_dir: DataDir = None,
) -> None:
    from app.keeping import expired, purge_due
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        at = moment(now, parts.settings.zone)
        if not parts.settings.retention_days:
            raise ConfigurationError(
                f'{parts.settings.settings_file}: "retention_days" names no channel, so nothing is ever '
                "deleted (try retention_days = { inbox = 730 })"
            )
        if dry_run:
            found = expired(parts, now=at)
        else:
            with progress_bar() as bar:
                task = bar.add_task(
                    gettext("删除原文"), total=sum(due.posts for due in expired(parts, now=at))
                )
                found = purge_due(parts, now=at, progress=lambda posts: bar.advance(task, posts))
            _feed_index(parts)
        print_records([plain(due) for due in found], form)


def _feed_index(parts: Parts) -> None:
    from app.keeping import feed_index

    with progress_bar() as bar:
        task = bar.add_task(gettext("入索引"), total=None)
        done = feed_index(parts, progress=lambda posts: bar.advance(task, posts))
    if done is None:
        note("检索索引现在写不了：huiying up 会自动补上")
    else:
        note("已入索引 %(done)s 条", done=done)
