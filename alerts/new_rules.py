"""A rule made of a search: the YAML that a person would write of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import yaml

from alerts.durations import chinese_duration
from alerts.rule_types import DAY, RuleType

# Fewer reports from one place within a day are what the default rules leave to `any`.
DEFAULT_NUM_EVENTS = 3
_UNITS = (("d", DAY), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


class SearchRuleType(StrEnum):
    """The types of rule that need to know no more of a search than its query."""

    ANY = RuleType.ANY.value
    FREQUENCY = RuleType.FREQUENCY.value


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRule:
    """What to make of a search: every problem that it finds, or places with `num_events` reports it finds."""

    name: str
    query: str
    type: SearchRuleType = SearchRuleType.ANY
    timeframe: timedelta = DAY
    num_events: int = DEFAULT_NUM_EVENTS

    @property
    def description(self) -> str:
        """Return the reason for the rule, in Chinese, as residents may read it."""
        window = chinese_duration(self.timeframe)
        if self.type is SearchRuleType.ANY:
            return f"最近{window}内有来件符合检索“{self.query}”时提醒，每个问题一条。"
        return f"同一地点{window}内至少{self.num_events}件来件符合检索“{self.query}”时提醒。"

    def text(self) -> str:
        """Return the rule's YAML, to be tried out and put into force (alerts.rule_book)."""
        said: dict[str, Any] = {"name": self.name, "title": self.name, "description": self.description}
        said |= {"type": self.type.value, "filter": self.query, "timeframe": _written(self.timeframe)}
        if self.type is SearchRuleType.FREQUENCY:
            said |= {"query_key": ["place"], "num_events": self.num_events}
        return yaml.safe_dump(said | {"severity": 3}, allow_unicode=True, sort_keys=False, width=1000)


def _written(length: timedelta) -> str:
    """Return the length as rule files write it: 7d, 36h, 90m."""
    return next(f"{length // unit}{sign}" for sign, unit in _UNITS if not length % unit)
