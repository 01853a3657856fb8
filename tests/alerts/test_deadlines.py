from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from alerts.deadlines import DueDates, load_deadlines
from records.analysis import Analysis, Intent, UrgencyCode, UrgencyReason
from records.errors import ConfigurationError
from records.post import Channel, Post
from records.times import DEFAULT_ZONE

MONDAY = datetime(2026, 3, 2, 9, tzinfo=DEFAULT_ZONE)
POST = Post(
    source="mayor", channel=Channel.INBOX, native_id="1", text="路灯不亮", asked_at=MONDAY, fetched_at=MONDAY
)
CALM = Analysis(
    post_id=POST.id, revision=1, model_version="m", topic=None, topic_guess="城乡建设", topic_score=0.5,
    runner_up=None, intent=Intent.HELP, intent_score=0.5, dissatisfaction=0.5, urgency=0,
)  # fmt: skip


def due_dates(**workdays: int) -> DueDates:
    return DueDates(load_deadlines(), "留言板", workdays_by_source=workdays, zone=DEFAULT_ZONE)


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number, tzinfo=DEFAULT_ZONE)


def test_the_preset_holds_where_a_source_states_nothing() -> None:
    assert due_dates()(POST, CALM) == day(3, 24)  # the midnight after 15 working days


def test_a_source_states_its_own_working_days() -> None:
    assert due_dates(mayor=5)(POST, CALM) == day(3, 10)
    assert due_dates(wangshan=5)(POST, CALM) == day(3, 24)


def test_an_urgent_message_is_due_sooner_whatever_the_source_says() -> None:
    assert due_dates(mayor=30)(POST, replace(CALM, urgency=3)) == day(3, 6)
    assert due_dates(mayor=2)(POST, replace(CALM, urgency=3)) == day(3, 5)


def test_a_danger_is_due_as_soon_as_it_is_grave() -> None:
    named = replace(CALM, reasons=(UrgencyReason(code=UrgencyCode.DANGER, words="安全隐患"),))
    due = [due_dates()(POST, replace(named, urgency=level)) for level in (0, 2, 3)]
    assert due == [day(3, 24), day(3, 6), day(3, 4)]


def test_an_unknown_preset_is_refused_by_name() -> None:
    with pytest.raises(ConfigurationError, match=r'"deadline_preset" = "留言版": no such preset.*"留言板"'):
        DueDates(load_deadlines(), "留言版", workdays_by_source={}, zone=DEFAULT_ZONE)
