"""Silences and the life of an alert at the command line."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.settings import load_settings
from app.tasks import deliver_pending
from app.wiring import open_parts
from records.alert import Alert, AlertState, DeliveryState, alert_id
from records.errors import ConfigurationError
from records.times import utc_now
from tests.alerts.receiver import receiving
from tests.app.conftest import Huiying

# One of the shipped rules.
RULE = "紧急诉求"


def put_alert() -> str:
    """Store an alert of the installation; return its id."""
    now, labels = utc_now(), {"place": "南门街道"}
    made = Alert(
        id=alert_id(RULE, labels, now), rule=RULE, labels=labels, severity=2, state=AlertState.ACTIVE,
        fired_at=now, updated_at=now, value=5, expected=1, explanation="南门街道：5件。", raised_at=now,
        raised_value=5,
    )  # fmt: skip
    with open_parts(load_settings()) as parts:
        parts.database.alerts.save([made])
    return made.id


def test_a_silence_is_previewed_made_and_ended(huiying: Huiying) -> None:
    put_alert()
    wanted = ("silences", "add", "place=南门街道", "--for", "4h", "--reason", "计划停水", "--format", "json")
    preview = huiying(*wanted, "--preview")
    assert [one["rule"] for one in json.loads(preview.out)] == [RULE]
    assert "压下现有预警 1 条；此前同样长的时间里有 1 条" in preview.err
    assert huiying("silences", "list").out == ""

    assert "静默 1：到" in huiying(*wanted).err
    (listed,) = json.loads(huiying("silences", "list", "--format", "json").out)
    assert (listed["matchers"], listed["reason"], listed["created_by"]) == (
        ["place=南门街道"],
        "计划停水",
        "cli",
    )
    assert huiying("silences", "end", "1").code == 0
    again = huiying("silences", "end", "1")
    assert (again.code, len(again.err.splitlines())) == (1, 1)
    assert "over since" in again.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("author=张三", "--reason", "x"), "would make a person the subject"),
        (("place=A", "--reason", " "), "no reason is given"),
        (("place=A", "--reason", "x", "--for", "soon"), "--for: 'soon' is not a length of time"),
        (("place=A", "--reason", "x", "--for", "99w"), "more than 91 days on"),
    ],
)
def test_a_bad_silence_is_one_line(huiying: Huiying, arguments: tuple[str, ...], said: str) -> None:
    result = huiying("silences", "add", *arguments)
    assert result.code in (1, 2)
    assert said in result.err
    assert len(result.err.splitlines()) == 1


def test_an_alert_is_judged_and_assigned(huiying: Huiying) -> None:
    one = put_alert()
    assert huiying("alerts", "judge", one, "noise").code == 0
    assert huiying("alerts", "assign", one, "市水务局").code == 0
    assert huiying("alerts", "assign", one, "找13812345678").code == 1
    (listed,) = json.loads(huiying("alerts", "list", "--format", "json").out)
    assert (listed["state"], listed["assigned_to"], listed["verdict"]) == ("assigned", "市水务局", "noise")


def test_an_alert_is_told_once_and_a_broken_receivers_file_is_one_line(huiying: Huiying) -> None:
    put_alert()
    settings = load_settings()
    with receiving() as receiver, open_parts(settings) as parts:
        settings.receivers_file.write_text(f'receivers:\n  default: "{receiver.url}"\n', encoding="utf-8")
        for _ in range(2):
            deliver_pending(parts, now=utc_now())
        assert [one["message"].splitlines()[0] for one in receiver.got] == ["南门街道：5件。"]
        assert [one.state for one in parts.database.deliveries.list()] == [DeliveryState.SENT]
    settings.receivers_file.write_text("receivers:\n  default: dingtalk://${NO_SUCH}\n", encoding="utf-8")
    with open_parts(settings) as parts:
        with pytest.raises(ConfigurationError):
            deliver_pending(parts, now=utc_now())
        (watching,) = [one for one in parts.database.alerts.list() if one.rule == "通道心跳"]
    assert "通知渠道文件有误，现在谁也通知不到：receivers.yaml:2" in watching.explanation
    result = huiying("rules", "check")
    assert result.code == 2
    assert result.err.splitlines() == [
        'huiying: receivers.yaml:2: "default" the environment variable NO_SUCH is not set (export it, or '
        "NO_SUCH_FILE)"
    ]


def test_what_a_deleted_rule_had_to_say_is_not_told(huiying: Huiying) -> None:
    one = put_alert()
    settings = load_settings()
    with receiving() as receiver, open_parts(settings) as parts:
        receiver.mood = "error"
        settings.receivers_file.write_text(f'receivers:\n  default: "{receiver.url}"\n', encoding="utf-8")
        deliver_pending(parts, now=utc_now())
        receiver.mood = "ok"
        (settings.rules_dir / "urgent.yaml").unlink()
        deliver_pending(parts, now=utc_now() + timedelta(hours=1))
        assert len(receiver.got) == 1
        assert [each.state for each in parts.database.deliveries.list()] == [DeliveryState.DEAD]
        found = parts.database.alerts.get(one)
    assert found is not None
    assert found.state is AlertState.RESOLVED


def test_the_heartbeat_of_each_rule(huiying: Huiying) -> None:
    assert huiying("rules", "run").code == 0
    found = json.loads(huiying("rules", "status", "--format", "json").out)
    assert {one["state"] for one in found} == {"done"}
    assert len(found) > 3
    assert all(one["duration_s"] is not None and one["error"] is None for one in found)


def test_a_table_is_in_words_and_the_other_formats_are_not(
    huiying: Huiying, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_alert()
    heads, row = (line.split() for line in huiying("alerts", "list").out.splitlines())
    assert heads[1:4] == ["级别", "状态", "规则"]
    assert row[1:3] == ["紧急", "待处理"]
    assert json.loads(huiying("alerts", "list", "--format", "json").out)[0]["state"] == "active"
    monkeypatch.setenv("HUIYING_LANGUAGE", "en")
    assert "Severity  State" in huiying("alerts", "list").out
    nothing = huiying("alerts", "list", "--state", "resolved")
    assert (nothing.out, nothing.err) == ("", "Nothing to list.\n")
