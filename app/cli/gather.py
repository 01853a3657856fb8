"""Commands of gathering: crawl, import, sources. The rooms are imported by the command that needs them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.coverage import show_coverage
from app.cli.options import DataDir, Now, Output, moment
from app.cli.output import Format, gettext, note, print_record, print_records, progress_bar
from app.cli.sources import add_source, show_source
from app.settings import load_settings
from records.errors import ConfigurationError, Retryable
from records.plain import plain
from records.post import Channel, Post
from records.run import RunKind, RunRecord, RunState
from records.times import utc_now

if TYPE_CHECKING:
    from app.wiring import Parts
    from crawler.source import Source

SAMPLED_FIELDS = ("native_id", "title", "text", "asked_at", "status", "addressed_to", "place", "replies")
SAMPLE_CHARACTERS = 60
# A hundred sources that are polled every half hour have so many in a day.
MOST_RUNS = 5000

sources = typer.Typer(help="来源：新增、说明、列出、试抓。", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    cli.command(help="抓取一个来源，或全部启用的来源；随后分析并入索引。")(crawl)
    cli.command("import", help="导入 CSV、Excel（XLSX、XLS）或 JSONL 导出文件；随后分析并入索引。")(import_)
    cli.add_typer(sources, name="sources")
    sources.command("add", help="新增来源：看页面，提出选择器，试读五条，写入来源目录。")(add_source)
    sources.command("show", help="用平常话说明一个来源。")(show_source)
    sources.command("list", help="列出来源及其状况。")(list_sources)
    sources.command("coverage", help="哪些来源在哪段时间未正常采集，计数因此可能偏低。")(show_coverage)
    sources.command("cost", help="各来源抓取的代价：请求、字节、未变（304）。")(show_costs)
    sources.command("test", help="试抓一个来源，什么也不保存，说明每个字段得到了什么。")(try_source)


def crawl(
    name: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help="来源名称；不写则全部")] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.crawling import run_crawls
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        chosen = [parts.catalogue.get(name)] if name else [s for s in parts.catalogue.sources if s.enabled]
        if not chosen:
            raise ConfigurationError(
                f"{parts.settings.catalogue_file}: no enabled source (add one, see docs/sources.md)"
            )
        if name is None:
            chosen = _allowed(parts, chosen)
        with progress_bar() as bar:
            tasks = {source.name: bar.add_task(source.title, total=None) for source in chosen}
            records = run_crawls(
                parts.settings,
                chosen,
                progress=lambda source, counts: bar.update(tasks[source], completed=counts.fetched),
            )
        bring_up_to_date(parts)
    print_records([run_row(record) for record in records], form, state="run")
    failed = [record for record in records if record.state is not RunState.DONE]
    if failed:
        raise Retryable(f'source "{failed[0].subject}": {failed[0].error}')


def _allowed(parts: Parts, chosen: Sequence[Source]) -> list[Source]:
    """Return those that may be crawled now, telling of the others why not."""
    from app.crawling import why_not_now

    now = utc_now()
    reasons = {source.name: why_not_now(parts.database, source, now=now) for source in chosen}
    for reason in filter(None, reasons.values()):
        note("现在不抓：%(reason)s", reason=reason)
    return [source for source in chosen if reasons[source.name] is None]


def import_(
    file: Annotated[Path, typer.Argument(help="导出文件")],
    source: Annotated[str | None, typer.Option("--source", help="记为哪个来源（默认取文件名）")] = None,
    channel: Annotated[Channel, typer.Option("--channel", help="渠道")] = Channel.HOTLINE,
    mapping: Annotated[
        str | None,
        typer.Option("--mapping", help="列对照：存好的名称，或 YAML 文件（字段: 列名）；不写则按表头猜"),
    ] = None,
    save_mapping: Annotated[
        str | None, typer.Option("--save-mapping", help="把这次的列对照以此名称存下（可与 --dry-run 同用）")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="只读这张工作表；不写则读所有带表头的工作表")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说明会怎样读，不保存")] = False,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    from app import mappings
    from app.importing import import_file, source_name
    from app.wiring import open_parts
    from crawler.importers import describe_export, rejects_path

    settings = load_settings(data_dir)
    columns = mappings.find_mapping(settings, mapping) if mapping else None
    description = describe_export(file, mapping=columns, sheet=sheet) if dry_run or save_mapping else None
    if description and save_mapping:
        note("列对照已存为 %(file)s", file=mappings.save_mapping(settings, save_mapping, description))
    if description and dry_run:
        print_record(plain(description), form)
        return
    with open_parts(settings) as parts:
        with progress_bar() as bar:
            task = bar.add_task(file.name, total=None)
            report = import_file(
                parts,
                file,
                source=source or source_name(file.stem),
                channel=channel,
                mapping=columns,
                sheet=sheet,
                now=moment(now, parts.settings.zone),
                progress=lambda done: bar.advance(task, done),
            )
        # First what was stored: the index may be away, and is brought up to date later.
        for row in report.rejected:
            where = f"{row.sheet}!{row.row}" if row.sheet else row.row
            note("第 %(row)s 行未收（%(code)s）：%(reason)s", row=where, code=row.code, reason=row.message)
        if report.rejected:
            note("未收的行（已脱敏）见 %(file)s", file=rejects_path(file))
        print_record(run_row(report.run), form, state="run")
        bring_up_to_date(parts)


def list_sources(form: Output = Format.TABLE, data_dir: DataDir = None) -> None:
    from app.tasks import health
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        rows = [plain(item) for item in health(parts, now=utc_now())]
    print_records(rows, form, state="health")


def show_costs(
    days: Annotated[int, typer.Option("--days", min=1, help="最近多少天")] = 7,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts
    from crawler.costs import costs

    with open_parts(load_settings(data_dir)) as parts:
        runs = parts.database.runs.list(kind=RunKind.CRAWL, limit=MOST_RUNS)
    print_records([plain(cost) for cost in costs(runs, since=utc_now() - timedelta(days=days))], form)


def try_source(
    name: Annotated[str, typer.Argument(metavar="SOURCE", help="来源名称")],
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.crawling import sample_source
    from app.wiring import open_parts

    settings = load_settings(data_dir)
    with open_parts(settings) as parts:
        source = parts.catalogue.get(name)
    posts, result = sample_source(settings, source)
    print_records([_field_row(field, posts) for field in SAMPLED_FIELDS], form)
    note(
        "取到 %(taken)s 条，未收 %(rejected)s，待查 %(quarantined)s",
        taken=len(posts),
        rejected=dict(result.counts.rejected),
        quarantined=dict(result.counts.quarantined),
    )
    if result.error:
        raise Retryable(result.error)


def _field_row(field: str, posts: Sequence[Post]) -> dict[str, object]:
    values = [value for value in (plain(post)[field] for post in posts) if value]
    sample = str(values[0])[:SAMPLE_CHARACTERS] if values else None
    return {"field": field, "found": len(values), "of": len(posts), "sample": sample}


def bring_up_to_date(parts: Parts) -> None:
    """Analyse, merge and index what is new, showing how far it is. Where workers live, they do it."""
    if parts.database.jobs.figures().workers:
        note("已交给后台（huiying jobs list 看进度）")
        return
    with progress_bar() as bar:
        titles = {"analyse": gettext("分析"), "merge": gettext("归并"), "index": gettext("入索引")}
        tasks = {step: bar.add_task(title, total=None) for step, title in titles.items()}
        parts.pipeline.run(progress=lambda step, done: bar.advance(tasks[step], done))


def run_row(record: RunRecord) -> dict[str, object]:
    """Return a run as one row: who, how it ended, and every outcome counted."""
    counts = record.counts
    return {
        "source": record.subject,
        "state": record.state.value,
        "fetched": counts.fetched,
        "stored": counts.stored,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "rejected": dict(counts.rejected),
        "quarantined": dict(counts.quarantined),
        "error": record.error,
    }
