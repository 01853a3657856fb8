from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.durations import chinese_duration, parse_duration
from alerts.filters import check_filter
from alerts.rule_types import RuleType, SurgeRule
from alerts.rules import DEFAULT_RULES, load_rules
from records.errors import ConfigurationError

GOOD = """\
name: 停水
title: 停水突增
description: 停水影响一片居民。
type: surge
filter: 停水
query_key: place
timeframe: 24h
"""


ANY = "name: 甲\ntitle: 甲\ndescription: 理由。\ntype: any\n"
SPIKE = ANY.replace("any", "spike") + "timeframe: 24h\nspike_height: 3\nspike_type: up\n"
FLATLINE = ANY.replace("any", "flatline") + "timeframe: 7d\nthreshold: 1\n"
SHARE = ANY.replace("any", "percentage_match") + "match_bucket_filter: 停水\n"
NEW = ANY.replace("any", "new_term")
POOR = ANY.replace("any", "poor_reply")
SILENT = ANY.replace("any", "source_silent") + "timeframe: 12h\n"
FREQUENCY = ANY.replace("any", "frequency") + "query_key: place\nnum_events: 3\n"
OVERDUE = ANY.replace("any", "overdue") + "preset: 留言板\n"
RECURRENCE = ANY.replace("any", "recurrence")
OF_TYPES = (
    *(ANY, FREQUENCY, GOOD.replace("filter: 停水\n", "").replace("停水", "甲"), SPIKE + "threshold_cur: 5\n"),
    *(FLATLINE, SHARE + "max_percentage: 50\n", NEW + "fields: place\n", OVERDUE, POOR, RECURRENCE, SILENT),
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def only_error(folder: Path, text: str) -> str:
    write(folder, "rule.yaml", text)
    found = load_rules(folder, every=timedelta(minutes=5))
    assert found.rules == ()
    (error,) = found.errors
    assert "\n" not in str(error)
    return str(error)


def test_a_rule_is_read_with_its_defaults(tmp_path: Path) -> None:
    write(tmp_path, "water.yaml", GOOD)
    (rule,) = load_rules(tmp_path).rules
    assert isinstance(rule, SurgeRule)
    assert (rule.query_key, rule.timeframe, rule.baseline) == (
        ("place",),
        timedelta(days=1),
        timedelta(days=56),
    )
    assert (rule.is_enabled, rule.receivers, rule.voices_needed) == (True, ("default",), 3)


def test_the_shipped_rules_are_sound_and_give_their_reasons() -> None:
    found = load_rules(DEFAULT_RULES)
    assert found.errors == ()
    types = {"any", "frequency", "surge", "overdue", "recurrence", "source_silent"}
    assert {rule.type for rule in found.rules} == types
    for rule in found.rules:
        assert len(rule.description) > 20
        assert any("一" <= char <= "鿿" for char in rule.name + rule.title)
    assert "check against your rules" in found.deadlines.note


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("timeframe:", "timefame:"), ':7: "停水" unknown key "timefame" (did you mean "timeframe"?)'),
        (("type: surge", "type: surges"), '"停水" type: "surges" is no type of rule (did you mean "surge"?)'),
        (("type: surge", "severity: 2"), '"type" is missing'),
        (("24h", "ein Tag"), "timeframe: 'ein Tag' is not a length of time (write 24h, 7d"),
        (("24h", "36h"), "a surge over more than a day is counted in whole days"),
        (("24h", "-1d"), "is not a length of time"),
        (("24h", "0h"), "timeframe: must be longer than nothing"),
        (("timeframe: 24h", "baseline: 7d"), "baseline: whole days, at least 14d"),
        (("timeframe: 24h", "severity: 6"), "severity: Input should be less than or equal to 5"),
        (("query_key: place", "query_key: plaec"), '"plaec" is no field to count by (did you mean "place"?)'),
        (("query_key: place", "query_key: [place, place]"), "a field is named twice"),
        (("query_key: place", "query_key: author"), "would make a person the subject"),
        (("query_key: place", "query_key: [place, 用户名]"), "would make a person the subject"),
        (("timeframe: 24h", "group_by: user_id"), "would make a person the subject"),
        (("timeframe: 24h", "group_by: topic"), "group_by: the alerts of this rule carry only place"),
        (("filter: 停水", "filter: (停水"), "rule.yaml:5"),
        (("filter: 停水", "filter: author:某人"), "author"),
        (("filter: 停水", "filter: 'text:13812345678'"), "alerts are never about a person"),
        (("filter: 停水", "filter: 停水\nfilter: 停电"), 'key "filter" stands here and on line 5'),
        (("name: 停水", "name: ''"), "name"),
        (("name: 停水\n", ""), '"name" is missing'),
        (("query_key: place\n", ""), '"query_key" is missing'),
        (("filter: 停水", "filter: [停水"), "not YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_place_and_fix(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in GOOD
    assert said in only_error(tmp_path, GOOD.replace(*change))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: 全部\ntitle: 全部\ndescription: 所有。\ntype: any\n", "matches everything"),
        (
            "name: 超时\ntitle: 超时\ndescription: 时限。\ntype: overdue\npreset: 留言版\n",
            ':5: "超时" preset: there is no "留言版" (did you mean "留言板"?)',
        ),
        (
            "name: 超时\ntitle: 超\ndescription: 由。\ntype: overdue\npreset: 留言板\nquery_key: source\n",
            "answers are owed to problems",
        ),
        (ANY + "filter: '*'\n", ':5: "甲" filter: "*" matches everything'),
        (ANY + "filter: 'channel:* OR 停水'\n", "matches everything"),
        (ANY + "filter: 'urgency:>=0'\n", "matches everything"),
        (
            ANY + "filter: 停水\ntimeframe: 1m\n",
            ':6: "甲" timeframe: shorter than the 300 s between two rounds',
        ),
        (SPIKE, "threshold_cur: without it one report after none is a spike"),
        (SPIKE.replace("up", "down") + "threshold_cur: 2\n", "threshold_ref: a fall needs a least count"),
        (SPIKE + "spike_heigt: 2\n", 'unknown key "spike_heigt" (did you mean "spike_height"?)'),
        (FLATLINE + "baseline: 7d\n", "baseline: at least four times the timeframe"),
        (SHARE, "max_percentage: no bound is stated"),
        (
            SHARE + "min_percentage: 60\nmax_percentage: 50\n",
            "min_percentage: 60 is not below max_percentage 50",
        ),
        (
            SHARE.replace("停水", "'*'") + "max_percentage: 50\n",
            'match_bucket_filter: "*" matches everything',
        ),
        (NEW + "fields: 网友\n", "would make a person the subject"),
        (
            NEW + "fields: problem\n",
            "fields: problem: has no terms to learn (use place, topic, subtopic, own_topic, department)",
        ),
        (NEW + "fields: place\nterms_window_size: 1d\n", "terms_window_size: at least twice the timeframe"),
        (POOR + "findings: decides\n", "findings: decides is no fault of an answer"),
        (POOR + "query_key: source\n", "answers are owed to problems"),
        (SILENT + "filter: 停水\n", "filter: a rule about sources looks at no messages"),
        (SILENT + "states: ok\n", "states: ok is no silence"),
        ("- 停水\n", '"type" is missing'),
        ("", '"type" is missing'),
    ],
)
def test_other_kinds_of_rules_are_checked_too(tmp_path: Path, text: str, said: str) -> None:
    assert said in only_error(tmp_path, text)


