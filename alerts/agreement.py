"""How the alerts of a version agree with what people found the rule's past alerts to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerts.backtest import TriedAlert, compare
from records.alert import Alert, Verdict
from records.times import Period
from storage.database import Database

# Of one rule in one period: more are not judged by people.
MOST_JUDGED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Judged alerts by what people said: `right` are real or known already, all others noise.

    `right_given` and `noise_given` are those that the version gives, too; `unjudged` what it gives besides.
    """

    right: int
    right_given: int
    noise_given: int
    unjudged: int

    @property
    def precision(self) -> float | None:
        """Return the share that is right of the judged alerts it gives, 0-1; None where it gives none."""
        given = self.right_given + self.noise_given
        return self.right_given / given if given else None

    @property
    def recall(self) -> float | None:
        """Return the share that it gives of the alerts judged right, 0-1; None where none was."""
        return self.right_given / self.right if self.right else None


def judged_alerts(database: Database, rule: str, period: Period) -> list[Alert]:
    """Return the alerts of the rule that fired in the period and that a person judged."""
    fired = database.alerts.list(rule=rule, fired=period, limit=MOST_JUDGED)
    return [alert for alert in fired if alert.verdict is not None]


def agreement(tried: Sequence[TriedAlert], judged: Sequence[Alert]) -> Agreement:
    """Return how the two agree; which alerts are the same `alerts.backtest.compare` says."""
    past = [
        TriedAlert(
            alert=alert,
            raised=(alert.fired_at,),
            held_until=alert.updated_at,
            post_ids=frozenset(alert.post_ids),
        )
        for alert in judged
    ]
    given = [one.alert.verdict for one in compare(past, tried).both]
    noise = given.count(Verdict.NOISE)
    return Agreement(
        right=sum(alert.verdict is not Verdict.NOISE for alert in judged),
        right_given=len(given) - noise,
        noise_given=noise,
        unjudged=len(compare(tried, past).only_first),
    )
