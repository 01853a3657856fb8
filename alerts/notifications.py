"""The receivers file: receivers, the route of an alert to them, hours by name, and what holds what back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from alerts.channels import Channels, Receiver, StatedReceiver
from alerts.inhibition import InhibitRule, find_cycle
from alerts.routing import ROOT, Route
from alerts.rule_types import DEFAULT_RECEIVER, BaseRule
from alerts.time_intervals import TimeIntervals
from alerts.yaml_file import FileError, YamlFile
from records.errors import nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """Who is told of alerts, and when. By default nobody is: alerts are then seen in the console only."""

    receivers: Channels = field(default_factory=dict)
    route: Route = ROOT
    inhibit_rules: tuple[InhibitRule, ...] = ()
    time_intervals: TimeIntervals = field(default_factory=dict)


def _by_url(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    receivers: dict[str, Annotated[StatedReceiver, BeforeValidator(_by_url)]]
    route: Route = ROOT
    inhibit_rules: tuple[InhibitRule, ...] = ()
    time_intervals: TimeIntervals = {}


_KNOWN = {*_File.model_fields, *StatedReceiver.model_fields, *Route.model_fields, *InhibitRule.model_fields}


def load_notifications(path: Path, environment: Mapping[str, str]) -> Notifications:
    """Return what the file states; nothing is sent where there is none.

    Raises FileError naming the line and, where a secret is missing, its variable; never a URL or a secret.
    """
    if not path.exists():
        return Notifications()
    file = YamlFile(path)
    stated = file.validate(_File, known=_KNOWN - {"goes_on"} | {"continue"})
    receivers = {name: _filled(name, one, file, environment) for name, one in stated.receivers.items()}
    _check_receivers(stated, file)
    if stated.route.matchers:
        message = "route.matchers: the root takes every alert (put them into one of its routes)"
        raise FileError(path, file.line_of(["route", "matchers"]), message)
    if "route" in stated.model_fields_set:
        _check_route(stated.route, stated, file, "route")
    ring = find_cycle(stated.inhibit_rules)
    if ring:
        others = " and ".join(f"inhibit_rules.{at}" for at in ring[1:]) or "itself"
        message = (
            f"inhibit_rules.{ring[0]}: holds back what sets off {others}: a cycle, in which nothing would be "
            "told (exclude its source from its target_matchers, as rule!=NAME)"
        )
        raise FileError(path, file.line_of(["inhibit_rules", ring[0]]), message)
    return Notifications(
        receivers=receivers,
        route=stated.route,
        inhibit_rules=stated.inhibit_rules,
        time_intervals=stated.time_intervals,
    )


def missing_receivers(rules: Sequence[BaseRule], policy: Notifications) -> list[str]:
    """Return one line for each receiver that a rule names and the file does not state."""
    return [
        f'rule "{rule.name}": there is no receiver "{name}" (add it to the receivers file)'
        for rule in rules
        for name in rule.receivers
        if name not in policy.receivers and name != DEFAULT_RECEIVER
    ]


def _filled(name: str, stated: StatedReceiver, file: YamlFile, environment: Mapping[str, str]) -> Receiver:
    try:
        return stated.filled(name, environment)
    except ValueError as err:
        raise FileError(file.path, file.line_of(["receivers", name]), str(err), name=name) from err


def _check_receivers(stated: _File, file: YamlFile) -> None:
    for name, receiver in stated.receivers.items():
        where = ("receivers", name, "fallback")
        _check_known(receiver.fallback, stated.receivers, "receiver", file, *where)
        other = stated.receivers.get(receiver.fallback or "")
        if other is receiver:
            message = "fallback: is the receiver itself (name another)"
            raise FileError(file.path, file.line_of(where), message, name=name)
        if other is not None and bool(other.webhook) != bool(receiver.webhook):
            message = (
                "fallback: a webhook falls back to a webhook, a channel that people read to another such one"
            )
            raise FileError(file.path, file.line_of(where), message, name=name)


def _check_route(route: Route, stated: _File, file: YamlFile, *where: int | str) -> None:
    _check_known(route.receiver, stated.receivers, "receiver", file, *where, "receiver")
    for step in route.escalation or ():
        _check_known(step.receiver, stated.receivers, "receiver", file, *where, "escalation")
    for key in ("mute_time_intervals", "active_time_intervals"):
        for name in getattr(route, key):
            _check_known(name, stated.time_intervals, "time interval", file, *where, key)
    for at, below in enumerate(route.routes):
        place = (*where, "routes", at)
        if not below.matchers:
            message = f"{_dotted(place)}: has no matchers and would take every alert (add some)"
            raise FileError(file.path, file.line_of(place), message)
        _check_route(below, stated, file, *place)


def _check_known(
    name: str | None, known: Mapping[str, object], what: str, file: YamlFile, *where: int | str
) -> None:
    if name is not None and name not in known:
        hint = nearest(name, known) or f" (known: {', '.join(known) or 'none'})"
        raise FileError(
            file.path, file.line_of(where), f'{_dotted(where)}: there is no {what} "{name}"{hint}'
        )


def _dotted(where: Sequence[int | str]) -> str:
    return ".".join(map(str, where))
