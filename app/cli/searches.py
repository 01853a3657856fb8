"""Commands of kept searches: list, save, forget, make a rule of one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.options import DataDir, Output
from app.cli.output import Format, note, print_records, write_file
from app.cli.rule_versions import CHANGED_BY, Force, say_live
from app.settings import load_settings
from records.errors import ConfigurationError
from records.plain import plain
from records.query import SortOrder
from records.times import utc_now

Name = Annotated[str, typer.Argument(metavar="NAME", help="保存的检索的名称")]


def register(cli: typer.Typer) -> None:
    searches = typer.Typer(help="保存的检索：订阅，或生成预警规则。", no_args_is_help=True)
    cli.add_typer(searches, name="searches")
    searches.command("list", help="列出保存的检索，新的在前。")(list_searches)
    searches.command("save", help="给一个检索式起名保存，如 searches save 停水 '停水 AND urgency:>=2'。")(
        save_search
    )
    searches.command("forget", help="删除一个保存的检索；由它生成的规则仍在。")(delete_search)
    searches.command("to-rule", help="由保存的检索生成一条预警规则，写进规则文件夹。")(make_rule)


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


def delete_search(name: Name, data_dir: DataDir = None) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        parts.database.saved_searches.delete(name)
    note("已删除“%(name)s”", name=name)


def make_rule(
    name: Name,
    type: Annotated[
        Literal["any", "frequency"],
        typer.Option("--type", help="any：每个有新来件的问题；frequency：一个地点的来件够多时"),
    ] = "any",
    timeframe: Annotated[str, typer.Option("--timeframe", help="多长时间内，如 24h、7d")] = "24h",
    num_events: Annotated[int, typer.Option("--num-events", min=1, help="至少几件（frequency）")] = 3,
    draft: Annotated[
        Path | None,
        typer.Option("--draft", help="只写到这个文件，供回看和修改（rules backtest、rules change）"),
    ] = None,
    why: Annotated[str, typer.Option("--why", help="为什么设这条规则；记入版本和审计")] = "",
    force: Force = False,
    data_dir: DataDir = None,
) -> None:
    """Either a draft, or live at once where just this rule was tried out before."""
    from alerts.durations import parse_duration
    from alerts.new_rules import SearchRule, SearchRuleType
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
        if draft is not None:
            write_file("--draft", draft, rule.text())
            note("草稿已写入 %(file)s；先 rules backtest，再 rules change", file=draft)
            return
        made = parts.rule_book.change(
            rule.text(), reason=why, by=CHANGED_BY, now=utc_now(), forced=force, must_be_new=True
        )
    say_live(made, parts.settings.zone)
