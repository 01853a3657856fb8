"""`huiying rules backtest` as a person runs it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.cli.trying import sparkline
from tests.app.conftest import Huiying

HEAD = "编号,时间,标题,内容,区县\n"
RULE = """\
name: 停水
title: 停水
description: 同一地点一天内多人反映停水。
type: frequency
filter: 停水
query_key: [place]
num_events: {least}
"""
DAYS = ("--from", "2026-03-01", "--to", "2026-03-10")


@pytest.fixture
def rule_file(huiying: Huiying, tmp_path: Path) -> Path:
    rows = [f"{n},2026-03-05 1{n}:00,停水,幸福路{n}号停水了{n}天,南门街道\n" for n in range(4)]
    rows += ["9,2026-03-08 10:00,停水,花园里3栋突然停水,北门街道\n"]
    export = tmp_path / "export.csv"
    export.write_text(HEAD + "".join(rows), encoding="utf-8")
    assert huiying("import", export).code == 0
    file = tmp_path / "停水.yaml"
    file.write_text(RULE.format(least=3), encoding="utf-8")
    return file


def test_the_alerts_of_a_period_with_a_picture(huiying: Huiying, rule_file: Path) -> None:
    shown = huiying("rules", "backtest", rule_file, *DAYS)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.splitlines()[:2] == [
        "····█·····  1 条，每天 0.10 条，最多的一天 1 条",
        "每格 1 天，最高一格 1 条",
    ]
    (row,) = huiying("rules", "backtest", rule_file, *DAYS, "--format", "jsonl").rows
    assert (row["day"], row["labels"], row["value"]) == ("2026-03-05", {"place": "南门街道"}, 4.0)
    assert huiying("alerts", "list").out == ""


def test_an_edited_version_stands_beside_the_present_one(
    huiying: Huiying, rule_file: Path, tmp_path: Path
) -> None:
    edited = tmp_path / "edited.yaml"
    edited.write_text(RULE.format(least=1), encoding="utf-8")
    found = huiying("rules", "backtest", rule_file, *DAYS, "--compare", edited, "--format", "jsonl")
    assert [(row["in"], row["labels"]["place"]) for row in found.rows] == [
        ("both", "南门街道"),
        ("new", "北门街道"),
    ]
    lines = huiying("rules", "backtest", rule_file, *DAYS, "--compare", edited).out.splitlines()
    assert lines[2].startswith("·······█··  仅修改版")


def test_versions_are_measured_by_what_people_judged(
    huiying: Huiying, rule_file: Path, tmp_path: Path
) -> None:
    stricter = tmp_path / "edited.yaml"
    stricter.write_text(RULE.format(least=9), encoding="utf-8")
    assert huiying("rules", "change", rule_file, "--why", "试", "--force").code == 0
    assert huiying("rules", "run", "--now", "2026-03-05T20:00").code == 0
    (alert,) = (row for row in huiying("alerts", "list", "--format", "jsonl").rows if row["rule"] == "停水")
    assert huiying("alerts", "judge", alert["id"], "real").code == 0
    lines = huiying("rules", "backtest", "停水", *DAYS, "--compare", stricter).out.splitlines()
    present, edited = (line for line in lines if "人工判为属实" in line)
    assert present.startswith("现行版 — 人工判为属实或已知的 1 条中会报出 1 条（召回率 100%）")
    assert "误报 0 条（准确率 100%）" in present
    assert edited.startswith("修改版 — 人工判为属实或已知的 1 条中会报出 0 条（召回率 0%）")


def test_the_picture_is_a_file_that_stands_alone(huiying: Huiying, rule_file: Path, tmp_path: Path) -> None:
    edited, picture = tmp_path / "edited.yaml", tmp_path / "停水.svg"
    edited.write_text(RULE.format(least=1), encoding="utf-8")
    options = (*DAYS, "--compare", edited, "--every", "1h", "--picture", picture)
    shown = huiying("rules", "backtest", rule_file, *options)
    assert (shown.code, shown.err) == (0, "")
    told = "夜间（22时至次日7时）有 0 夜会把人叫醒，共通知 0 次"
    drawn = "".join(ElementTree.parse(picture).getroot().itertext())
    for said in ("停水  2026-03-01 — 2026-03-10", "两版都有 1", "仅修改版 1", f"修改版 — {told}"):
        assert said in drawn
    assert f"现行版 — {told}" in shown.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("没有", *DAYS), 'rule "没有": there is none'),
        (("紧急诉求", "--from", "三月", "--to", "2026-03-01"), '--from "三月": not a day'),
        (("紧急诉求", "--from", "2026-03-02", "--to", "2026-03-01"), "before --from"),
        (("紧急诉求", *DAYS, "--every", "often"), "is not a length of time"),
        (("紧急诉求", *DAYS, "--every", "0h"), "at least a minute"),
        (("紧急诉求", *DAYS, "--every", "2d"), "shorter than the time between two looks"),
        (("none.yaml", *DAYS), "none.yaml"),
        (("紧急诉求", *DAYS, "--version", "3"), 'rule "紧急诉求": no version 3'),
    ],
)
def test_what_cannot_be_tried_is_one_line(huiying: Huiying, arguments: tuple[str, ...], said: str) -> None:
    result = huiying("rules", "backtest", *arguments)
    assert (result.code in (1, 2), result.out, len(result.err.splitlines())) == (True, "", 1)
    assert said in result.err


def test_a_picture_that_cannot_be_written_is_one_line(
    huiying: Huiying, rule_file: Path, tmp_path: Path
) -> None:
    result = huiying("rules", "backtest", rule_file, *DAYS, "--picture", tmp_path / "none" / "a.svg")
    assert (result.code, len(result.err.splitlines())) == (2, 1)
    assert "name a file in a folder there is" in result.err


def test_a_picture_shows_the_tallest_full_and_nothing_as_a_dot() -> None:
    assert sparkline([0, 1, 4, 8], 8) == "·▁▄█"
    assert sparkline([0, 0], 0) == "··"
