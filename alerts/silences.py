"""Silences: what they hold, what one would hold, and what is said when one is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from alerts.lifecycle import MOST_ALERTS, UNRESOLVED
from alerts.matchers import Matcher, all_hold, labels_of, parse_matcher
from alerts.reasons import checked_reason
from records.alert import Alert, Silence
from records.errors import Rejected
from records.times import Period
from storage.database import Database

# A silence is for work that ends: whoever wants a rule to be quiet for good changes the rule.
LONGEST_DAYS = 92


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceDraft:
    """A silence before it is kept, checked by `check`."""

    matchers: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    reason: str

    def check(self, *, now: datetime) -> None:
        """Raise Rejected("bad_silence") with what is wrong and the fix."""
        for text in self.matchers:
            try:
                parse_matcher(text)
            except ValueError as err:
                raise _bad(f"matcher {text!r}: {err}") from err
        if not any(not parse_matcher(text).holds("") for text in self.matchers):
            raise _bad("would silence every alert (state at least one label, as place=南门街道)")
        if self.ends_at <= max(now, self.starts_at):
            raise _bad(f"end {self.ends_at:%Y-%m-%d %H:%M}: not after its start (name a later time)")
        if (self.ends_at - self.starts_at).days >= LONGEST_DAYS:
            raise _bad(
                f"end {self.ends_at:%Y-%m-%d}: more than {LONGEST_DAYS - 1} days on (name an earlier one, "
                "or change the rule)"
            )
        try:
            checked_reason(self.reason)
        except ValueError as err:
            raise _bad(str(err)) from err


def _bad(message: str) -> Rejected:
    return Rejected("bad_silence", f"silence: {message}")


def add_silence(database: Database, draft: SilenceDraft, *, created_by: str, now: datetime) -> Silence:
    """Return the new silence. Raises Rejected("bad_silence")."""
    draft.check(now=now)
    return database.silences.add(
        tuple(str(parse_matcher(text)) for text in draft.matchers),
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        reason=draft.reason.strip(),
        created_by=created_by,
    )


def holds(silence: Silence | SilenceDraft, alert: Alert) -> bool:
    """Return whether the silence is about the alert, whatever the time."""
    return all_hold([_parsed(text) for text in silence.matchers], labels_of(alert))


# Checking a matcher for personal details takes longer than applying it to a thousand alerts.
@lru_cache(maxsize=1024)
def _parsed(text: str) -> Matcher:
    return parse_matcher(text)


def silence_of(alert: Alert, silences: Sequence[Silence], *, now: datetime) -> Silence | None:
    """Return the silence in force that holds the alert; of several the one that ends last."""
    in_force = [one for one in silences if one.starts_at <= now < one.ends_at and holds(one, alert)]
    return max(in_force, key=lambda one: one.ends_at, default=None)


def held_during(silence: Silence, alerts: Sequence[Alert]) -> list[Alert]:
    """Return those of the alerts that were raised while the silence held them, gravest first."""
    period = Period(start=silence.starts_at, end=silence.ends_at)
    held = [
        alert for alert in alerts if period.start <= alert.raised_at < period.end and holds(silence, alert)
    ]
    return sorted(held, key=lambda alert: (alert.severity, -alert.value, alert.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a silence would hold: alerts that stand now, and how many it would have held in as long before."""

    standing: tuple[Alert, ...]
    before: int


def preview(database: Database, draft: SilenceDraft, *, now: datetime) -> Preview:
    """Return what the draft would hold. Raises Rejected("bad_silence")."""
    draft.check(now=now)
    standing = database.alerts.list(states=UNRESOLVED, limit=MOST_ALERTS)
    past = Period(start=now - (draft.ends_at - draft.starts_at), end=now)
    fired = database.alerts.list(fired=past, limit=MOST_ALERTS)
    return Preview(
        standing=tuple(alert for alert in standing if holds(draft, alert)),
        before=sum(holds(draft, alert) for alert in fired),
    )
