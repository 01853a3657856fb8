"""Commands on the versions of rules: change, list, compare, restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.options import DataDir, Output
from app.cli.output import Format, gettext, note, print_records, write
from app.settings import load_settings
from records.errors import ConfigurationError
from records.times import days_of, utc_now

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from records.rule_version import RuleVersion

# Who acts at this machine: the accounts of the operating system are its own business.
CHANGED_BY = "cli"

Name = Annotated[str, typer.Argument(metavar="RULE", help="规则的名称")]
Why = Annotated[str, typer.Option("--why", help="为什么改；记入版本和审计")]
Force = Annotated[bool, typer.Option("--force", help="未回看也直接生效；审计记录中会注明")]


def register(rules: typer.Typer) -> None:
    rules.command("change", help="让一个新写或改过的规则文件生效；先要回看过。")(change)
    rules.command("versions", help="一条规则的各个版本：何时、谁、为什么；可看全文或比较两版。")(versions)
    rules.command("restore", help="恢复一条规则的某个旧版本，成为新的一版。")(restore)


def change(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="规则文件（.yaml）")],
    why: Why,
    force: Force = False,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or "is not UTF-8"
        raise ConfigurationError(f'rule file "{file}": {reason} (name a readable file)') from err
    with open_parts(load_settings(data_dir)) as parts:
        made = parts.rule_book.change(
            text, reason=why, by=CHANGED_BY, now=utc_now(), forced=force, file_name=file.name
        )
    say_live(made, parts.settings.zone)


def restore(
    name: Name,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="版本号，见 rules versions")],
    why: Why,
    force: Force = False,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        made = parts.rule_book.restore(name, number, reason=why, by=CHANGED_BY, now=utc_now(), forced=force)
    say_live(made, parts.settings.zone)


def versions(
    name: Name,
    show: Annotated[int | None, typer.Option("--show", help="写出这一版的全文")] = None,
    diff: Annotated[tuple[int, int] | None, typer.Option("--diff", help="比较两版，如 --diff 1 2")] = None,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    """What was edited in the files since the last round is noticed first."""
    from alerts.rule_book import differences
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        book, zone = parts.rule_book, parts.settings.zone
        book.notice(book.load(), now=utc_now())
        kept = parts.database.rule_versions
        if show is not None:
            write(book.text_of(name, show))
        elif diff is not None:
            first, second = (kept.get(name, number) for number in diff)
            write("".join(f"{line}\n" for line in differences(first, second)))
        else:
            print_records([_row(version, zone) for version in kept.list(name)], form)


def _row(version: RuleVersion, zone: ZoneInfo) -> dict[str, object]:
    return {
        "version": version.number,
        "at": f"{version.at.astimezone(zone):%Y-%m-%d %H:%M}",
        "who": version.changed_by,
        "why": version.reason,
        "tried": _tried(version, zone),
    }


def _tried(version: RuleVersion, zone: ZoneInfo) -> str:
    if not version.text:
        return gettext("已撤下")
    if version.tried is None:
        return gettext("未回看")
    first, last = days_of(version.tried, zone)
    return gettext("回看 %(first)s 至 %(last)s：%(alerts)s 条") % {
        "first": first, "last": last, "alerts": version.tried_alerts,
    }  # fmt: skip


def say_live(made: RuleVersion, zone: ZoneInfo) -> None:
    """Tell the person which version is live now."""
    note(
        "规则“%(rule)s”第 %(number)s 版已生效（%(tried)s），下一轮起执行",
        rule=made.rule,
        number=made.number,
        tried=_tried(made, zone),
    )
