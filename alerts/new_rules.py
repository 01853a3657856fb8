"""A rule made of a search: written to a file of its own, checked as any rule file is."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from alerts.durations import chinese_duration
from alerts.rule_types import DAY, RuleType
from alerts.rules import load_rule, load_rules
from alerts.yaml_file import FileError
from records.errors import ConfigurationError, Rejected
from records.files import placed

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

    def stated(self) -> dict[str, Any]:
        """Return what the rule's file states."""
        said: dict[str, Any] = {"name": self.name, "title": self.name, "description": self.description}
        said |= {"type": self.type.value, "filter": self.query, "timeframe": _written(self.timeframe)}
        if self.type is SearchRuleType.FREQUENCY:
            said |= {"query_key": ["place"], "num_events": self.num_events}
        return said | {"severity": 3}


def add_search_rule(folder: Path, rule: SearchRule) -> Path:
    """Write the rule into `folder` and return its file; nothing that stands there is touched.

    Raises Rejected: bad_rule where it is no valid rule, name_taken where one of that name is there.
    """
    content = yaml.safe_dump(rule.stated(), allow_unicode=True, sort_keys=False, width=1000)
    file_name = "search_" + re.sub(r"[^\w-]+", "_", rule.name) + ".yaml"
    present = load_rules(folder)
    with tempfile.TemporaryDirectory() as apart:
        draft = Path(apart) / file_name
        draft.write_text(content, encoding="utf-8")
        try:
            load_rule(draft, present.deadlines)
        except FileError as err:
            # Its file and line are of a draft that nobody sees.
            raise Rejected("bad_rule", f"rule {str(err).partition(': ')[2]}") from err
    taken = {each.name for each in present.rules} | {error.name for error in present.errors}
    if rule.name in taken:
        raise _taken(rule.name, folder)
    try:
        with placed(folder / file_name, must_be_new=True) as file:
            file.write(content.encode())
    except FileExistsError as err:
        raise _taken(rule.name, folder) from err
    except OSError as err:
        raise ConfigurationError(f'rules "{folder}": {err.strerror} (make the folder writable)') from err
    return folder / file_name


def _taken(name: str, folder: Path) -> Rejected:
    return Rejected("name_taken", f'rule "{name}": there is one already in {folder} (choose another name)')


def _written(length: timedelta) -> str:
    """Return the length as rule files write it: 7d, 36h, 90m."""
    return next(f"{length // unit}{sign}" for sign, unit in _UNITS if not length % unit)
