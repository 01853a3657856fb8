"""What a rule of each type states, checked. Vocabulary: ElastAlert2 and Alertmanager (docs/rules.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from alerts.durations import Duration
from alerts.health import HealthState
from alerts.rule_fields import Fields, Filter, Names, Text, as_list
from records.analysis import ReplyFindingCode

DEFAULT_RECEIVER = "default"
DAY = timedelta(days=1)
# What an answer can lack, each a finding of nlp.reply_quality.
POOR = (ReplyFindingCode.FORM_LETTER, ReplyFindingCode.HANDS_OVER, ReplyFindingCode.REFUSES)
_TERM_FIELDS = ("place", "topic", "subtopic", "own_topic", "department")


class RuleType(StrEnum):
    ANY = "any"
    FREQUENCY = "frequency"
    SURGE = "surge"
    SPIKE = "spike"
    FLATLINE = "flatline"
    PERCENTAGE_MATCH = "percentage_match"
    NEW_TERM = "new_term"
    OVERDUE = "overdue"
    POOR_REPLY = "poor_reply"
    RECURRENCE = "recurrence"
    SOURCE_SILENT = "source_silent"


class SpikeType(StrEnum):
    """Which way a count has to go."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


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

    def key_of(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Return the values of the identity among `labels`."""
        return tuple(labels.get(field, "") for field in self.identity)

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
    least ratio to what is normal, so that the significant is also worth a look. `num_alike`: how many
    independent reports have to be of one problem or share a keyword, for a busy day is no event.
    """

    type: Literal[RuleType.SURGE]
    num_events: int = Field(default=4, ge=2)
    num_voices: int = Field(default=3, ge=0)
    num_alike: int = Field(default=0, ge=0)
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


class SpikeRule(BaseRule):
    """`spike_height` times as many reports within `timeframe` as in the same time before, or as few.

    `threshold_cur` and `threshold_ref` are the least counts of now and of before, `num_voices` the
    independent reports that a rise needs (0: as many as threshold_cur). No expectation: see SurgeRule.
    """

    type: Literal[RuleType.SPIKE]
    query_key: Fields = ()
    timeframe: Duration
    spike_height: float = Field(gt=1)
    spike_type: SpikeType
    threshold_ref: int = Field(default=0, ge=0)
    threshold_cur: int = Field(default=0, ge=0)
    num_voices: int = Field(default=0, ge=0)

    @property
    def identity(self) -> tuple[str, ...]:
        return self.query_key

    @model_validator(mode="after")
    def _has_threshold(self) -> Self:
        if self.spike_type is not SpikeType.UP and not self.threshold_ref:
            raise ValueError("threshold_ref: a fall needs a least count before it (write threshold_ref: 10)")
        if not self.threshold_ref and not self.threshold_cur:
            raise ValueError("threshold_cur: without it one report after none is a spike (write 5)")
        return self


class FlatlineRule(BaseRule):
    """Fewer than `threshold` reports within `timeframe` where `baseline` had at least that many on average.

    Counted up to the moment to which every source is seen, over whole days that no source missed.
    """

    type: Literal[RuleType.FLATLINE]
    query_key: Fields = ()
    timeframe: Duration
    threshold: int = Field(ge=1)
    baseline: Duration = timedelta(days=28)

    @property
    def identity(self) -> tuple[str, ...]:
        return self.query_key

    @model_validator(mode="after")
    def _long_baseline(self) -> Self:
        if self.baseline < 4 * self.timeframe:
            raise ValueError("baseline: at least four times the timeframe (28d is usual)")
        return self


class PercentageMatchRule(BaseRule):
    """The share of the filter's reports that `match_bucket_filter` finds too is outside its bounds.

    Bounds are in percent; keys with fewer reports than `min_denominator` are passed over.
    """

    type: Literal[RuleType.PERCENTAGE_MATCH]
    query_key: Fields = ()
    timeframe: Duration = timedelta(days=7)
    match_bucket_filter: Filter
    min_percentage: float | None = Field(default=None, gt=0, le=100)
    max_percentage: float | None = Field(default=None, ge=0, lt=100)
    min_denominator: int = Field(default=10, ge=1)

    @property
    def identity(self) -> tuple[str, ...]:
        return self.query_key

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        low, high = self.min_percentage, self.max_percentage
        if low is None and high is None:
            raise ValueError(
                "max_percentage: no bound is stated (write max_percentage, min_percentage or both)"
            )
        if low is not None and high is not None and low >= high:
            raise ValueError(f"min_percentage: {low:g} is not below max_percentage {high:g}")
        return self


class NewTermRule(BaseRule):
    """A value of a field with reports within `timeframe`, and none in `terms_window_size` before."""

    type: Literal[RuleType.NEW_TERM]
    fields: Fields = Field(min_length=1)
    timeframe: Duration = DAY
    terms_window_size: Duration = timedelta(days=30)
    num_events: int = Field(default=1, ge=1)

    @property
    def identity(self) -> tuple[str, ...]:
        return self.fields

    @model_validator(mode="after")
    def _of_terms(self) -> Self:
        if unknown := set(self.fields) - set(_TERM_FIELDS):
            raise ValueError(f"fields: {min(unknown)}: has no terms to learn (use {', '.join(_TERM_FIELDS)})")
        if self.terms_window_size < 2 * self.timeframe:
            raise ValueError("terms_window_size: at least twice the timeframe (30d is usual)")
        return self


class ProblemRule(BaseRule):
    """Problems, counted per `query_key`: at least `num_events` of them."""

    query_key: Fields = ("problem",)
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


class OverdueRule(ProblemRule):
    """Problems without an answer past the deadline of `preset`."""

    type: Literal[RuleType.OVERDUE]
    query_key: Fields = ("department",)
    timeframe: Duration = timedelta(days=180)
    preset: Text


class PoorReplyRule(ProblemRule):
    """Problems whose newest answer came within `timeframe`, decides nothing and shows one of `findings`."""

    type: Literal[RuleType.POOR_REPLY]
    timeframe: Duration = timedelta(days=7)
    findings: Annotated[tuple[ReplyFindingCode, ...], BeforeValidator(as_list)] = Field(
        default=POOR, min_length=1
    )

    @model_validator(mode="after")
    def _poor(self) -> Self:
        if good := [code for code in self.findings if code not in POOR]:
            raise ValueError(f"findings: {good[0]} is no fault of an answer (use {', '.join(POOR)})")
        return self


class RecurrenceRule(ProblemRule):
    """Problems that were answered or closed and are reported again within `timeframe` (state reopened)."""

    type: Literal[RuleType.RECURRENCE]
    timeframe: Duration = timedelta(days=7)


class SourceSilentRule(BaseRule):
    """Sources that have been in one of `states` for at least `timeframe` (alerts.health)."""

    type: Literal[RuleType.SOURCE_SILENT]
    timeframe: Duration
    states: Annotated[tuple[HealthState, ...], BeforeValidator(as_list)] = Field(
        default=(HealthState.LATE, HealthState.BLIND, HealthState.CHANGED, HealthState.REFUSED), min_length=1
    )

    @property
    def identity(self) -> tuple[str, ...]:
        return ("source",)

    @model_validator(mode="after")
    def _of_sources(self) -> Self:
        if self.filter.strip():
            raise ValueError("filter: a rule about sources looks at no messages (leave it out)")
        if HealthState.OK in self.states:
            raise ValueError("states: ok is no silence (use late, blind, changed, refused, dead, never)")
        return self


SpanRule = SpikeRule | FlatlineRule | PercentageMatchRule | NewTermRule
CaseRule = OverdueRule | PoorReplyRule | RecurrenceRule
Rule = AnyRule | FrequencyRule | SurgeRule | SpanRule | CaseRule | SourceSilentRule
RULE_MODELS: dict[RuleType, type[Rule]] = {
    RuleType.ANY: AnyRule,
    RuleType.FREQUENCY: FrequencyRule,
    RuleType.SURGE: SurgeRule,
    RuleType.SPIKE: SpikeRule,
    RuleType.FLATLINE: FlatlineRule,
    RuleType.PERCENTAGE_MATCH: PercentageMatchRule,
    RuleType.NEW_TERM: NewTermRule,
    RuleType.OVERDUE: OverdueRule,
    RuleType.POOR_REPLY: PoorReplyRule,
    RuleType.RECURRENCE: RecurrenceRule,
    RuleType.SOURCE_SILENT: SourceSilentRule,
}