@pytest.mark.parametrize("text", OF_TYPES)
def test_a_filter_that_is_no_condition_is_refused_of_every_type(tmp_path: Path, text: str) -> None:
    line = len(text.splitlines()) + 1
    for stated in ("", "*", "*:*", "_exists_:source"):
        said = only_error(tmp_path, f"{text}filter: '{stated}'\n")
        fix = "(state another one, or leave it out)"
        assert said == f'rule.yaml:{line}: "甲" filter: "{stated}" matches everything {fix}'


def test_every_type_of_rule_is_among_them() -> None:
    assert {text.split("type: ")[1].split("\n")[0] for text in OF_TYPES} == set(RuleType)


@pytest.mark.parametrize(
    ("stated", "matches"),
    [
        ("停水 OR NOT 停水", "everything"),
        ("(停水 OR -停水)^2", "everything"),
        ("停水 OR text:*", "everything"),
        ("-(停水 AND -停水)", "everything"),
        ("channel:(intake OR inbox OR hotline)", "everything"),
        ("asked:[* TO *]", "everything"),
        ("urgency:[0 TO 3]", "everything"),
        ("dissatisfaction:<=1", "everything"),
        ("-urgency:>3", "everything"),
        ("停水 AND -停水", "nothing"),
        ("urgency:>3", "nothing"),
        ("urgency:<0 AND 停水", "nothing"),
    ],
)
def test_a_filter_that_is_always_or_never_true_is_no_condition(stated: str, matches: str) -> None:
    with pytest.raises(ValueError, match=f'^"{re.escape(stated)}" .*match(es)? {matches}'):
        check_filter(stated)


