"""Commands of finding: search, why, reindex; each imports the rooms it needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from app.cli.coverage import note_gaps
from app.cli.options import DataDir, Limit, Output
from app.cli.output import Format, gettext, note, print_records, progress_bar, write
from app.settings import Settings, load_settings
from records.analysis import Analysis
from records.errors import ConfigurationError
from records.files import placed
from records.job import JobKind
from records.plain import plain, plain_post
from records.post import Post
from records.query import SortOrder
from records.times import Period, utc_now

if TYPE_CHECKING:
    from alerts.rule_trace import Check
    from app.wiring import Parts
    from console.exports import ExportFormat


def register(cli: typer.Typer) -> None:
    cli.command(help="检索留言，如 '停水 AND place:A3区 AND asked:P7D'。")(search)
    cli.command(help="一条留言走过的全程：抓取、脱敏、入库、分析、归并、规则、送达。")(why)
    cli.command(help="丢弃检索索引，从数据库重建。")(reindex)


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
                "subtopic": analysis.subtopic if analysis else None,
                "own_topics": list(analysis.own_topics) if analysis else [],
                "urgency": analysis.urgency if analysis else None,
                "score": round(hit.score, 3),
            })  # fmt: skip
    print_records(rows, form, columns=("id", "asked_at", "topic", "urgency", "title"))
    if form is Format.TABLE:
        note("共 %(total)s 条，显示 %(shown)s 条", total=page.total, shown=len(rows))
        _note_gaps(parts, query)


def _note_gaps(parts: Parts, query: str) -> None:
    """Say which sources were not heard since the oldest message that the query finds."""
    oldest = parts.index.search(query, sort=SortOrder.OLDEST, limit=1).hits
    post = parts.database.posts.get(oldest[0].post_id) if oldest else None
    now = utc_now()
    note_gaps(parts, Period(start=min(post.asked_at if post else now, now - timedelta(days=1)), end=now))


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


def why(
    post_id: Annotated[str, typer.Argument(metavar="POST_ID", help="source/native_id")],
    rule: Annotated[str | None, typer.Option("--rule", help="只问这条规则为什么报了它，或没有报")] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.tasks import telling_of
    from app.why import trace
    from app.wiring import open_parts

    if rule is not None:
        print_records([plain(check) for check in _checks(post_id, rule, load_settings(data_dir))], form)
        return
    with open_parts(load_settings(data_dir)) as parts:
        steps = trace(
            parts.database,
            post_id,
            zone=parts.settings.zone,
            telling=lambda alert: telling_of(parts, alert, now=utc_now()),
        )
    print_records([plain(step) for step in steps], form)


def _checks(post_id: str, rule: str, settings: Settings) -> list[Check]:
    from alerts.coverage import coverage_of
    from alerts.reading import Reading, Sight
    from alerts.rule_trace import RuleTrace
    from app.cli.trying import named_rule
    from app.tasks import rule_set
    from app.why import stored_post
    from app.wiring import open_parts

    now = utc_now()
    with open_parts(settings) as parts:
        found = rule_set(settings)
        post = stored_post(parts.database, post_id)
        coverage = coverage_of(parts.catalogue, parts.database, now=now, zone=settings.zone)
        sight = Sight(
            truth=parts.database,
            index=Reading(parts.index),
            zone=settings.zone,
            deadlines=found.deadlines,
            coverage=coverage,
        )
        return list(RuleTrace(named_rule(found, rule), post, sight, now=now).checks())


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
