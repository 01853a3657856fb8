"""The receivers file: its secrets, its tree, and each mistake in one line with its place."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from alerts.notifications import load_notifications, missing_receivers
from alerts.yaml_file import FileError
from tests.alerts.samples import rule

RECEIVERS = "receivers:\n  群: json://h/tokensecret42\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "receivers.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("signedwith42signedwith42\n")
    text = (
        "receivers:\n  值班群: json://127.0.0.1:9/${HOOK_TOKEN}\n"
        '  平台: {webhook: "https://127.0.0.1/in", secret: "${SIGN}"}\n'
    )
    found = load_notifications(
        written(tmp_path, text), {"HOOK_TOKEN": "tokensecret42", "SIGN_FILE": str(secret)}
    )
    assert found.receivers["值班群"].url == "json://127.0.0.1:9/tokensecret42"
    assert found.receivers["平台"].secret == "signedwith42signedwith42"
    assert "secret42" not in repr(found)
    assert "signedwith42" not in repr(found)


def test_no_file_means_nobody_is_told(tmp_path: Path) -> None:
    assert load_notifications(tmp_path / "receivers.yaml", {}).receivers == {}


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    text = (
        f"{RECEIVERS}  邮箱: {{url: 'mailto://u:p@h.org', fallback: 群, template: {{line: '{{place}}'}}}}\n"
        "route:\n  receiver: 群\n  group_by: [place]\n  group_wait: 30s\n  mute_time_intervals: 夜间\n"
        "  routes:\n  - {matchers: [severity=1], receiver: 邮箱, continue: true,"
        " escalation: [{after: 30m, receiver: 群}]}\n"
        "time_intervals:\n  夜间: [{start_time: 22:00, end_time: 07:00}, {days: restday}]\n"
        "inhibit_rules:\n- {source_matchers: rule=失联, target_matchers: ['rule!=失联'], equal: source}\n"
    )
    found = load_notifications(written(tmp_path, text), {})
    assert found.route.routes[0].goes_on
    assert [span.start_time for span in found.time_intervals["夜间"]] == [22 * 60, 0]
    assert str(found.inhibit_rules[0].target_matchers[0]) == "rule!=失联"
    assert (found.receivers["邮箱"].fallback, found.receivers["群"].limit) == ("群", 2000)
    named = rule("any", filter="urgency:>=3", receivers=["群", "没有的群"])
    assert missing_receivers([named], found) == [
        'rule "规则": there is no receiver "没有的群" (add it to the receivers file)'
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "receivers:\n  群: json://h/${HOOK}\n",
            ':2: "群" the environment variable HOOK is not set (export it',
        ),
        ("receivers:\n  群: dingtalk://\n", ':2: "群" not a complete apprise URL'),
        ("receivers:\n  群: nosuch://tokensecret42\n", ':2: "群" not a complete apprise URL'),
        ("receiver:\n  群: json://h/t\n", ':1: unknown key "receiver" (did you mean "receivers"?)'),
        (
            "receivers:\n  群: [json://h/tokensecret42]\n",
            ":2: receivers.群: Input should be a valid dictionary",
        ),
        ("receivers:\n  群: {fallback: x}\n", ":2: receivers.群: states no way or two (write url:"),
        (
            "receivers:\n  群: {webhook: https://h/tokensecret42}\n",
            ":2: receivers.群: the webhook has no secret to sign with",
        ),
        ("receivers:\n  群: {webhook: https://h/, secret: short}\n", ':2: "群" secret: shorter than 16'),
        ("receivers:\n  群: {webhook: h/x, secret: 0123456789abcdef}\n", ':2: "群" webhook: not an http'),
        (
            "receivers:\n  群: {url: json://h/t, fallback: 邮}\n",
            ':2: receivers.群.fallback: there is no receiver "邮" (known: 群)',
        ),
        ("receivers:\n  群: {url: json://h/t, fallback: 群}\n", ':2: "群" fallback: is the receiver itself'),
        (
            "receivers:\n  群:\n    url: json://h/t\n    template:\n      line: '{explantion}'\n",
            ':5: receivers.群.template.line: "{explantion}" is no name that a template knows (did you mean',
        ),
        (
            f"{RECEIVERS}route: {{receiver: 裙}}\n",
            ':3: route.receiver: there is no receiver "裙" (known: 群)',
        ),
        (
            f"{RECEIVERS}route:\n  reciever: 群\n",
            ':4: unknown key "route.reciever" (did you mean "receiver"?)',
        ),
        (f"{RECEIVERS}route: {{matchers: [severity=1]}}\n", ":3: route.matchers: the root takes every alert"),
        (
            f"{RECEIVERS}route:\n  receiver: 群\n  routes:\n  - receiver: 群\n",
            ":6: route.routes.0: has no matchers",
        ),
        (
            f"{RECEIVERS}route:\n  receiver: 群\n  mute_time_intervals: 夜里\n",
            ':5: route.mute_time_intervals: there is no time interval "夜里" (known: none)',
        ),
        (
            f"{RECEIVERS}route:\n  receiver: 群\n  escalation: [{{after: 30m, receiver: 主任}}]\n",
            ':5: route.escalation: there is no receiver "主任"',
        ),
        (
            f"{RECEIVERS}time_intervals:\n  夜间:\n  - start_time: '25:00'\n",
            ":5: time_intervals.夜间.0.start_time: '25:00' is no time of day (write",
        ),
        (f"{RECEIVERS}time_intervals:\n  夜间: [{{}}]\n", ":4: time_intervals.夜间.0: states no time"),
        (
            f"{RECEIVERS}time_intervals:\n  夜间: [{{weekdays: moonday}}]\n",
            ':4: time_intervals.夜间.0.weekdays: "moonday" is no weekday',
        ),
        (
            f"{RECEIVERS}route:\n  receiver: 群\n  routes:\n  - {{matchers: [author=x], receiver: 群}}\n",
            ':6: route.routes.0.matchers: "author" would make a person the subject',
        ),
        (
            f"{RECEIVERS}route:\n  group_by: [plase]\n",
            ':4: route.group_by.0: "plase" is no label of an alert',
        ),
        (
            f"{RECEIVERS}inhibit_rules:\n- source_matchers: [rule=甲]\n  target_matchers: [place=~.+]\n",
            ":4: inhibit_rules.0: holds back what sets off itself: a cycle",
        ),
        (
            f"{RECEIVERS}inhibit_rules:\n- {{source_matchers: [rule=甲], target_matchers: [rule=乙]}}\n"
            "- {source_matchers: [rule=乙], target_matchers: [rule=甲]}\n",
            ":4: inhibit_rules.0: holds back what sets off inhibit_rules.1: a cycle",
        ),
        (
            f"{RECEIVERS}inhibit_rules:\n- target_matchers: [rule=乙]\n",
            ':4: "inhibit_rules.0.source_matchers" is',
        ),
    ],
)
def test_a_mistake_is_said_in_one_line_without_the_secret(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, said: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(FileError) as caught:
        load_notifications(written(tmp_path, text), {})
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "tokensecret42" not in str(caught.value) + caplog.text
