"""Matchers over the labels of an alert, in Alertmanager's notation: label=value, !=, =~, !~.

Used by routes, inhibition and silences. `rule` and `severity` count as labels. A label that an alert does
not carry is empty, as in Alertmanager. A regular expression has to match the whole value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from alerts.own_rules import FAILING_CHANNEL, FAILING_RULE
from alerts.rule_fields import PERSON_FIELD, SUBJECT_FIELDS, as_list
from crawler.masking import find
from records.alert import Alert
from records.errors import nearest

LABELS = ("rule", "severity", *SUBJECT_FIELDS, FAILING_RULE, FAILING_CHANNEL)
_FORM = re.compile(r"\s*([^\s=!~]+)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on one label."""

    label: str
    operator: str
    value: str

    def holds(self, value: str) -> bool:
        """Return whether a label of this value, empty where it is absent, fulfils the condition."""
        same = re.fullmatch(self.value, value) is not None if "~" in self.operator else value == self.value
        return same is not self.operator.startswith("!")

    def __str__(self) -> str:
        return f"{self.label}{self.operator}{self.value}"


def parse_matcher(text: Any) -> Matcher:
    """Return the matcher that `text` states. Raises ValueError with the value and the fix."""
    form = _FORM.fullmatch(text) if isinstance(text, str) else None
    if form is None:
        raise ValueError(f"{text!r} is no matcher (write place=南门街道, or with !=, =~, !~)")
    label, operator, value = form.groups()
    value = value.removeprefix('"').removesuffix('"')
    check_label(label)
    if find(value):
        raise ValueError(f"{label}: the value holds a personal detail; alerts are never about a person")
    if "~" in operator:
        try:
            re.compile(value)
        except re.error as err:
            raise ValueError(f'"{value}" is no regular expression: {err} (write label=value)') from err
    return Matcher(label=label, operator=operator, value=value)


def check_label(label: str) -> str:
    """Return the label. Raises ValueError where alerts have none of that name, least of all a person's."""
    if label not in LABELS:
        if PERSON_FIELD.search(label):
            raise ValueError(f'"{label}" would make a person the subject (use one of: {", ".join(LABELS)})')
        hint = nearest(label, LABELS) or f" (known: {', '.join(LABELS)})"
        raise ValueError(f'"{label}" is no label of an alert{hint}')
    return label


def _parse_all(value: Any) -> Any:
    stated = [value] if isinstance(value, str) else value
    return tuple(parse_matcher(one) for one in stated) if isinstance(stated, list | tuple) else stated


Matchers = Annotated[tuple[Matcher, ...], BeforeValidator(_parse_all)]
Labels = Annotated[tuple[Annotated[str, AfterValidator(check_label)], ...], BeforeValidator(as_list)]


def labels_of(alert: Alert) -> dict[str, str]:
    """Return all that can be matched of an alert."""
    return {**alert.labels, "rule": alert.rule, "severity": str(alert.severity)}


def all_hold(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Return whether the labels fulfil every condition; true where there is none."""
    return all(matcher.holds(labels.get(matcher.label, "")) for matcher in matchers)


def may_meet(first: Sequence[Matcher], second: Sequence[Matcher]) -> bool:
    """Return whether one alert could fulfil all conditions of both; true where that cannot be told."""
    both = (*first, *second)
    return all(
        other.holds(fixed.value)
        for fixed in both
        if fixed.operator == "="
        for other in both
        if other.label == fixed.label
    )
