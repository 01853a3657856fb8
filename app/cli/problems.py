"""Commands of problems: list, split, merge, undo, and what was decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import DataDir, Output
from app.cli.output import Format, note, print_records
from app.settings import load_settings
from records.plain import plain
from records.problem import ProblemState
from records.run import AuditEntry
from records.times import utc_now

if TYPE_CHECKING:
    from app.wiring import Parts
    from console.regrouping import Regrouping
    from records.problem import Decision


# Problems asked for at once.
PAGE = 200

COLUMNS = ("id", "n_posts", "n_voices", "state", "topic", "place", "title")


def register(cli: typer.Typer) -> None:
    problems = typer.Typer(help="问题：归并后的同一件事。", no_args_is_help=True)
    cli.add_typer(problems, name="problems")
    problems.command("list", help="列出问题，件数最多的在前。")(list_problems)
    problems.command("split", help="把一个问题里的这几条留言拆出来，另成一个问题。")(split)
    problems.command("merge", help="把第二个问题并入第一个，第一个的编号不变。")(merge)
    problems.command("undo", help="撤销一次拆分或合并。")(undo)
    problems.command("decisions", help="列出人工的拆分与合并；--export 逐对写出，供以后训练。")(decisions)


def list_problems(
    state: Annotated[list[ProblemState] | None, typer.Option("--state", help="只列这些状态")] = None,
    min_posts: Annotated[int, typer.Option("--min-posts", min=1, help="至少几件")] = 1,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="最多几条（默认全部）")] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        rows = _problem_rows(parts, tuple(state or ()), min_posts, limit)
        print_records(rows, form, columns=COLUMNS, state="problem")


def _problem_rows(
    parts: Parts, states: tuple[ProblemState, ...], min_posts: int, limit: int | None
) -> Iterator[dict[str, Any]]:
    shown = 0
    while limit is None or shown < limit:
        page = parts.database.problems.list(
            states=states, min_posts=min_posts, limit=min(PAGE, (limit or PAGE + shown) - shown), offset=shown
        )
        members = parts.database.problems.members_of([problem.id for problem in page])
        for problem in page:
            yield {**plain(problem), "post_ids": [member.post_id for member in members[problem.id]]}
        shown += len(page)
        if not page:
            return


def split(
    post_ids: Annotated[list[str], typer.Argument(metavar="POST_ID...", help="同一问题里的留言")],
    data_dir: DataDir = None,
) -> None:
    decision = _decide("problem_split", lambda regrouping, now: regrouping.split(post_ids, now=now), data_dir)
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
    decision = _decide(
        "problem_merge", lambda regrouping, now: regrouping.merge(kept, ended, now=now), data_dir
    )
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
    _decide("problem_undo", lambda regrouping, now: regrouping.undo(number, now=now), data_dir)
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


def _decide(
    action: str, decide: Callable[[Regrouping, datetime], Decision], data_dir: Path | None
) -> Decision:
    """Make one decision and write down in the audit that it was made here."""
    from app.wiring import open_parts
    from console.regrouping import Regrouping

    with open_parts(load_settings(data_dir)) as parts:
        now = utc_now()
        decision = decide(Regrouping(database=parts.database, due_at=parts.due_dates), now)
        detail = f"{decision.other_id} #{decision.id}"
        parts.database.audit.record(
            AuditEntry(at=now, actor="cli", action=action, subject=decision.problem_id, detail=detail)
        )
    return decision
