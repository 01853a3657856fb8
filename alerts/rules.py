"""Rule files: one YAML file, one rule. A broken one is reported and never stops the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from alerts.deadlines import DEFAULT_DEADLINES, Deadlines, load_deadlines
from alerts.durations import Duration
from alerts.yaml_file import FileError, YamlFile
from crawler.masking import find
from nlp.segment import words
from records.errors import ConfigurationError, nearest
from records.query import KEYWORD_FIELDS
from records.times import DEFAULT_ZONE
from storage.query import QueryError, parse_query

DEFAULT_RULES = Path(__file__).parent / "default_rules"
DEADLINES_FILE = "deadlines.yaml"
DEFAULT_RECEIVER = "default"
DAY = timedelta(days=1)
# What people would call a field that holds a person. None of them exists; the message says why.
PERSON_FIELD = re.compile(
    "author|user|nick|person|speaker|sender|reporter|caller|contact|phone|mobile|mail|id_?card|account|avatar"
    "|profile|^(tel|name|address)$|作者|用户|昵称|姓名|网友|居民|来电人|诉求人|投诉人|身份证|电话|手机|邮箱",
    re.IGNORECASE,
)
SUBJECT_FIELDS = tuple(field for field in KEYWORD_FIELDS if field != "flagged")
# Filters are read when the rule is loaded, to find mistakes; relative dates may start anywhere for that.
_CHECKED_AT = datetime(2026, 1, 1, tzinfo=UTC)


class RuleType(StrEnum):
    ANY = "any"
    FREQUENCY = "frequency"
    SURGE = "surge"
    OVERDUE = "overdue"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _check_subjects(fields: tuple[str, ...]) -> tuple[str, ...]:
    for field in fields:
        if PERSON_FIELD.search(field):
            raise ValueError(
                f'"{field}" would make a person the subject; alerts are about problems and the offices that '
                f"owe the answer (use one of: {', '.join(SUBJECT_FIELDS)})"
            )
        if field not in SUBJECT_FIELDS:
            hint = nearest(field, SUBJECT_FIELDS) or f" (known: {', '.join(SUBJECT_FIELDS)})"
            raise ValueError(f'"{field}" is no field to count by{hint}')
    if len(set(fields)) < len(fields):
        raise ValueError(f"{', '.join(fields)}: a field is named twice")
    return fields


def _check_filter(text: str) -> str:
    if find(text):
        raise ValueError(
            "the filter holds a personal detail (number, name or address); alerts are never about a person"
        )
    try:
        parse_query(text, now=_CHECKED_AT, zone=DEFAULT_ZONE, segment=words)
    except QueryError as err:
        raise ValueError(f"{text!r}: {err}") from err
    return text


Fields = Annotated[tuple[str, ...], BeforeValidator(_as_list), AfterValidator(_check_subjects)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Filter = Annotated[str, AfterValidator(_check_filter)]
Text = Annotated[str, Field(min_length=1)]


class BaseRule(BaseModel):
    """What every rule states. Vocabulary: ElastAlert2 and Alertmanager (docs: alerts).

    `description` is the reason for the rule, in Chinese, as residents may read it. `filter` is the search
    language. `realert` is the least time between two notices on one alert, `keep_firing_for` how long it
    stays active after its condition was last seen to hold. `owner` is an office.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    title: Text
    description: Text
    filter: Filter = ""
    severity: int = Field(default=3, ge=1, le=5)
    owner: str = ""
    group_by: Fields = ()
    receivers: Names = (DEFAULT_RECEIVER,)
    realert: Duration = DAY
    keep_firing_for: Duration = DAY
    is_enabled: bool = True

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the labels that tell one alert of this rule from another."""
        return ("problem",)

    @model_validator(mode="after")
    def _positive(self) -> Self:
        for field, value in self:
            if isinstance(value, timedelta) and value <= timedelta(0):
                raise ValueError(f"{field}: must be longer than nothing")
        if self.group_by and not set(self.group_by) <= self.labels:
            raise ValueError(f"group_by: the alerts of this rule carry only {', '.join(sorted(self.labels))}")
        return self

    @property
    def labels(self) -> frozenset[str]:
        """Return the labels that this rule's alerts may carry."""
        if self.identity == ("problem",):
            return frozenset(("problem", "place", "topic", "department"))
        return frozenset(self.identity)


class AnyRule(BaseRule):
    """Every problem with a report in the window that the filter matches; one alert a problem."""

    type: Literal[RuleType.ANY]
    timeframe: Duration = DAY

    @model_validator(mode="after")
    def _not_everything(self) -> Self:
        if not self.filter.strip():
            raise ValueError("filter: an `any` rule without a filter matches everything (state one)")
        return self


class CountingRule(BaseRule):
    """Counts per combination of `query_key`. `num_voices`: independent reports needed, copies folded."""

    query_key: Fields
    timeframe: Duration = DAY
    num_events: int = Field(ge=1)
    num_voices: int = Field(default=0, ge=0, description="0: as many as num_events")

    @property
    def identity(self) -> tuple[str, ...]:
        return self.query_key

    @property
    def voices_needed(self) -> int:
        return self.num_voices or self.num_events


