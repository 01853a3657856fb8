"""What became of alert rules: each version of each, and on which past it was tried out before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from records.times import Period


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTrial:
    """The newest backtest of one content of a rule (`digest`): its period, and how many alerts it gave."""

    digest: str
    period: Period
    alerts: int
    tried_at: datetime
    tried_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleVersion:
    """One version of a rule; `number` counts from 1 within it.

    `text` is the whole YAML, empty where the rule was taken away. `changed_by` is an account of this
    installation, or `file` for whoever edited the file; then `reason` is empty. `tried` and `tried_alerts`
    say which backtest there was when it went live; None: it was forced.
    """

    rule: str
    number: int
    text: str
    at: datetime
    changed_by: str
    reason: str
    tried: Period | None = None
    tried_alerts: int | None = None
