from __future__ import annotations

import pytest

from alerts.matchers import Matcher, all_hold, labels_of, may_meet, parse_matcher
from tests.alerts.samples import alert


def matchers(*texts: str) -> list[Matcher]:
    return [parse_matcher(text) for text in texts]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("place=A1区", True),
        ("place = A1区", True),
        ('place="A1区"', True),
        ("place!=A1区", False),
        ("place=~A.区", True),
        ("place=~A", False),
        ("place!~A.区", False),
        ("rule=规则", True),
        ("severity=3", True),
        ("severity=~[12]", False),
        ("department=", True),
        ("department!=水务局", True),
        ("department=水务局", False),
    ],
)
def test_a_matcher_asks_one_label(text: str, holds: bool) -> None:
    assert all_hold(matchers(text), labels_of(alert(1))) is holds


def test_all_have_to_hold() -> None:
    assert not all_hold(matchers("place=A1区", "severity=1"), labels_of(alert(1)))


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ("rule=甲", "rule=乙", False),
        ("rule=甲", "rule=甲", True),
        ("rule=甲", "rule!=甲", False),
        ("rule=甲", "rule=~乙|丙", False),
        ("rule=甲", "place=A1区", True),
        ("rule=~甲.*", "rule=~乙.*", True),  # it cannot be told
    ],
)
def test_whether_one_alert_could_be_of_both(first: str, second: str, meet: bool) -> None:
    assert may_meet(matchers(first), matchers(second)) is meet
    assert may_meet(matchers(second), matchers(first)) is meet
