"""Commands of running: up, demo, doctor."""

from __future__ import annotations

import contextlib
import os
import webbrowser
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from app.cli.options import DataDir, Now, Output, moment
from app.cli.output import Format, gettext, note, print_records, progress_bar
from app.roles import Role
from app.settings import load_settings
from records.errors import HuiyingError
from records.plain import plain
from records.times import DEFAULT_ZONE

Port = Annotated[int | None, typer.Option("--port", help="控制台的端口（默认 8731）")]
Host = Annotated[str | None, typer.Option("--host", help="控制台的地址：只能是本机")]
TOWN_PORT = 8732


def register(cli: typer.Typer) -> None:
    cli.command(help="启动：按计划抓取、分析、预警、编简报，并打开控制台。")(up)
    cli.command(help="演示：在本机起一个示例小城的网站，完整走一遍，再打开控制台。")(demo)
    cli.command(help="检查安装是否健康，逐项说明怎么办。")(doctor)


def up(
    host: Host = None,
    port: Port = None,
    role: Annotated[
        Role, typer.Option("--role", help="多台机器分工时做什么：scheduler、worker、console，或 all")
    ] = Role.ALL,
    data_dir: DataDir = None,
) -> None:
    from app.service import serve

    serve(load_settings(data_dir, host=host, port=port), on_ready=_say_ready, role=role)


def demo(
    port: Port = None,
    town_port: Annotated[int, typer.Option("--town-port", help="示例小城网站的端口")] = TOWN_PORT,
    serve_console: Annotated[bool, typer.Option("--serve/--no-serve", help="走完后打开控制台")] = True,
    open_browser: Annotated[bool, typer.Option("--browser/--no-browser", help="在浏览器中打开")] = True,
    data_dir: DataDir = None,
    now: Now = None,
) -> None:
    from app.demo import play_town
    from app.sample_town.messages import town
    from app.sample_town.site import TownSite
    from app.service import serve

    at = moment(now, DEFAULT_ZONE)
    today = at.astimezone(DEFAULT_ZONE).date()
    if data_dir is None and "HUIYING_DATA_DIR" not in os.environ:
        data_dir = Path(platformdirs.user_data_dir("huiying-demo")) / today.isoformat()
    settings = load_settings(data_dir, port=port, title="青溪市回应（演示）")
    with TownSite(town(today), as_of=at, port=town_port) as site:
        note("示例小城：%(address)s", address=site.base_url + "/")
        note("数据文件夹：HUIYING_DATA_DIR=%(folder)s", folder=settings.data_dir)
        play_town(settings, site, now=at, say=note)
        if serve_console:
            serve(settings, on_ready=_open if open_browser else _say_ready)


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="能修的就修，并说明修了什么")] = False,
    form: Output = Format.TABLE,
    data_dir: DataDir = None,
) -> None:
    from app.doctor import Health, examine
    from app.wiring import open_parts

    with open_parts(load_settings(data_dir)) as parts, progress_bar() as bar:
        task = bar.add_task(gettext("比对"), total=None)
        findings = list(examine(parts, fix=fix, progress=lambda posts: bar.advance(task, posts)))
    print_records([plain(finding) for finding in findings], form)
    broken = [finding for finding in findings if finding.health is Health.BROKEN]
    if broken:
        raise HuiyingError(f"{broken[0].check}: {broken[0].detail}")


def _say_ready(address: str | None) -> None:
    if address is None:
        note("已开始工作（Ctrl+C 结束）")
    else:
        note("控制台：%(address)s（Ctrl+C 结束）", address=address)


def _open(address: str | None) -> None:
    _say_ready(address)
    if address and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(address)
