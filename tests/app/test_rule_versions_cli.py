"""`huiying rules change|versions|restore` as a person runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.conftest import Huiying

WATER = """\
name: 停水
title: 停水
description: 同一地点一天内多人反映停水。
type: frequency
filter: 停水
query_key: [place]
num_events: 3
"""
DAYS = ("--from", "2026-03-01", "--to", "2026-03-02")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "停水.yaml"
    path.write_text(WATER, encoding="utf-8")
    return path


def test_a_rule_goes_live_after_a_backtest_and_comes_back(huiying: Huiying, file: Path) -> None:
    refused = huiying("rules", "change", file, "--why", "新设")
    assert (refused.code, len(refused.err.splitlines())) == (1, 1)
    assert "not tried out on the past as it is now" in refused.err
    assert huiying("rules", "backtest", file, *DAYS).code == 0
    live = huiying("rules", "change", file, "--why", "新设")
    assert (live.code, live.out) == (0, "")
    assert "规则“停水”第 1 版已生效（回看 2026-03-01 至 2026-03-02：0 条）" in live.err
    assert "停水" in huiying("rules", "explain", "停水").out

    file.write_text(WATER.replace("3", "2"), encoding="utf-8")
    assert huiying("rules", "change", file, "--why", "太迟", "--force").code == 0
    assert huiying("rules", "restore", "停水", "1", "--why", "太吵").code == 0
    rows = huiying("rules", "versions", "停水", "--format", "jsonl").rows
    assert [(row["version"], row["who"], row["why"], row["tried"]) for row in rows] == [
        (3, "cli", "太吵", "回看 2026-03-01 至 2026-03-02：0 条"),
        (2, "cli", "太迟", "未回看"),
        (1, "cli", "新设", "回看 2026-03-01 至 2026-03-02：0 条"),
    ]
    assert huiying("rules", "versions", "停水", "--show", "1").out == WATER
    assert huiying("rules", "versions", "停水", "--diff", "1", "2").out.splitlines()[-2:] == [
        "-num_events: 3",
        "+num_events: 2",
    ]


def test_a_kept_version_is_tried_beside_the_present_one(huiying: Huiying, file: Path) -> None:
    assert huiying("rules", "change", file, "--why", "新设", "--force").code == 0
    file.write_text(WATER.replace("3", "2"), encoding="utf-8")
    assert huiying("rules", "change", file, "--why", "太迟", "--force").code == 0
    refused = huiying("rules", "restore", "停水", "1", "--why", "太吵")
    assert (refused.code, "not tried out" in refused.err) == (1, True)
    assert huiying("rules", "backtest", "停水", *DAYS, "--version", "1").code == 0
    assert huiying("rules", "restore", "停水", "1", "--why", "太吵").code == 0


def test_an_edited_file_is_a_version_of_its_own(huiying: Huiying, tmp_path: Path) -> None:
    assert huiying("rules", "run").code == 0
    shipped = tmp_path / "data" / "rules" / "urgent.yaml"
    shipped.write_text(
        shipped.read_text("utf-8").replace("timeframe: 24h", "timeframe: 48h"), encoding="utf-8"
    )
    rows = huiying("rules", "versions", "紧急诉求", "--format", "jsonl").rows
    assert [(row["version"], row["who"], row["tried"]) for row in rows] == [
        (2, "file", "未回看"),
        (1, "file", "未回看"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("versions", "没有"), 1, 'rule "没有": no version is kept'),
        (("versions", "紧急诉求", "--show", "7"), 1, "no version 7"),
        (("restore", "紧急诉求", "7", "--why", "试"), 1, "no version 7"),
        (("change", "none.yaml", "--why", "试"), 2, 'rule file "none.yaml": No such file'),
    ],
)
def test_what_is_not_there_is_one_line(
    huiying: Huiying, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = huiying("rules", *arguments)
    assert (result.code, result.out, len(result.err.splitlines())) == (code, "", 1)
    assert said in result.err
