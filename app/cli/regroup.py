"""Commands of deciding on problems: split, merge, undo, and what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.find import problems
from app.cli.options import DataDir, Output
from app.cli.output import Format, note, print_records
from app.settings import load_settings
from records.plain import plain
from records.run import AuditEntry
from records.times import utc_now

if TYPE_CHECKING:
    from app.wiring import Parts
    from console.regrouping import Regrouping
    from records.problem import Decision


def register(_: typer.Typer) -> None:
    problems.command("split", help="把一个问题里的这几条留言拆出来，另成一个问题。")(split)
    problems.command("merge", help="把第二个问题并入第一个，第一个的编号不变。")(merge)
    problems.command("undo", help="撤销一次拆分或合并。")(undo)
    problems.command("decisions", help="列出人工的拆分与合并；--export 逐对写出，供以后训练。")(decisions)


def split(
    post_ids: Annotated[list[str], typer.Argument(metavar="POST_ID...", help="同一问题里的留言")],
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        decision = _regrouping(parts).split(post_ids, now=utc_now())
        _record(parts, "problem_split", decision)
    note(
        "已从问题 %(problem)s 拆出 %(count)s 条，另成问题 %(other)s（第 %(id)s 号决定）",
        problem=decision.problem_id,
        count=len(decision.others),
        other=decision.other_id,
        id=decision.id,
    )


def merge(
    kept: Annotated[str, typer.Argument(metavar="KEPT", help="保留编号的问题")],
    ended: Annotated[str, typer.Argument(metavar="ENDED", help="并入它的问题")],
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        decision = _regrouping(parts).merge(kept, ended, now=utc_now())
        _record(parts, "problem_merge", decision)
    note(
        "问题 %(other)s 的 %(count)s 条已并入问题 %(problem)s（第 %(id)s 号决定）",
        problem=decision.problem_id,
        count=len(decision.others),
        other=decision.other_id,
        id=decision.id,
    )


def undo(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="决定的编号")], data_dir: DataDir = None
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        decision = _regrouping(parts).undo(number, now=utc_now())
        _record(parts, "problem_undo", decision)
    note("第 %(id)s 号决定已撤销", id=number)


def decisions(
    export: Annotated[
        bool, typer.Option("--export", help="逐对写出 JSONL：两条留言，是否同一问题，何时决定")
    ] = False,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        found = parts.database.problems.decisions()
    if export:
        print_records(_pairs(found), Format.JSONL)
    else:
        columns = ("id", "kind", "decided_at", "problem_id", "other_id", "others")
        print_records([plain(decision) for decision in found], form, columns=columns)


def _pairs(found: Iterable[Decision]) -> Iterator[dict[str, Any]]:
    for decision in found:
        decided_at = decision.decided_at.isoformat()
        for one in decision.ones:
            for other in decision.others:
                yield {"one": one, "other": other, "is_same": decision.is_same, "decided_at": decided_at}


def _regrouping(parts: Parts) -> Regrouping:
    from console.regrouping import Regrouping

    return Regrouping(database=parts.database, due_at=parts.due_dates)


def _record(parts: Parts, action: str, decision: Decision) -> None:
    detail = f"{decision.other_id} #{decision.id}"
    parts.database.audit.record(
        AuditEntry(at=utc_now(), actor="cli", action=action, subject=decision.problem_id, detail=detail)
    )
