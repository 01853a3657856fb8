"""A rule tried out from its page: over the last days, beside its present version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.backtest import TriedAlert
from alerts.nights import Woken, woken_by
from alerts.notifications import Notifications
from alerts.rule_book import fingerprint
from alerts.rule_types import Rule
from alerts.trials import Trial, step_of, try_out
from console.services import Services
from console.trial_chart import TrialBars, trial_bars
from records.errors import ConfigurationError, Rejected
from records.times import day_period

# Over which a page tries a rule: a month, a quarter, a year.
SPANS_DAYS = (30, 90, 365)
# Looked at every hour, more days would keep a person waiting.
MOST_DAYS_HOURLY = 31
# Of each part; the picture and the counts have all.
LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTrial:
    """What a page shows of a trial. `woken` is one a version, or None where the looks tell no hour."""

    trial: Trial
    bars: TrialBars
    counts: dict[str, int]
    listed: dict[str, Sequence[TriedAlert]]
    woken: tuple[Woken | None, ...]


def try_draft(services: Services, rule: Rule, *, days: int, hourly: bool, now: datetime) -> ShownTrial:
    """Return what the rule would have said over the last whole days, beside the live rule of its name.

    Raises Rejected("cannot_be_tried").
    """
    if hourly and days > MOST_DAYS_HOURLY:
        raise Rejected(
            "cannot_be_tried",
            f"{days} days: every hour of at most {MOST_DAYS_HOURLY} is looked at here (choose fewer days, or "
            "use `huiying rules backtest --every 1h`)",
        )
    live = services.rules.live(rule.name)
    is_edited = live is not None and fingerprint(live) != fingerprint(rule)
    versions = [live, rule] if live is not None and is_edited else [rule]
    today = now.astimezone(services.zone).date()
    period = day_period(today - timedelta(days=days), days=days, zone=services.zone)
    try:
        every = step_of(versions, stated=timedelta(hours=1) if hourly else None)
    except ConfigurationError as err:
        raise Rejected("cannot_be_tried", str(err)) from err
    with services.past(period) as past:
        trial = try_out(versions, past, period, every=every)
    policy = policy_of(services)
    return ShownTrial(
        trial=trial,
        bars=trial_bars(trial.parts, period, zone=services.zone),
        counts={part: len(alerts) for part, alerts in trial.parts.items()},
        listed={part: alerts[:LISTED] for part, alerts in trial.parts.items()},
        woken=tuple(
            woken_by(one, alerts, policy, every=every, zone=services.zone)
            for one, alerts in zip(versions, trial.alerts, strict=True)
        ),
    )


def policy_of(services: Services) -> Notifications:
    """Return who is told of alerts; nobody where the file cannot be used, which is an alert of its own."""
    try:
        return services.policy()
    except ConfigurationError:
        return Notifications()
