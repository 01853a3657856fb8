"""Commands of finding: search, kept searches, why, problems, reindex; each imports the rooms it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app.cli.options import DataDir, Limit, Output
from app.cli.output import Format, gettext, note, print_records, progress_bar, write
from app.settings import load_settings
from records.analysis import Analysis
from records.errors import ConfigurationError
from records.files import placed
from records.job import JobKind
from records.plain import plain, plain_post
from records.post import Post
from records.problem import ProblemState
from records.query import SortOrder
from records.times import utc_now

if TYPE_CHECKING:
    from app.wiring import Parts
    from console.exports import ExportFormat

KeptName = Annotated[str, typer.Argument(metavar="NAME", help="保存的检索的名称")]
PAGE = 200

searches = typer.Typer(help="保存的检索：订阅，或生成预警规则。", no_args_is_help=True)
problems = typer.Typer(help="问题：归并后的同一件事。", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    cli.command(help="检索留言，如 '停水 AND place:A3区 AND asked:P7D'。")(search)
    cli.command(help="一条留言走过的全程：抓取、脱敏、入库、分析、归并、规则、送达。")(why)
    cli.command(help="丢弃检索索引，从数据库重建。")(reindex)
    cli.add_typer(searches, name="searches")
    searches.command("list", help="列出保存的检索，新的在前。")(list_searches)
    searches.command("save", help="给一个检索式起名保存，如 searches save 停水 '停水 AND urgency:>=2'。")(
        save_search
    )
    searches.command("forget", help="删除一个保存的检索；由它生成的规则仍在。")(delete_search)
    searches.command("to-rule", help="由保存的检索生成一条预警规则，写进规则文件夹。")(make_rule)
    cli.add_typer(problems, name="problems")
    problems.command("list", help="列出问题，件数最多的在前。")(list_problems)


def search(
    query: Annotated[str, typer.Argument(help="检索式；空串表示全部")],
    sort: Annotated[SortOrder, typer.Option("--sort", help="排序")] = SortOrder.RELEVANCE,
    limit: Limit = 20,
    explain: Annotated[bool, typer.Option("--explain", help="只说这个检索式是怎样读的，不检索")] = False,
    output: Annotated[
        Literal["csv", "xlsx", "jsonl"] | None,
        typer.Option("--output", help="把全部结果写成文件：csv、xlsx 或 jsonl"),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="写到这个文件（不写 --output 时看扩展名）")
    ] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    if output is not None and file is None:
        raise ConfigurationError("--output: no file is named (add --file PATH)")
    with open_parts(load_settings(data_dir)) as parts:
        if explain:
            _explain(parts, query)
        elif file is not None:
            _export(parts, query, sort, _export_format(output, file), file)
        else:
            _show_page(parts, query, sort, limit, form)


def _show_page(parts: Parts, query: str, sort: SortOrder, limit: int, form: Format) -> None:
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


def _explain(parts: Parts, query: str) -> None:
    from console.reading import say_reading
    from nlp.segment import words
    from storage.query_reading import explain

    reading = explain(query, now=utc_now(), zone=parts.settings.zone, segment=words)
    if reading.normalised != reading.typed:
        write(gettext("规整为：") + reading.normalised + "\n")
    for line in say_reading(reading, gettext):
        write("  " * line.depth + line.text + "\n")


def _export_format(output: str | None, file: Path) -> ExportFormat:
    from console.exports import ExportFormat

    name = output or file.suffix.removeprefix(".").lower()
    if name not in set(ExportFormat):
        known = ", ".join(ExportFormat)
        raise ConfigurationError(f'--file "{file}": its ending names no format (add --output: {known})')
    return ExportFormat(name)


def _export(parts: Parts, query: str, sort: SortOrder, form: ExportFormat, file: Path) -> None:
    from console.exports import export_pieces, found_posts

    found = found_posts(parts.database, parts.index, query, sort=sort)
    done = 0
    with progress_bar() as bar:
        task = bar.add_task(gettext("导出"), total=parts.index.count(query))

        def counted() -> Iterator[tuple[Post, Analysis | None]]:
            nonlocal done
            for each in found:
                yield each
                done += 1
                bar.advance(task)

        try:
            with placed(file) as target:
                for piece in export_pieces(counted(), form, zone=parts.settings.zone):
                    target.write(piece)
        except OSError as err:
            raise ConfigurationError(
                f'--file "{file}": {err.strerror} (name a file in a folder that can be written to)'
            ) from err
    note("已导出 %(done)s 条到 %(file)s", done=done, file=file)


def list_searches(form: Output = Format.TABLE, data_dir: DataDir = None) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        kept = parts.database.saved_searches.list()
    print_records([plain(each) for each in kept], form)


def save_search(
    name: Annotated[str, typer.Argument(metavar="NAME", help="名称")],
    query: Annotated[str, typer.Argument(help="检索式；空串表示全部")],
    sort: Annotated[SortOrder, typer.Option("--sort", help="排序")] = SortOrder.NEWEST,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts
    from console.saved_searches import keep_search
    from console.view import feed_path
    from nlp.segment import words
    from storage.saved_searches import SavedSearch

    with open_parts(load_settings(data_dir)) as parts:
        kept = SavedSearch(name=name.strip(), query=query.strip(), sort=sort, created_at=utc_now())
        keep_search(parts.database, kept, zone=parts.settings.zone, segment=words)
        address = parts.settings.console_url.rstrip("/") + feed_path(kept.name)
    note("已保存“%(name)s”，订阅地址 %(address)s", name=kept.name, address=address)


def delete_search(name: KeptName, data_dir: DataDir = None) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        parts.database.saved_searches.delete(name)
    note("已删除“%(name)s”", name=name)


def make_rule(
    name: KeptName,
    type: Annotated[
        Literal["any", "frequency"],
        typer.Option("--type", help="any：每个有新来件的问题；frequency：一个地点的来件够多时"),
    ] = "any",
    timeframe: Annotated[str, typer.Option("--timeframe", help="多长时间内，如 24h、7d")] = "24h",
    num_events: Annotated[int, typer.Option("--num-events", min=1, help="至少几件（frequency）")] = 3,
    data_dir: DataDir = None,
) -> None:
    from alerts.durations import parse_duration
    from alerts.new_rules import SearchRule, SearchRuleType, add_search_rule
    from app.wiring import open_parts

    try:
        length = parse_duration(timeframe)
    except ValueError as err:
        raise ConfigurationError(f"--timeframe: {err}") from err
    with open_parts(load_settings(data_dir)) as parts:
        kept = parts.database.saved_searches.get(name)
        rule = SearchRule(
            name=kept.name,
            query=kept.query,
            type=SearchRuleType(type),
            timeframe=length,
            num_events=num_events,
        )
        path = add_search_rule(parts.settings.rules_dir, rule)
    note("规则已写入 %(path)s，下一轮起生效", path=path)


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
    from app.wiring import open_parts
    from nlp.segment import words
    from storage.indexer import reindex as rebuild

    with open_parts(load_settings(data_dir)) as parts, progress_bar() as bar:
        if parts.database.jobs.figures().workers:
            parts.database.jobs.defer(JobKind.REINDEX)
            note("已交给后台（huiying jobs list 看进度）")
            return
        task = bar.add_task(gettext("入索引"), total=parts.database.posts.count())
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
