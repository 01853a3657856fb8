"""Commands of noticing: rules and alerts. Rooms are imported by the command that needs them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli import rule_versions
from app.cli.options import DataDir, Limit, Now, Output, moment
from app.cli.output import Format, gettext, note, print_records, write, write_file
from app.cli.trying import backtest, named_rule
from app.settings import Settings, load_settings
from records.alert import AlertState, Verdict
from records.errors import ConfigurationError
from records.plain import plain
from records.run import AuditEntry, RunKind, RunRecord
from records.times import utc_now

if TYPE_CHECKING:
    from alerts.rules import RuleSet
    from storage.database import Database

rules = typer.Typer(help="预警规则：检查、解释、回看、公示、执行。", no_args_is_help=True)
alerts = typer.Typer(help="预警：列出、确认、交办、判断、解除。", no_args_is_help=True)


def register(cli: typer.Typer) -> None:
    cli.add_typer(rules, name="rules")
    cli.add_typer(alerts, name="alerts")
    rules.command("check", help="读规则文件，逐条说明对错。")(check)
    rules.command("run", help="现在就把规则执行一遍并送出通知。")(run)
    rules.command("explain", help="用中文说明一条规则看什么、何时预警。")(explain)
    rules.command("backtest", help="一条规则在过去一段时间里会预警什么；不保存，不发送。")(backtest)
    rules.command("status", help="每条规则的心跳：最近一次执行、用时、命中、错误。")(status)
    rule_versions.register(rules)
    rules.command("register", help="写出规则公示：每条规则的名称、理由和检索式。")(register_rules)
    alerts.command("list", help="列出预警，最要紧的在前。")(list_alerts)
    alerts.command("ack", help="确认一条预警：已看到，有人在处理。")(acknowledge)
    alerts.command("assign", help="把一条预警交给应当答复的单位。")(assign)
    alerts.command("judge", help="说一条预警是属实、已知还是误报。")(judge)
    alerts.command("resolve", help="解除一条预警。")(resolve)


def check(form: Output = Format.TABLE, data_dir: DataDir = None) -> None:
    from alerts.notifications import missing_receivers
    from app.tasks import notifications

    settings = load_settings(data_dir)
    found = _load(settings)
    rows = [
        {"rule": rule.name, "type": str(rule.type), "enabled": rule.is_enabled, "error": None}
        for rule in found.rules
    ]
    rows += [{"rule": None, "type": None, "enabled": None, "error": str(error)} for error in found.errors]
    print_records(rows, form)
    if found.errors:
        raise ConfigurationError(str(found.errors[0]))
    if missing := missing_receivers(found.rules, notifications(settings)):
        raise ConfigurationError(missing[0])


def status(form: Output = Format.TABLE, data_dir: DataDir = None) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        runs = parts.database.runs.latest(RunKind.RULE)
        zone = parts.settings.zone
    names = {rule.name for rule in _load(parts.settings).rules}
    print_records(
        [
            {
                "rule": run.subject,
                "state": str(run.state),
                "started_at": f"{run.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
                "duration_s": _seconds(run),
                "matches": run.counts.fetched,
                "error": run.error,
            }
            for run in runs.values()
            if run.subject in names
        ],
        form,
        state="run",
    )


def _seconds(run: RunRecord) -> float | None:
    return round((run.finished_at - run.started_at).total_seconds(), 3) if run.finished_at else None


def explain(
    name: Annotated[str, typer.Argument(metavar="RULE", help="规则的名称")], data_dir: DataDir = None
) -> None:
    from alerts.explain import explain as explained

    write(explained(named_rule(_load(load_settings(data_dir)), name)) + "\n")


def register_rules(
    file: Annotated[
        Path | None, typer.Option("--file", help="写到这个 Markdown 文件（默认写到标准输出）")
    ] = None,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    """A rule that cannot be read would be missing: then nothing is written."""
    from alerts.explain import public_register

    settings = load_settings(data_dir)
    found = _load(settings)
    if found.errors:
        raise ConfigurationError(str(found.errors[0]))
    text = public_register(found.rules, at=moment(now, settings.zone).astimezone(settings.zone))
    if file is None:
        write(text)
        return
    write_file("--file", file, text)
    note("已写出 %(count)s 条规则到 %(file)s", count=len(found.rules), file=file)


def _load(settings: Settings) -> RuleSet:
    from app.installation import ensure_installation
    from app.tasks import rule_set

    ensure_installation(settings)
    return rule_set(settings)


def run(form: Output = Format.TABLE, data_dir: DataDir = None, now: Now = None) -> None:
    from app.tasks import deliver_pending, evaluate_rules
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        at = moment(now, parts.settings.zone)
        report = evaluate_rules(parts, now=at)
        deliveries = deliver_pending(parts, now=at)
    print_records([plain(outcome) for outcome in report.rules], form)
    note(
        "通知：送出 %(sent)s，稍后再试 %(failed)s，放弃 %(dead)s",
        sent=deliveries.sent,
        failed=deliveries.failed,
        dead=deliveries.dead,
    )
    if report.errors:
        raise ConfigurationError(report.errors[0])


def list_alerts(
    state: Annotated[list[AlertState] | None, typer.Option("--state", help="只列这些状态")] = None,
    limit: Limit = 50,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts:
        found = parts.database.alerts.list(states=tuple(state or ()), limit=limit)
    columns = ("id", "severity", "state", "rule", "explanation")
    print_records([plain(alert) for alert in found], form, columns=columns, state="alert")


def acknowledge(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID")], data_dir: DataDir = None
) -> None:
    _set_state(alert_id, AlertState.ACKNOWLEDGED, data_dir)


def assign(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID")],
    office: Annotated[str, typer.Argument(metavar="OFFICE", help="单位或科室，不写个人")],
    data_dir: DataDir = None,
) -> None:
    from alerts.handling import office_named
    from app.wiring import open_parts

    name = office_named(office)
    with open_parts(load_settings(data_dir)) as parts:
        parts.database.alerts.assign(alert_id, name, now=utc_now())
        _note_change(parts.database, f"alert assigned to {name}", alert_id)
    note("预警 %(alert)s：交给%(office)s", alert=alert_id, office=name)


def judge(
    alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID")],
    verdict: Annotated[Verdict, typer.Argument(metavar="VERDICT", help="real 属实，known 已知，noise 误报")],
    data_dir: DataDir = None,
) -> None:
    from app.wiring import open_parts
    from console.words import word_for

    with open_parts(load_settings(data_dir)) as parts:
        parts.database.alerts.judge(alert_id, verdict, now=utc_now())
        _note_change(parts.database, f"alert judged {verdict}", alert_id)
    note("预警 %(alert)s：%(state)s", alert=alert_id, state=gettext(word_for("verdict", verdict)))


def resolve(alert_id: Annotated[str, typer.Argument(metavar="ALERT_ID")], data_dir: DataDir = None) -> None:
    _set_state(alert_id, AlertState.RESOLVED, data_dir)


def _set_state(alert_id: str, state: AlertState, data_dir: DataDir) -> None:
    from app.wiring import open_parts
    from console.words import word_for

    with open_parts(load_settings(data_dir)) as parts:
        parts.database.alerts.set_state(alert_id, state, now=utc_now())
        _note_change(parts.database, f"alert {state}", alert_id)
    note("预警 %(alert)s：%(state)s", alert=alert_id, state=gettext(word_for("alert", state)))


def _note_change(database: Database, action: str, alert_id: str) -> None:
    database.audit.record(AuditEntry(at=utc_now(), actor="cli", action=action, subject=alert_id))
