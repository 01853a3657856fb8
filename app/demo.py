"""`huiying demo`: the sample town's web site on this machine, gathered and read like any other.

Two moments are played: the town as it stood yesterday morning, then as it stands now, so that there are late
replies, edited ones and a history of alerts to look at. What was played is not played again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from app.crawling import run_crawls
from app.importing import import_file
from app.installation import write_atomically
from app.sample_town import demo_sources, hotline_export
from app.sample_town.site import TownSite
from app.settings import Settings
from app.tasks import brief, evaluate_rules
from app.wiring import Parts, open_parts
from records.errors import ConfigurationError
from records.post import Channel

HOTLINE_SOURCE = "hotline"
# Kept in the database: which day's town this installation holds, and which moments of it were played.
TOWN_DAY, PLAYED = "demo_town_day", "demo_played"
YESTERDAYS_HOUR = 8


def play_town(settings: Settings, site: TownSite, *, now: datetime, say: Callable[..., None]) -> None:
    """Bring the installation of the sample town up to `now`.

    Raises ConfigurationError for a folder that holds anything but this day's sample town.
    """
    with open_parts(settings) as parts:
        _claim_folder(parts, now)
    write_atomically(settings.catalogue_file, demo_sources(site.base_url))
    yesterday = now.astimezone(settings.zone).replace(
        hour=YESTERDAYS_HOUR, minute=0, second=0, microsecond=0
    ) - timedelta(days=1)
    with open_parts(settings) as parts:
        played: list[str] = parts.database.value(PLAYED) or []
        for name, moment in (("yesterday", yesterday), ("today", now)):
            site.as_of = moment
            if name not in played:
                _play_moment(parts, site, moment, say)
                played.append(name)
                parts.database.set_value(PLAYED, played)


def _claim_folder(parts: Parts, now: datetime) -> None:
    """Mark the installation as this day's sample town; never take over one that holds something else."""
    today = now.astimezone(parts.settings.zone).date().isoformat()
    held = parts.database.value(TOWN_DAY)
    if held is None and not parts.database.posts.count() and not parts.catalogue.sources:
        parts.database.set_value(TOWN_DAY, today)
    elif held != today:
        what = f"the sample town of {held}" if held else "an installation of your own"
        raise ConfigurationError(
            f'data folder "{parts.settings.data_dir}": holds {what} (choose another folder with --data-dir)'
        )


def _play_moment(parts: Parts, site: TownSite, moment: datetime, say: Callable[..., None]) -> None:
    settings = parts.settings
    sources = parts.catalogue.sources
    local = moment.astimezone(settings.zone)
    say("%(time)s：抓取 %(count)s 个来源 …", time=f"{local:%m-%d %H:%M}", count=len(sources))
    run_crawls(settings, sources, now=moment)
    say("导入热线工单 …")
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder) / "hotline.xlsx"
        export.write_bytes(hotline_export(site.town, as_of=moment))
        import_file(parts, export, source=HOTLINE_SOURCE, channel=Channel.HOTLINE, now=moment)
    say("分析、归并、入索引 …")
    parts.pipeline.run()
    say("执行预警规则、编写简报 …")
    evaluate_rules(parts, now=moment)
    brief(parts, day=local.date() - timedelta(days=1), now=moment)
