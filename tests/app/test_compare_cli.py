"""Two periods compared at the command line."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.app.conftest import Huiying
from tests.app.test_coverage_cli import fill as fill_with_gap

FIRST = date(2026, 1, 5)
NOW = "2026-03-20T12:00"


@pytest.fixture
def town(huiying: Huiying, tmp_path: Path) -> Huiying:
    """A report a day of a broken lamp, in the last week before NOW six of a water cut a day as well."""
    rows = []
    for number in range(74):
        day = FIRST + timedelta(days=number)
        texts = ["望山路的路灯坏了一个月。"] + ["滨河路从昨天早上开始停水。"] * (6 if number >= 67 else 0)
        rows += [
            {"id": f"{day}-{n}", "text": text, "asked_at": f"{day} 08:30:00"} for n, text in enumerate(texts)
        ]
    file = tmp_path / "town.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert huiying("import", file).code == 0
    return huiying


def test_two_periods_are_compared_and_told(town: Huiying, tmp_path: Path) -> None:
    asked = ("compare", "--by", "channel", "--now", NOW)
    [row] = town(*asked, "--format", "jsonl").rows
    assert (row["key"], row["before"], row["now"], row["change"]) == ("hotline", 7, 49, "rose")
    [quiet] = town(*asked, "--query", "路灯", "--format", "jsonl").rows
    assert (quiet["before"], quiet["now"], quiet["change"]) == (7, 7, "steady")
    table = town(*asked)
    assert "热线" in table.out
    assert "增多" in table.out
    assert "合计：2026-03-13 – 2026-03-19 共 49 件；2026-03-06 – 2026-03-12 共 7 件" in table.err
    assert "读法：“应有”是按此前的件数" in table.err
    later, earlier = ("--from", "2026-03-01", "--to", "2026-03-05"), ("--with-from", "2026-02-01")
    [stated] = town(*asked, *later, *earlier, "--with-to", "2026-02-20", "--format", "jsonl").rows
    assert (stated["before"], stated["now"]) == (20, 5)
    fill_with_gap(tmp_path / "data")
    told = town(*asked).err
    assert "来源（2026-03-06 – 2026-03-12）：" in told
    assert "north信箱（失联，2026-03-08 12:00 至 2026-03-14 12:00）" in told
    assert "未计入：来源 north信箱 有一段大半未采集，两段都不计入。" in told


def test_what_cannot_be_compared_is_one_line(town: Huiying) -> None:
    for asked, code, said in (
        (["--by", "topics"], 1, '"topics" is no field to compare by (did you mean "topic"?)'),
        (["--by", "topic", "--from", "gestern"], 2, '--from "gestern": not a day'),
        (["--by", "topic", "--from", "2026-03-05", "--to", "2026-03-01"], 1, "ends before it starts"),
        (["--by", "topic", "--with-to", "2026-03-15"], 1, "not over before"),
        (["--by", "topic", "--to", "2026-03-20"], 1, "the last whole day is 2026-03-19"),
        (["--by", "topic", "--year-before"], 1, "no message was asked in it"),
        (["--by", "topic", "--query", "(("], 1, "query, character 3: a bracket is not closed"),
    ):
        result = town("compare", *asked, "--now", NOW)
        assert (result.code, len(result.err.splitlines())) == (code, 1)
        assert said in result.err
