from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from records.alert import alert_id
from records.errors import Rejected, nearest
from records.plain import plain_post, post_from_plain
from records.post import Channel, Post, Reply
from records.problem import problem_id
from records.times import DEFAULT_ZONE, Period, aware, day_period, parse_time

ASKED = datetime(2026, 3, 1, 8, 30, tzinfo=DEFAULT_ZONE)


def post(**changes: Any) -> Post:
    values: dict[str, Any] = {
        "source": "board",
        "channel": Channel.INBOX,
        "native_id": "17",
        "title": "望山路路灯不亮",
        "text": "望山路的路灯已经一周没有亮过。",
        "asked_at": ASKED,
        "fetched_at": ASKED + timedelta(hours=1),
        "replies": (Reply(text="已派人检修。", department="市政处", replied_at=ASKED + timedelta(days=1)),),
    }
    return Post(**{**values, **changes})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019/2/28 11:25:05", datetime(2019, 2, 28, 11, 25, 5, tzinfo=DEFAULT_ZONE)),
        ("2026年3月1日", datetime(2026, 3, 1, tzinfo=DEFAULT_ZONE)),
        ("2026年3月1日 8时05分", datetime(2026, 3, 1, 8, 5, tzinfo=DEFAULT_ZONE)),
        ("2026-03-01T08:30:00+00:00", datetime(2026, 3, 1, 16, 30, tzinfo=DEFAULT_ZONE)),
        ("2026.3.1 8:30", datetime(2026, 3, 1, 8, 30, tzinfo=DEFAULT_ZONE)),
        (" 2026-03-01 08:30:00.123 ", datetime(2026, 3, 1, 8, 30, tzinfo=DEFAULT_ZONE)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, expected: datetime) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "text", ["", "昨天", "2026-02-30", "3026-01-01", "2026-13-01", "12:30", "0001-01-01"]
)
def test_what_is_no_time_is_rejected_by_name(text: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_time(text)
    assert caught.value.code == "bad_date"
    assert f'"{text}"' in str(caught.value)


def test_a_period_holds_its_start_and_not_its_end() -> None:
    day = day_period(date(2026, 3, 1))
    assert day.start in day
    assert day.end not in day
    assert day.length == timedelta(days=1)


@pytest.mark.parametrize(
    ("start", "end"), [(ASKED, ASKED - timedelta(seconds=1)), (ASKED.replace(tzinfo=None), ASKED)]
)
def test_a_period_that_is_none_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="Period"):
        Period(start=start, end=end)


def test_a_time_keeps_its_own_zone() -> None:
    there = datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=2)))
    assert aware(there) is there
    assert aware(datetime(2026, 3, 1)).tzinfo is DEFAULT_ZONE  # noqa: DTZ001


@pytest.mark.parametrize(
    "changes", [{"votes_up": 9}, {"fetched_at": ASKED + timedelta(days=9)}, {"revision": 4}]
)
def test_votes_and_fetch_time_make_no_revision(changes: dict[str, Any]) -> None:
    assert post(**changes).digest() == post().digest()


@pytest.mark.parametrize(
    "changes", [{"text": "修好了"}, {"status": "已办结"}, {"replies": ()}, {"rating": 5}]
)
def test_content_makes_a_revision(changes: dict[str, Any]) -> None:
    assert post(**changes).digest() != post().digest()


def test_the_same_moment_in_another_zone_makes_no_revision() -> None:
    assert post(asked_at=ASKED.astimezone(timezone.utc)).digest() == post().digest()  # noqa: UP017


def test_a_post_survives_the_way_to_json_and_back() -> None:
    assert post_from_plain(plain_post(post())) == post()


def test_ids_are_the_same_on_every_machine() -> None:
    assert post().id == "board/17"
    assert problem_id("board/17") == "p64fdea6d60cc"
    assert problem_id("board/17") != problem_id("board/18")
    assert alert_id("r", {"a": "1", "b": "2"}, ASKED) == alert_id("r", {"b": "2", "a": "1"}, ASKED)


def test_news_carries_no_reports() -> None:
    assert [channel for channel in Channel if not channel.carries_reports] == [Channel.NEWS, Channel.NOTICE]


def test_the_nearest_known_word_is_named() -> None:
    assert nearest("tittle", ["title", "text"]) == ' (did you mean "title"?)'
    assert nearest("xyz", ["title", "text"]) == ""
