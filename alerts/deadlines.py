"""Until when an office owes an answer: presets of deadlines, chosen by urgency."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from alerts.workdays import after_workdays
from alerts.yaml_file import YamlFile
from records.analysis import Analysis, UrgencyCode
from records.errors import ConfigurationError, nearest
from records.post import Post

DEFAULT_DEADLINES = Path(__file__).parent / "default_rules" / "deadlines.yaml"


class Deadline(BaseModel):
    """One step of a preset: who it is for (nothing stated: everybody) and how long the office has.

    It is for messages of at least `urgency` that have one of `reasons`; what is not stated is not asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    urgency: int | None = Field(default=None, ge=1, le=3)
    reasons: tuple[UrgencyCode, ...] = ()
    hours: int | None = Field(default=None, ge=1)
    workdays: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.hours is None) == (self.workdays is None):
            raise ValueError("state either hours or workdays")
        return self

    @property
    def for_everybody(self) -> bool:
        return self.urgency is None and not self.reasons

    def applies(self, analysis: Analysis | None) -> bool:
        """Return whether a message with this analysis falls under the deadline."""
        if analysis is None:
            return self.for_everybody
        if self.urgency is not None and analysis.urgency < self.urgency:
            return False
        return not self.reasons or any(reason.code in self.reasons for reason in analysis.reasons)

    def due_at(self, asked_at: datetime, *, zone: ZoneInfo) -> datetime:
        """Return when the answer is due. Working days end at midnight; the day of asking does not count."""
        if self.hours is not None:
            return asked_at + timedelta(hours=self.hours)
        return after_workdays(asked_at, self.workdays or 0, zone=zone)


class Deadlines(BaseModel):
    """A file of presets. In each the first deadline that applies holds, and the last applies to everybody."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: str
    presets: Mapping[str, tuple[Deadline, ...]]

    @model_validator(mode="after")
    def _last_for_everybody(self) -> Self:
        for name, deadlines in self.presets.items():
            if not deadlines or not deadlines[-1].for_everybody:
                raise ValueError(
                    f'preset "{name}": its last deadline must be for everybody (no urgency, no reasons)'
                )
        return self

    def find(self, preset: str, analysis: Analysis | None) -> Deadline:
        """Return the deadline of `preset` that a message with this analysis falls under."""
        return next(deadline for deadline in self.presets[preset] if deadline.applies(analysis))


class DueDates:
    """When the answer to a post is due: by its own source's deadline, else by a preset."""

    def __init__(
        self, deadlines: Deadlines, preset: str, *, workdays_by_source: Mapping[str, int], zone: ZoneInfo
    ) -> None:
        """Raises ConfigurationError for a preset that the file does not have."""
        if preset not in deadlines.presets:
            hint = nearest(preset, deadlines.presets) or f" (known: {', '.join(deadlines.presets)})"
            raise ConfigurationError(f'setting "deadline_preset" = "{preset}": no such preset{hint}')
        self._deadlines = deadlines
        self._preset = preset
        self._workdays_by_source = workdays_by_source
        self._zone = zone

    def __call__(self, post: Post, analysis: Analysis | None) -> datetime:
        """Return when the answer is due. An urgent message is due by the preset where that is sooner."""
        by_preset = self._deadlines.find(self._preset, analysis).due_at(post.asked_at, zone=self._zone)
        workdays = self._workdays_by_source.get(post.source)
        if workdays is None:
            return by_preset
        by_source = after_workdays(post.asked_at, workdays, zone=self._zone)
        return min(by_source, by_preset) if analysis is not None and analysis.urgency else by_source


def load_deadlines(path: Path = DEFAULT_DEADLINES) -> Deadlines:
    """Return the presets of the file. Raises FileError."""
    return YamlFile(path).validate(Deadlines, known={*Deadlines.model_fields, *Deadline.model_fields})
