"""Rules at the command line: explained in plain words, and the public register."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.conftest import Huiying


def test_a_rule_is_explained_in_plain_words(huiying: Huiying) -> None:
    result = huiying("rules", "explain", "多人反映同一问题")
    assert result.code == 0
    assert "何时预警：" in result.out


def test_an_unknown_rule_is_one_line_with_the_nearest(huiying: Huiying) -> None:
    result = huiying("rules", "explain", "多人反映同一问提")
    assert (result.code, result.out) == (2, "")
    assert result.err.splitlines() == [
        'huiying: rule "多人反映同一问提": there is none (did you mean "多人反映同一问题"?)'
    ]


def test_the_register_is_written_whole_or_not_at_all(huiying: Huiying, tmp_path: Path) -> None:
    file = tmp_path / "规则公示.md"
    result = huiying("rules", "register", "--file", file)
    assert (result.code, result.out) == (0, "")
    page = file.read_text(encoding="utf-8")
    assert "## 多人反映同一问题" in page
    assert huiying("rules", "register").out == page

    missing = huiying("rules", "register", "--file", tmp_path / "none" / "a.md")
    assert missing.code == 2
    assert len(missing.err.splitlines()) == 1


def test_a_rule_that_looks_back_less_far_than_the_schedule_is_refused(
    huiying: Huiying, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert huiying("rules", "check").code == 0
    monkeypatch.setenv("HUIYING_RULES_EVERY_S", "200000")
    result = huiying("rules", "check")
    assert result.code == 2
    assert "shorter than the 200000 s between two rounds" in result.err
    assert huiying("rules", "register").code == 2


def test_why_asks_one_rule(huiying: Huiying, tmp_path: Path) -> None:
    export = tmp_path / "export.csv"
    export.write_text("编号,时间,标题,内容\n1,2026-03-05 10:00,路灯,幸福路路灯不亮\n", encoding="utf-8")
    assert huiying("import", export, "--source", "board").code == 0
    said = {
        row["asked"]: row for row in huiying("why", "board/1", "--rule", "紧急诉求", "--format", "jsonl").rows
    }
    assert (said["规则启用"]["holds"], said["检索式 urgency:>=3"]["holds"]) == (True, False)

    unknown = huiying("why", "board/1", "--rule", "紧急诉")
    assert (unknown.code, len(unknown.err.splitlines())) == (2, 1)
    assert huiying("why", "board/2", "--rule", "紧急诉求").code == 1