@pytest.mark.parametrize(
    "stated",
    [
        *("王建国", "停水 AND 王建国", '"张伟"', "text:王建国*", "reply:(张伟 OR 停水)", "department:王建国"),
        *("-王建国", "王建国~", "13812345678", "停水 AND 我叫张三"),
    ],
)
def test_a_filter_is_never_about_a_person(stated: str) -> None:
    with pytest.raises(ValueError, match="alerts are never about a person"):
        check_filter(stated)


@pytest.mark.parametrize(
    "stated",
    [
        *("停水 OR 断水", "高峰 AND 拥堵", "文明施工", "石家庄", "place:石家庄", "place:王家村", "-停水"),
        *("urgency:>=1", "urgency:[0 TO 2]", "dissatisfaction:>0.5", "_exists_:reply", "channel:inbox"),
        "asked:P7D",
    ],
)
def test_what_is_a_condition_on_services_is_a_filter(stated: str) -> None:
    assert check_filter(stated) == stated


def test_one_broken_rule_never_stops_the_others(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", GOOD.replace("timeframe", "timefame"))
    write(tmp_path, "b.yaml", GOOD.replace("name: 停水", "name: 停电"))
    (tmp_path / "c.yaml").write_bytes("name: 停气".encode("gbk"))
    (tmp_path / "d.yaml").mkdir()
    (tmp_path / "e.yaml").symlink_to(tmp_path / "none")
    write(tmp_path, "f.yaml", GOOD.replace("filter: 停水", "filter: '*'"))
    write(tmp_path, "g.yaml", "? [a, b]\n: c\n")
    write(tmp_path, "h.yaml", "name: [停水]\ntype: [any]\n")
    found = load_rules(tmp_path)
    assert [rule.name for rule in found.rules] == ["停电"]
    assert [error.name for error in found.errors] == ["停水", None, None, None, "停水", None, None]
    assert "is not UTF-8" in str(found.errors[1])
    assert all(str(error).startswith(f"{error.path.name}:{error.line}:") for error in found.errors)


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", GOOD)
    write(tmp_path, "b.yaml", "# 又一条\n" + GOOD)
    found = load_rules(tmp_path)
    assert len(found.rules) == 1
    assert str(found.errors[0]) == 'b.yaml:2: "停水" has the name of the rule in a.yaml (rename one)'


def test_the_names_of_the_rules_that_watch_the_others_are_taken(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", GOOD.replace("name: 停水", "name: 规则心跳"))
    found = load_rules(tmp_path)
    assert found.rules == ()
    assert "is the name of a rule that watches over the others (choose another)" in str(found.errors[0])


def test_a_missing_folder_is_an_error_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such folder"):
        load_rules(tmp_path / "none")


def test_deadlines_of_the_folder_take_the_place_of_the_shipped(tmp_path: Path) -> None:
    write(tmp_path, "deadlines.yaml", "note: 本地\npresets:\n  本地:\n    - {title: 十天, workdays: 10}\n")
    assert set(load_rules(tmp_path).deadlines.presets) == {"本地"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("note: 本地\npresets:\n  本地:\n    - {title: 急, urgency: 3, hours: 1}\n", "must be for everybody"),
        ("note: 本地\npresets:\n  本地:\n    - {title: 急}\n", "either hours or workdays"),
        (
            "note: 本地\npresets:\n  本地:\n    - {title: 急, hour: 1}\n",
            'deadlines.yaml:4: unknown key "presets.本地.0.hour" (did you mean "hours"?)',
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_deadlines_is_said(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, "deadlines.yaml", text)
    with pytest.raises(ConfigurationError) as caught:
        load_rules(tmp_path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("value", "hours"),
    [
        *(("24h", 24), ("7d", 168), ("90m", 1.5), ("2w", 336)),
        *(("P7D", 168), ("PT24H", 24), ("P1DT12H", 36), ({"days": 7}, 168)),
    ],
)  # fmt: skip
def test_durations_are_read_as_people_write_them(value: object, hours: float) -> None:
    assert parse_duration(value) == timedelta(hours=hours)


@pytest.mark.parametrize("value", ["", "P", "7", 7, {"day": 7}, {}, {"days": "7"}, None, "24h30"])
def test_other_things_are_no_durations(value: object) -> None:
    with pytest.raises(ValueError, match="not a length of time"):
        parse_duration(value)


def test_durations_are_said_in_chinese() -> None:
    said = [chinese_duration(timedelta(hours=hours)) for hours in (0.5, 1, 24, 48, 72, 168, 50)]
    assert said == ["30分钟", "1小时", "24小时", "48小时", "3天", "7天", "50小时"]
