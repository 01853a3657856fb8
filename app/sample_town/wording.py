"""Hand-written skeletons filled in: three whole wordings each, places of one district, dates of the message.

`[a|b|c]` holds the wordings: the first use of a skeleton takes every first alternative, so a story stays one
story. `<estate>` is a place of the district, the same throughout one message; `<day-3>` a date.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"<(?P<name>[a-z_]+?)(?P<number>2)?(?:(?P<days>[+-]\d+))?>")
TOPIC_FILES = ("urban", "labour", "education", "commerce", "environment", "health", "transport")
WORDINGS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """One hand-written message. `quiet_days`: it does not occur so shortly before the town's day."""

    topic: str
    title: str
    text: str
    department: str
    answer: str
    quiet_days: int


@cache
def read_texts(name: str) -> Any:
    """Return what stands in texts/`name`.yaml."""
    text = files("app.sample_town").joinpath("texts", f"{name}.yaml").read_text("utf-8")
    return yaml.safe_load(text)


def skeletons() -> list[Skeleton]:
    """Return all skeletons, by topic as in the files."""
    return [
        Skeleton(
            topic=group["topic"],
            title=item["title"],
            text=item["text"],
            department=item["to"],
            answer=item["reply"],
            quiet_days=item.get("quiet_days", 0),
        )
        for group in map(read_texts, TOPIC_FILES)
        for item in group["skeletons"]
    ]


class Wording:
    """Fills skeletons for one message: one district, one wording, one place for each kind of place."""

    def __init__(self, *, district: str, use: int, chance: random.Random) -> None:
        known: Mapping[str, Mapping[str, list[str]]] = read_texts("places")
        self._places = {**known["everywhere"], **known[district]}
        self._district = district
        self._use = use
        self._chance = chance
        self._filled: dict[str, str] = {"district": district}

    def fill(self, template: str, *, at: datetime) -> str:
        """Return `template` with choices made and slots filled. `at` is the day that <day+0> names."""
        chosen = _CHOICE.sub(self._choose, template)
        return _SLOT.sub(lambda match: self._slot(match, at), chosen)

    def _choose(self, match: re.Match[str]) -> str:
        options = match[1].split("|")
        return options[self._use % len(options)]

    def _slot(self, match: re.Match[str], at: datetime) -> str:
        name, number, days = match["name"], match["number"] or "", int(match["days"] or 0)
        if name == "day":
            return chinese_day(at + timedelta(days=days))
        if name == "year":
            return str(at.year + days)
        return self._place(name, number)

    def _place(self, name: str, number: str) -> str:
        key = name + number
        if key not in self._filled:
            taken = self._filled.get(name)
            self._filled[key] = self._chance.choice([p for p in self._places[name] if p != taken])
        return self._filled[key]


def chinese_day(moment: datetime) -> str:
    """Return 3月1日."""
    return f"{moment.month}月{moment.day}日"
