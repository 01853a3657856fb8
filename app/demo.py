"""`huiying demo`: the sample town's web site on this machine, gathered and read like any other.

Two days are played: the town as it stood yesterday morning, then as it stands now, so that there are late
replies, edited ones and a history of alerts to look at.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from app.crawling import run_crawls
from app.installation import ensure_installation, write_atomically
from app.sample_town import demo_sources
from app.sample_town.hotline import hotline_export
from app.sample_town.site import TownSite
from app.settings import Settings
from app.tasks import brief, evaluate_rules, import_file
from app.wiring import open_parts
from records.post import Channel

HOTLINE_SOURCE = "hotline"
PLAYED = "demo_played"
YESTERDAYS_HOUR = 8


def play_town(settings: Settings, site: TownSite, *, now: datetime, say: Callable[..., None]) -> None:
    """Bring the installation of the sample town up to `now`; what was played before is not played again."""
    ensure_installation(settings)
    write_atomically(settings.catalogue_file, demo_sources(site.base_url))
    yesterday = (now.astimezone(settings.zone) - timedelta(days=1)).replace(
        hour=YESTERDAYS_HOUR, minute=0, second=0, microsecond=0
    )
    for moment in (yesterday, now):
        site.as_of = moment
        _play_moment(settings, site, moment, say)


def _play_moment(settings: Settings, site: TownSite, moment: datetime, say: Callable[..., None]) -> None:
    with open_parts(settings) as parts:
        played = parts.database.value(PLAYED)
        if played is not None and played >= moment.isoformat():
            return
        sources = parts.catalogue.sources
        say(
            "%(time)s：抓取 %(count)s 个来源 …",
            time=f"{moment.astimezone(settings.zone):%m-%d %H:%M}",
            count=len(sources),
        )
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
        brief(parts, day=moment.astimezone(settings.zone).date() - timedelta(days=1), now=moment)
        parts.database.set_value(PLAYED, moment.isoformat())
