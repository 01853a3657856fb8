"""Commands of finding: search, why, problems, reindex. Rooms are imported by the command that needs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.options import DataDir, Limit, Output
from app.cli.output import Format, gettext, note, print_records, progress_bar
from app.settings import load_settings
from records.plain import plain, plain_post
from records.problem import ProblemState
from records.query import SortOrder

if TYPE_CHECKING:
    from app.wiring import Parts

PAGE = 200
# A large index takes minutes to bring up to date; whoever rebuilds it waits for that.
LOCK_WAIT_S = 600.0

problems = typer.Typer(help="问题：归并后的同一件事。", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    cli.command(help="检索留言，如 '停水 AND place:A3区 AND asked:P7D'。")(search)
    cli.command(help="一条留言走过的全程：抓取、脱敏、入库、分析、归并、规则、送达。")(why)
    cli.command(help="丢弃检索索引，从数据库重建。")(reindex)
    cli.add_typer(problems, name="problems")
    problems.command("list", help="列出问题，件数最多的在前。")(list_problems)


def search(
    query: Annotated[str, typer.Argument(help="检索式；空串表示全部")],
    sort: Annotated[SortOrder, typer.Option("--sort", help="排序")] = SortOrder.RELEVANCE,
    limit: Limit = 20,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        page = parts.index.search(query, sort=sort, limit=limit)
        posts = parts.database.posts.get_many(hit.post_id for hit in page.hits)
        analyses = parts.database.analyses.get_many(posts)
        rows = []
        for hit in page.hits:
            if (post := posts.get(hit.post_id)) is not None:
                analysis = analyses.get(post.id)
                rows.append({
                    **plain_post(post),
                    "topic": analysis.topic if analysis else None,
                    "urgency": analysis.urgency if analysis else None,
                    "score": round(hit.score, 3),
                })  # fmt: skip
    print_records(rows, form, columns=("id", "asked_at", "topic", "urgency", "title"))
    if form is Format.TABLE:
        note("共 %(total)s 条，显示 %(shown)s 条", total=page.total, shown=len(rows))


def why(
    post_id: Annotated[str, typer.Argument(metavar="POST_ID", help="source/native_id")],
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.why import trace
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        steps = trace(parts.database, post_id, zone=parts.settings.zone)
    print_records([plain(step) for step in steps], form)


def reindex(data_dir: DataDir = None) -> None:
    from app.pipeline import INDEXING
    from app.wiring import open_parts
    from nlp.segment import words
    from storage.indexer import reindex as rebuild

    with open_parts(load_settings(data_dir)) as parts, progress_bar() as bar:
        task = bar.add_task(gettext("入索引"), total=parts.database.posts.count())
        with parts.database.lock(INDEXING, wait_s=LOCK_WAIT_S):
            done = rebuild(
                parts.database, parts.index, segment=words, progress=lambda count: bar.advance(task, count)
            )
    note("已入索引 %(done)s 条", done=done)


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
        print_records(rows, form, columns=("id", "n_posts", "n_voices", "state", "topic", "place", "title"))


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
