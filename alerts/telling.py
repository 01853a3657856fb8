"""Where one alert was told, or why it was not: pure, in Chinese, for the console and `huiying why`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from alerts.planning import Situation, held_back, plan
from alerts.routing import Destination
from records.alert import Alert, AlertState, NoticeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One channel, and what came of the alert there."""

    channel: str
    said: str


def ways(alert: Alert, situation: Situation) -> list[Way]:
    """Return what came of the alert on each channel that it goes to; empty where it goes to none."""
    found = [
        Way(channel=destination.receiver, said=_came_of(alert, destination, situation))
        for destination in situation.destinations(alert)
    ]
    for (channel, alert_id, kind), notice in situation.notices.items():
        if alert_id == alert.id and kind is NoticeKind.ESCALATED:
            at = notice.told_at.astimezone(situation.zone)
            found.append(Way(channel=channel, said=f"无人确认，{at:%m-%d %H:%M} 上报"))
    return found


def _came_of(alert: Alert, destination: Destination, situation: Situation) -> str:
    told = situation.told(destination.receiver, alert)
    if told is not None:
        return f"{told.told_at.astimezone(situation.zone):%m-%d %H:%M} 已告知（当时为{told.value:g}）"
    if alert.state is not AlertState.ACTIVE:
        return "已有人处理，不再告知"
    if hold := held_back(alert, situation):
        return hold
    if destination.is_quiet(situation.local):
        return "现在是免打扰或无人值班的时段，时段结束时一并告知"
    # Of itself: what stands beside it has been looked at, and planning all would take a while.
    planned = plan(replace(situation, standing=[alert])).deliveries
    if any(delivery.channel == destination.receiver for delivery in planned):
        return "下一轮通知时告知"
    return "等同组的通知间隔过去再告知"
