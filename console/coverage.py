"""Quiet is not blind: which sources were not heard while what a page counts was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from alerts.coverage import Coverage, Gap
from alerts.health import HealthState, SourceHealth
from console.words import word_for
from records.plain import plain
from records.times import Period

Translate = Callable[[str], str]

# Sources that a sentence names; the page of sources names all.
NAMED = 3


def _(message: str) -> str:
    return message


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one period and place: the gaps, and what tells of them and of what is not known.

    `sources` is the health of every source at present.
    """

    sources: Sequence[SourceHealth]
    gaps: Sequence[Gap]
    told: str

    @property
    def n_missing(self) -> int:
        """Return how many sources were not heard all the time."""
        return len({gap.source for gap in self.gaps})


def seen(
    coverage: Coverage, period: Period, place: str | None = None, *, translate: Translate, zone: ZoneInfo
) -> Seen:
    """Return what was seen of the period, by the sources that may speak of the place, else by all."""
    gaps = coverage.during(period, place)
    told = say_gaps(gaps, translate=translate, zone=zone)
    if coverage.known_from is not None and not coverage.is_known(period):
        told += translate(_("%(at)s 以前的采集情况未核查。")) % {"at": _moment(coverage.known_from, zone)}
    return Seen(sources=coverage.health, gaps=gaps, told=told)


def say_gaps(gaps: Sequence[Gap], *, translate: Translate, zone: ZoneInfo) -> str:
    """Return one sentence on the sources that were not heard, "" for none."""
    if not gaps:
        return ""
    newest = [
        translate(_("%(title)s（%(how)s）"))
        % {"title": gap.title, "how": say_gap(gap, translate=translate, zone=zone)}
        for gap in gaps[-NAMED:]
    ]
    which = translate(_("、")).join(newest) + ("……" if len(gaps) > NAMED else "")
    said = translate(_("期间有 %(n)s 个来源未正常采集：%(which)s；计数可能偏低。"))
    return said % {"n": len({gap.source for gap in gaps}), "which": which}


def say_gap(gap: Gap, *, translate: Translate, zone: ZoneInfo) -> str:
    """Return the state of a gap and its days."""
    state = translate(word_for("health", gap.state))
    if gap.state is HealthState.NEVER:
        return state
    start, end = (_moment(at, zone) for at in (gap.start, gap.end))
    days = _("%(state)s，自 %(start)s") if gap.lasts else _("%(state)s，%(start)s 至 %(end)s")
    return translate(days) % {"state": state, "start": start, "end": end}


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def gap_row(gap: Gap, period: Period) -> dict[str, Any]:
    """Return a gap as the command line and the API give it: the part of the period that lies in it."""
    part = gap.part_of(period)
    zone = period.start.tzinfo
    return {
        "source": gap.source,
        "title": gap.title,
        "place": gap.place,
        "state": gap.state.value,
        # Of one that was never heard nobody knows since when.
        "start": None if gap.state is HealthState.NEVER else plain(part.start.astimezone(zone)),
        "end": plain(part.end.astimezone(zone)),
        "lasts": gap.lasts,
    }
