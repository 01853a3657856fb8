"""What became of one alert on each channel, or why it was not told there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.planning import Situation, plan
from alerts.telling import ways
from records.alert import AlertState, Notice
from tests.alerts.samples import HOUR, NOW, alert
from tests.alerts.test_planning import LATE, silence, situation


def said(here: Situation) -> list[tuple[str, str]]:
    return [(way.channel, way.said) for way in ways(here.standing[0], here)]


def told() -> tuple[Notice, ...]:
    return plan(situation([alert(1)])).notices


def test_it_goes_nowhere_where_there_are_no_receivers() -> None:
    assert said(situation([alert(1)], route={"receiver": "没有的群"})) == []


def test_what_was_told_says_when() -> None:
    assert said(situation([alert(1)])) == [("群", "下一轮通知时告知")]
    assert said(situation([alert(1)], told=told())) == [("群", "03-18 09:30 已告知（当时为5）")]


def test_what_was_escalated_says_so_too() -> None:
    tree = {"receiver": "群", "escalation": [{"after": "30m", "receiver": "主任"}]}
    early = situation([alert(1)], route=tree, told=told(), now=NOW + HOUR)
    both = replace(
        early, notices={**early.notices, **{("主任", "a1", n.kind): n for n in plan(early).notices}}
    )
    assert said(both)[1] == ("主任", "无人确认，03-18 10:30 上报")


@pytest.mark.parametrize(
    ("here", "why"),
    [
        (situation([alert(1)], silences=[silence("place=A1区")]), "静默 1 压下，到03-18 10:30为止：计划停水"),
        (situation([replace(alert(1), state=AlertState.ASSIGNED)]), "已有人处理，不再告知"),
        (
            situation([alert(1)], route={"receiver": "群", "mute_time_intervals": ["夜间"]}, now=LATE),
            "现在是免打扰或无人值班的时段，时段结束时一并告知",
        ),
        (
            situation([alert(1)], route={"receiver": "群", "group_wait": "1h"}),
            "等同组的通知间隔过去再告知",
        ),
    ],
    ids=["silence", "seen", "quiet", "group"],
)
def test_what_was_not_told_says_why(here: Situation, why: str) -> None:
    assert said(here) == [("群", why)]