class FrequencyRule(CountingRule):
    """At least `num_events` reports within `timeframe`."""

    type: Literal[RuleType.FREQUENCY]


class SurgeRule(CountingRule):
    """More reports within `timeframe` than the time before makes likely (alerts.surge).

    `fdr`: the share of false findings that is tolerated over all keys looked at. `spike_height`: the
    least ratio to what is normal, so that the significant is also worth a look.
    """

    type: Literal[RuleType.SURGE]
    num_events: int = Field(default=4, ge=2)
    num_voices: int = Field(default=3, ge=0)
    baseline: Duration = timedelta(days=56)
    spike_height: float = Field(default=2.0, ge=1.0)
    fdr: float = Field(default=0.04, gt=0, le=0.2)

    @model_validator(mode="after")
    def _whole_steps(self) -> Self:
        if self.timeframe > DAY and self.timeframe % DAY:
            raise ValueError(
                "timeframe: a surge over more than a day is counted in whole days (write 48h, 7d)"
            )
        if self.timeframe < DAY and self.timeframe % timedelta(hours=1):
            raise ValueError("timeframe: a surge within a day is counted in whole hours (write 6h)")
        if self.baseline % DAY or self.baseline < max(14 * DAY, 4 * self.timeframe):
            raise ValueError("baseline: whole days, at least 14d and four times the timeframe (56d is usual)")
        return self


class OverdueRule(BaseRule):
    """Problems without an answer past the deadline of `preset`, counted per `query_key`."""

    type: Literal[RuleType.OVERDUE]
    query_key: Fields = ("department",)
    timeframe: Duration = timedelta(days=180)
    preset: Text
    num_events: int = Field(default=1, ge=1)

    @property
    def identity(self) -> tuple[str, ...]:
        return self.query_key

    @model_validator(mode="after")
    def _of_problems(self) -> Self:
        if unknown := set(self.query_key) - {"problem", "department", "place", "topic"}:
            raise ValueError(
                f"query_key: {min(unknown)}: answers are owed to problems (problem, department, place, topic)"
            )
        return self


Rule = AnyRule | FrequencyRule | SurgeRule | OverdueRule
RULE_MODELS: dict[RuleType, type[AnyRule] | type[FrequencyRule] | type[SurgeRule] | type[OverdueRule]] = {
    RuleType.ANY: AnyRule,
    RuleType.FREQUENCY: FrequencyRule,
    RuleType.SURGE: SurgeRule,
    RuleType.OVERDUE: OverdueRule,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules that can be used, by name, and the files that cannot, with the reason."""

    rules: tuple[Rule, ...]
    errors: tuple[FileError, ...]
    deadlines: Deadlines


def load_rules(folder: Path) -> RuleSet:
    """Return the rules of every *.yaml file of `folder`, by name; one that cannot be used is in `errors`.

    The folder's deadlines.yaml takes the place of the shipped presets. Raises ConfigurationError where there
    is no such folder, or the presets cannot be read.
    """
    if not folder.is_dir():
        raise ConfigurationError(f'rules "{folder}": no such folder (make it, or copy the shipped rules)')
    own = folder / DEADLINES_FILE
    deadlines = load_deadlines(own if own.exists() else DEFAULT_DEADLINES)
    rules: dict[str, tuple[Rule, Path]] = {}
    errors: list[FileError] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name == DEADLINES_FILE:
            continue
        try:
            rule = load_rule(path, deadlines)
        except FileError as err:
            errors.append(err)
            continue
        if rule.name in rules:
            first = rules[rule.name][1].name
            errors.append(
                FileError(path, 1, f"has the name of the rule in {first} (rename one)", name=rule.name)
            )
        else:
            rules[rule.name] = (rule, path)
    chosen = tuple(rules[name][0] for name in sorted(rules))
    return RuleSet(rules=chosen, errors=tuple(errors), deadlines=deadlines)


def load_rule(path: Path, deadlines: Deadlines) -> Rule:
    """Return the rule of one file. Raises FileError with its line, the value and the fix."""
    file = YamlFile(path)
    stated = file.data if isinstance(file.data, dict) else {}
    name = stated.get("name") if isinstance(stated.get("name"), str) else None
    kind = stated.get("type")
    if kind not in set(RuleType):
        hint = nearest(str(kind), RuleType) or f" (known: {', '.join(RuleType)})"
        message = (
            f'type: "{kind}" is no type of rule{hint}' if "type" in stated else f'"type" is missing{hint}'
        )
        raise FileError(path, file.line_of(["type"]), message, name=name)
    model = RULE_MODELS[RuleType(kind)]
    rule: Rule = file.validate(model, known=model.model_fields, name=name)
    if isinstance(rule, OverdueRule) and rule.preset not in deadlines.presets:
        hint = nearest(rule.preset, deadlines.presets) or f" (known: {', '.join(deadlines.presets)})"
        raise FileError(
            path, file.line_of(["preset"]), f'preset: there is no "{rule.preset}"{hint}', name=name
        )
    return rule
