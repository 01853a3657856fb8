"""What a rule finds: now, and in the windows that late reports were missing from when it looked at them.

A window is the data's own time: what was asked in it. A report that is gathered more than a quarter of a
rule's timeframe after it was asked was missing from windows that are over. Once it is there, they are looked
at again as of then, at every quarter of the timeframe. What that finds is told now, once, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.evaluate import evaluate
from alerts.facts import Finding
from alerts.gather import gather
from alerts.reading import Sight
from alerts.rule_types import Rule
from alerts.sentences import late_sentence
from records.alert import Alert, AlertState
from storage.arrivals import Arrival

# What is gathered later than this after it was asked never fires: an archive that is imported is no news.
LATEST = timedelta(days=7)
# From being fetched to being found: the rest of the crawl, analysis, merging, the index.
SETTLING = timedelta(hours=1)
LOOKS_A_WINDOW = 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def look(
    rule: Rule,
    sight: Sight,
    *,
    now: datetime,
    arrivals: Iterable[Arrival] = (),
    told: Callable[[], Iterable[Alert]] = tuple,
) -> list[Finding]:
    """Return what the rule finds at `now`, then what it missed before the `arrivals` came.

    `told` gives all the alerts of the rule: what one of them has told of is not found again.
    """
    found = evaluate(rule, gather(rule, sight, now=now), now, zone=sight.zone)
    late = {one.post_id: one for one in arrivals if is_late(rule, one)}
    return found + _missed(rule, sight, found, late, now=now, told=told) if late else found


def is_late(rule: Rule, arrival: Arrival) -> bool:
    """Return whether the report was missing from windows of the rule that it is not too late for."""
    return rule.timeframe / LOOKS_A_WINDOW < arrival.arrived_at - arrival.asked_at <= LATEST


def _missed(
    rule: Rule,
    sight: Sight,
    found: Sequence[Finding],
    late: Mapping[str, Arrival],
    *,
    now: datetime,
    told: Callable[[], Iterable[Alert]],
) -> list[Finding]:
    missed: dict[tuple[str, ...], Finding] = {}
    known = {rule.key_of(finding.labels) for finding in found}
    for at in _moments(rule, late.values(), now):
        for finding in evaluate(rule, gather(rule, sight, now=at), at, zone=sight.zone):
            key = rule.key_of(finding.labels)
            theirs = [late[post_id] for post_id in finding.post_ids if post_id in late]
            if not theirs or key in known or key in missed:
                continue
            if any(rule.key_of(one.labels) == key and _tells_of(one, rule, finding, at) for one in told()):
                continue
            said = late_sentence(finding.explanation, theirs, at=at, zone=sight.zone)
            missed[key] = replace(finding, explanation=said)
    return list(missed.values())


def _moments(rule: Rule, late: Iterable[Arrival], now: datetime) -> list[datetime]:
    """Return the ends of the windows to look at again, whole quarters of the timeframe, in order."""
    step = rule.timeframe / LOOKS_A_WINDOW
    moments: set[datetime] = set()
    for one in late:
        first = _EPOCH + ((one.asked_at - _EPOCH) // step + 1) * step
        last = min(one.asked_at + rule.timeframe, one.arrived_at + SETTLING, now)
        moments.update(first + n * step for n in range((last - first) // step + 1))
    return sorted(moments)


def _tells_of(alert: Alert, rule: Rule, finding: Finding, at: datetime) -> bool:
    """Return whether the alert stands, or rests on the same reports, or was about the same time."""
    if alert.state is not AlertState.RESOLVED or not set(alert.post_ids).isdisjoint(finding.post_ids):
        return True
    begins, window_begins = alert.fired_at - rule.timeframe, at - rule.timeframe
    return begins < at and window_begins < alert.updated_at
