"""A backtest as a picture: what a rule would have said over the past, beside its other version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from alerts.backtest import TriedAlert, by_day
from alerts.trials import NEW
from console.charts import Heading, Series, draw_bars
from console.trial_words import Gettext, part_names
from records.times import Period

# As many bars as can be told apart; of a longer period each is a week.
MOST_DAYS = 62
WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBars:
    """Alerts a bar of `days` days, the first from `first` on: `counts` is part (alerts.trials) → numbers."""

    first: date
    days: int
    counts: Mapping[str, tuple[int, ...]]


def trial_bars(parts: Mapping[str, Sequence[TriedAlert]], period: Period, *, zone: ZoneInfo) -> TrialBars:
    """Return the bars of what fired in the period."""
    daily = {part: by_day(alerts, period, zone=zone) for part, alerts in parts.items()}
    n_days = max((len(counts) for counts in daily.values()), default=0)
    width = 1 if n_days <= MOST_DAYS else WEEK
    return TrialBars(
        first=period.start.astimezone(zone).date(),
        days=width,
        counts={
            part: tuple(sum(counts[at : at + width]) for at in range(0, n_days, width))
            for part, counts in daily.items()
        },
    )


def draw_trial(
    bars: TrialBars, gettext: Gettext, *, theme: str, size: str, heading: Heading | None = None
) -> str:
    """Return the SVG of the bars, each part in its colour."""
    names = part_names(gettext)
    series = tuple(
        Series(name=names[part], colour=part or NEW, counts=counts) for part, counts in bars.counts.items()
    )
    count = gettext("每周预警数") if bars.days == WEEK else gettext("每天预警数")
    return draw_bars(_labels(bars), series, count=count, theme=theme, size=size, heading=heading)


def _labels(bars: TrialBars) -> tuple[str, ...]:
    n_bars = max((len(counts) for counts in bars.counts.values()), default=0)
    days = [bars.first + timedelta(days=bars.days * at) for at in range(n_bars)]
    same_year = not days or days[0].year == days[-1].year
    return tuple(f"{day:%m-%d}" if same_year else f"{day:%Y-%m-%d}" for day in days)
