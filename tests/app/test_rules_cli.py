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
