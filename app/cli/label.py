"""The command `label`: one message at a time, by keyboard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import typer

from app.cli.options import DataDir
from app.cli.output import note, write
from app.settings import load_settings
from records.label import LabelField
from records.times import utc_now

if TYPE_CHECKING:
    from app.labelling import Question


def register(cli: typer.Typer) -> None:
    cli.command(
        help="标注：逐条显示留言（已遮去个人信息），按键选择；最拿不准的先问，每个问题先问一条。"
        "回车接受机器的判断，s 跳过，q 结束，随时可以接着做。"
    )(label)


def label(
    fields: Annotated[
        list[LabelField] | None, typer.Option("--field", help="标什么（默认 topic；可重复，依次问）")
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", help="不提问，把已有的标注连同原文写成 JSONL（供 train）")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    from app.labelling import export_labels, label_messages
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        if export is not None:
            rows = export_labels(parts.database, export)
            note("已写出 %(rows)s 条到 %(file)s", rows=rows, file=export)
            return
        done = label_messages(parts, fields or [LabelField.TOPIC], _ask, clock=utc_now)
        note("这次标了 %(done)s 条，共有标注 %(all)s 个", done=done, all=parts.database.labels.count())


def _ask(question: Question) -> str:
    post = question.post
    if question.is_first:
        write(f"\n──── {post.id}  {post.asked_at:%Y-%m-%d}\n{_shown(post.title)}\n{_shown(post.text)}\n")
    choices = "  ".join(key if key == value else f"{key} {value}" for key, value in question.choices.items())
    write(f"{question.field}: {choices}  ⏎ {question.guess}  s  q > ")
    sys.stdout.flush()
    key = _key()
    write(f"{_shown(key).strip()}\n")
    return key


def _key() -> str:
    """Return the next key; of what is no terminal the next character; q at the end of either."""
    try:
        return click.getchar() if sys.stdin.isatty() else sys.stdin.read(1) or "q"
    except EOFError:
        return "q"


def _shown(text: str) -> str:
    """Return the text without what would steer the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else " " for char in text)
