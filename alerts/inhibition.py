"""Inhibition: while one alert stands, what follows from it is not told (Alertmanager's inhibit_rules)."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from alerts.matchers import Labels, Matchers, all_hold, labels_of, may_meet
from records.alert import Alert


class InhibitRule(BaseModel):
    """Alerts of `target_matchers` are held while one of `source_matchers` with equal labels stands.

    A label in `equal` that both lack is not equal (in Alertmanager it is), so that nothing is held by chance.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    source_matchers: Matchers = Field(min_length=1)
    target_matchers: Matchers = Field(min_length=1)
    equal: Labels = ()


def inhibitor(alert: Alert, standing: Sequence[Alert], rules: Sequence[InhibitRule]) -> Alert | None:
    """Return the unresolved alert that holds `alert` back, if there is one."""
    labels = labels_of(alert)
    for rule in rules:
        if not all_hold(rule.target_matchers, labels) or not all(labels.get(name) for name in rule.equal):
            continue
        for source in standing:
            theirs = labels_of(source)
            if (
                source.id != alert.id
                and all(theirs.get(name) == labels[name] for name in rule.equal)
                and all_hold(rule.source_matchers, theirs)
            ):
                return source
    return None


def find_cycle(rules: Sequence[InhibitRule]) -> list[int]:
    """Return the rules, by position, that could hold each other back in a ring; empty where none can."""
    follows = [
        [at for at, other in enumerate(rules) if may_meet(rule.target_matchers, other.source_matchers)]
        for rule in rules
    ]

    def walk(path: list[int]) -> list[int]:
        for at in follows[path[-1]]:
            if at in path:
                return path[path.index(at) :]
            if at not in cleared and (ring := walk([*path, at])):
                return ring
        cleared.add(path[-1])
        return []

    cleared: set[int] = set()
    return next((ring for start in range(len(rules)) if (ring := walk([start]))), [])
