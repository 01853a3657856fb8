"""Invented problems, rules and alerts, as short as a test can state them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from alerts.rule_types import RULE_MODELS, Rule, RuleType
from records.alert import Alert, AlertState
from records.problem import Problem, ProblemState
from records.times import DEFAULT_ZONE

NOW = datetime(2026, 3, 18, 9, 30, tzinfo=DEFAULT_ZONE)  # a Wednesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rule(kind: str, **stated: Any) -> Rule:
    found: Rule = RULE_MODELS[RuleType(kind)].model_validate(
        {"name": "规则", "title": "规则", "description": "理由。", "type": kind, **stated}
    )
    return found


def problem(number: int = 1, **stated: Any) -> Problem:
    values: dict[str, Any] = {
        "id": f"p{number}",
        "title": f"幸福路{number}号楼停水三天",
        "topic": "城乡建设",
        "place": "A3区",
        "department": "A市水务集团",
        "first_seen": NOW - 2 * DAY,
        "last_seen": NOW - HOUR,
        "n_posts": 5,
        "n_voices": 4,
        "state": ProblemState.OPEN,
    }
    return Problem(**{**values, **stated})


def alert(number: int = 1, **stated: Any) -> Alert:
    values: dict[str, Any] = {
        "id": f"a{number}",
        "rule": "规则",
        "labels": {"place": f"A{number}区"},
        "severity": 3,
        "state": AlertState.ACTIVE,
        "fired_at": NOW,
        "updated_at": NOW,
        "value": 5.0,
        "expected": 1.0,
        "explanation": f"A{number}区：24小时内5件，平日约1.0件（近56天），为5倍，涉及5个独立反映。",
        "raised_at": NOW,
        "raised_value": 5.0,
    }
    return Alert(**{**values, **stated})
