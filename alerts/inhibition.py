"""Inhibition: while one alert stands, what follows from it is not told (Alertmanager's inhibit_rules)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

    def shared(self, labels: Mapping[str, str]) -> tuple[str, ...] | None:
        """Return the values that source and target have to share; None where a label is absent."""
        values = tuple(labels.get(name, "") for name in self.equal)
        return values if all(values) else None


class Inhibition:
    """Which of the alerts that stand hold others back. Costs one look at each alert and rule."""

    def __init__(self, standing: Sequence[Alert], rules: Sequence[InhibitRule]) -> None:
        self._rules = rules
        self._sources: list[dict[tuple[str, ...], list[Alert]]] = [{} for _ in rules]
        for alert in standing:
            labels = labels_of(alert)
            for rule, sources in zip(rules, self._sources, strict=True):
                shared = rule.shared(labels)
                if shared is not None and all_hold(rule.source_matchers, labels):
                    sources.setdefault(shared, []).append(alert)

    def source_of(self, alert: Alert) -> Alert | None:
        """Return the alert that holds this one back, if there is one."""
        labels = labels_of(alert)
        for rule, sources in zip(self._rules, self._sources, strict=True):
            shared = rule.shared(labels)
            if shared is not None and all_hold(rule.target_matchers, labels):
                for source in sources.get(shared, ()):
                    if source.id != alert.id:
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
