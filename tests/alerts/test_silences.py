"""Silences in the life of real alerts: held, previewed, and one word when one is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.announce import Desk, announce
from alerts.channels import Receiver
from alerts.deadlines import load_deadlines
from alerts.notifications import Notifications
from alerts.routing import Route
from alerts.rules import RuleSet
from alerts.silences import SilenceDraft, add_silence, preview
from alerts.time_intervals import TimeSpan
from records.alert import AlertState, Delivery
from records.errors import Rejected
from records.times import DEFAULT_ZONE
from storage.database import Database
from tests.alerts.samples import DAY, HOUR, NOW, alert

QUIET = Route.model_validate({"receiver": "群", "mute_time_intervals": ["上午"]})
MORNING = (TimeSpan.model_validate({"start_time": "09:00", "end_time": "12:00"}),)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'town.sqlite'}") as opened:
        yield opened


def draft(*matchers: str, **stated: Any) -> SilenceDraft:
    values: dict[str, Any] = {"starts_at": NOW, "ends_at": NOW + 2 * HOUR, "reason": "计划停水检修"}
    return SilenceDraft(matchers=matchers, **{**values, **stated})


def tell(database: Database, now: datetime, *, route: Route | None = None) -> list[Delivery]:
    """Return the messages that are new."""
    before = {one.key for one in database.deliveries.list()}
    policy = Notifications(
        receivers={"群": Receiver(name="群", url="json://127.0.0.1/")},
        route=route or Route(receiver="群"),
        time_intervals={"上午": MORNING},
    )
    rules = RuleSet(rules=(), errors=(), deadlines=load_deadlines())
    announce(Desk(database=database, rules=rules, policy=policy, zone=DEFAULT_ZONE), now=now)
    return [one for one in database.deliveries.list() if one.key not in before]


def test_what_was_held_is_told_once_when_the_silence_ends(database: Database) -> None:
    silence = add_silence(database, draft("place=~A[12]区"), created_by="值班台", now=NOW)
    later = {"fired_at": NOW + HOUR, "raised_at": NOW + HOUR}
    database.alerts.save([alert(1, **later), alert(2, **later), alert(3, **later)])
    (other,) = tell(database, NOW + HOUR)
    assert other.alert_ids == ("a3",)
    database.alerts.set_state("a2", AlertState.RESOLVED, now=NOW + HOUR)

    (word,) = tell(database, silence.ends_at)
    assert word.title == "【静默结束】place=~A[12]区"
    assert word.body.splitlines() == [
        "03-18 09:30至03-18 11:30，值班台：计划停水检修。期间压下2条预警，其中1条仍待处理。",
        alert(1).explanation,
    ]
    assert tell(database, silence.ends_at + HOUR) == []
    assert database.silences.list()[0].ended_at == silence.ends_at


def test_a_silence_that_held_nothing_says_so(database: Database) -> None:
    add_silence(database, draft("place=A1区"), created_by="值班台", now=NOW)
    assert tell(database, NOW + HOUR) == []
    (word,) = tell(database, NOW + 2 * HOUR)
    assert word.body.endswith("计划停水检修。期间没有压下预警。")


def test_two_silences_that_end_at_once_tell_what_both_held_once(database: Database) -> None:
    for matcher in ("place=A1区", "rule=规则"):
        add_silence(database, draft(matcher), created_by="值班台", now=NOW)
    database.alerts.save([alert(1)])
    words = tell(database, NOW + 2 * HOUR)
    assert sorted(alert(1).explanation in word.body for word in words) == [False, True]


def test_a_silence_that_held_nothing_tells_those_who_would_have_heard(database: Database) -> None:
    add_silence(database, draft("place=A1区", "topic!=噪声"), created_by="值班台", now=NOW)
    add_silence(database, draft("place=~A1区|A2区"), created_by="值班台", now=NOW)
    tree = {"receiver": "没有的群", "routes": [{"matchers": ["place=A1区"], "receiver": "群"}]}
    words = tell(database, NOW + 2 * HOUR, route=Route.model_validate(tree))
    assert [word.title for word in words] == ["【静默结束】place=A1区、topic!=噪声"]
    assert database.silences.untold() == []


def test_ended_early_it_is_told_at_once(database: Database) -> None:
    silence = add_silence(database, draft("place=A1区"), created_by="值班台", now=NOW)
    database.alerts.save([alert(1)])
    assert tell(database, NOW) == []
    database.silences.end(silence.id, now=NOW + HOUR)
    (word,) = tell(database, NOW + HOUR)
    assert word.alert_ids == ("a1",)


def test_the_word_waits_for_the_end_of_the_quiet_hours(database: Database) -> None:
    add_silence(database, draft("place=A1区"), created_by="值班台", now=NOW)
    database.alerts.save([alert(1)])
    assert tell(database, NOW + 2 * HOUR, route=QUIET) == []
    (word,) = tell(database, NOW + 3 * HOUR, route=QUIET)
    assert word.title.startswith("【静默结束】")


def test_what_another_silence_still_holds_is_not_told_by_the_word(database: Database) -> None:
    add_silence(database, draft("place=A1区"), created_by="值班台", now=NOW)
    add_silence(database, draft("rule=规则", ends_at=NOW + DAY), created_by="值班台", now=NOW)
    database.alerts.save([alert(1)])
    (word,) = tell(database, NOW + 2 * HOUR)
    assert word.body.endswith("期间压下1条预警，其中0条仍待处理。")
    (word,) = tell(database, NOW + DAY)
    assert word.body.splitlines()[-1] == alert(1).explanation


def test_the_preview_shows_what_stands_and_counts_what_was(database: Database) -> None:
    past = alert(1, id="old", state=AlertState.RESOLVED, fired_at=NOW - HOUR)
    too_old = replace(past, id="older", fired_at=NOW - DAY)
    database.alerts.save([alert(1), alert(2), past, too_old])
    found = preview(database, draft("place=A1区"), now=NOW)
    assert ([one.id for one in found.standing], found.before) == (["a1"], 1)


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        (draft(), "would silence every alert (state at least one label, as place=南门街道)"),
        (draft("place!=A1区"), "would silence every alert"),
        (draft("place=~.*"), "would silence every alert"),
        (draft("place"), "matcher 'place': 'place' is no matcher (write place=南门街道"),
        (draft("plase=A1区"), '"plase" is no label of an alert (did you mean "place"?)'),
        (draft("author=张三"), '"author" would make a person the subject (use one of: rule, severity,'),
        (
            draft("place=13812345678"),
            "place: the value holds a personal detail; alerts are never about a person",
        ),
        (draft("place=~A[1"), '"A[1" is no regular expression'),
        (draft("place=A1区", ends_at=NOW), "end 2026-03-18 09:30: not after its start (name a later time)"),
        (draft("place=A1区", ends_at=NOW + 365 * DAY), "end 2027-03-18: more than 91 days on"),
        (draft("place=A1区", reason=" "), "no reason is given (say why"),
        (draft("place=A1区", reason="长" * 201), "the reason is longer than 200 characters"),
        (draft("place=A1区", reason="电话13812345678"), "the reason holds a personal detail (leave it out)"),
    ],
)
def test_a_bad_silence_is_refused_in_one_line(database: Database, stated: SilenceDraft, said: str) -> None:
    for call in (
        lambda: add_silence(database, stated, created_by="x", now=NOW),
        lambda: preview(database, stated, now=NOW),
    ):
        with pytest.raises(Rejected) as caught:
            call()
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
    assert database.silences.list() == []
