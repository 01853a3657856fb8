"""Which channel hears of an alert, together with which others, and when: a tree, as in Alertmanager.

The root takes every alert. Of the routes below, the first whose matchers hold takes it, and the next ones too
where it says `continue`; where none does, the route above them keeps it. Receiver, grouping, waits and
escalation are inherited; quiet and on-call times are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from alerts.durations import Duration
from alerts.matchers import Labels, Matchers, all_hold
from alerts.rule_fields import Names, Text
from alerts.rule_types import DEFAULT_RECEIVER
from alerts.time_intervals import TimeIntervals, TimeSpan, covered

# A round of the rules raises its alerts at one moment: there is nothing to wait for before the first message.
NO_WAIT = timedelta(0)
GROUP_INTERVAL = timedelta(minutes=5)
_T = TypeVar("_T")


class Escalation(BaseModel):
    """Whom to tell when nobody has acknowledged an alert `after` it was told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Duration
    receiver: Text


class Route(BaseModel):
    """One node of the tree. What is None is inherited from above.

    `group_by`: labels whose alerts are one message; by default the rule and what it groups by itself.
    `repeat_interval`: how soon an alert that nobody acknowledged is told again; by default never.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    receiver: Text | None = None
    matchers: Matchers = ()
    goes_on: bool = Field(default=False, alias="continue")
    group_by: Labels | None = None
    group_wait: Duration | None = None
    group_interval: Duration | None = None
    repeat_interval: Duration | None = None
    mute_time_intervals: Names = ()
    active_time_intervals: Names = ()
    escalation: tuple[Escalation, ...] | None = None
    routes: tuple[Route, ...] = ()

    def nodes(self) -> Iterator[Route]:
        """Give this route and all below it."""
        yield self
        for route in self.routes:
            yield from route.nodes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One channel for an alert, and how it is told there."""

    receiver: str
    group_by: tuple[str, ...] | None = None
    group_wait: timedelta = NO_WAIT
    group_interval: timedelta = GROUP_INTERVAL
    repeat_interval: timedelta | None = None
    mute: tuple[TimeSpan, ...] = ()
    active: tuple[TimeSpan, ...] = ()
    escalation: tuple[Escalation, ...] = ()

    def is_quiet(self, local: datetime) -> bool:
        """Return whether nothing is told at the local moment: quiet hours, or nobody on call."""
        return covered(self.mute, local) or (bool(self.active) and not covered(self.active, local))


ROOT = Route(receiver=DEFAULT_RECEIVER)


def destinations(
    root: Route, labels: Mapping[str, str], intervals: TimeIntervals, *, receivers: Sequence[str] = ()
) -> list[Destination]:
    """Return where an alert with these labels goes, each receiver once; `receivers` are the rule's own."""
    top = _below(Destination(receiver=DEFAULT_RECEIVER), root, intervals)
    if receivers:
        return [replace(top, receiver=name) for name in dict.fromkeys(receivers)]
    found: dict[str, Destination] = {}
    for destination in _walk(root, top, labels, intervals):
        found.setdefault(destination.receiver, destination)
    return list(found.values())


def _walk(
    route: Route, here: Destination, labels: Mapping[str, str], intervals: TimeIntervals
) -> Iterator[Destination]:
    taken = False
    for below in route.routes:
        if all_hold(below.matchers, labels):
            taken = True
            yield from _walk(below, _below(here, below, intervals), labels, intervals)
            if not below.goes_on:
                break
    if not taken:
        yield here


def _below(above: Destination, route: Route, intervals: TimeIntervals) -> Destination:
    def spans(names: Sequence[str]) -> tuple[TimeSpan, ...]:
        return tuple(span for name in names for span in intervals[name])

    return Destination(
        receiver=_stated(route.receiver, above.receiver),
        group_by=_stated(route.group_by, above.group_by),
        group_wait=_stated(route.group_wait, above.group_wait),
        group_interval=_stated(route.group_interval, above.group_interval),
        repeat_interval=_stated(route.repeat_interval, above.repeat_interval),
        mute=spans(route.mute_time_intervals),
        active=spans(route.active_time_intervals),
        escalation=_stated(route.escalation, above.escalation),
    )


def _stated(own: _T | None, inherited: _T) -> _T:
    return inherited if own is None else own
