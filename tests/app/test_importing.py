"""Imports as an installation does them: stored mappings, the watched folder, running again."""

from __future__ import annotations

import json
from pathlib import Path

from tests.app.conftest import Huiying

EXPORT = "编号,标题,诉求内容,受理时间,联系电话\n1,路灯,路灯坏了三天。,2026-03-01,13912345678\n"


def test_a_mapping_is_guessed_shown_stored_and_found(huiying: Huiying, tmp_path: Path) -> None:
    export = tmp_path / "town.csv"
    export.write_text(EXPORT, "utf-8")
    shown = huiying("import", export, "--dry-run", "--save-mapping", "热线", "--format", "json")
    (table,) = json.loads(shown.out)["tables"]
    stored = tmp_path / "data" / "mappings" / "热线.yaml"
    assert stored.read_text("utf-8").splitlines() == [
        f"{field}: {column}" for field, column in table["columns"]["by_field"].items()
    ]
    assert "电话" not in stored.read_text("utf-8")
    stored.write_text("text: 经过\nasked_at: 哪天\n", "utf-8")
    export.write_text("经过,哪天\n停水了,2026-03-01\n", "utf-8")
    imported = huiying("import", export, "--mapping", "热线", "--format", "json")
    assert json.loads(imported.out)["stored"] == 1


def test_a_stored_mapping_is_not_overwritten_and_a_wrong_name_is_one_line(
    huiying: Huiying, tmp_path: Path
) -> None:
    export = tmp_path / "town.csv"
    export.write_text(EXPORT, "utf-8")
    for _ in range(2):  # the same again is no conflict
        assert huiying("import", export, "--dry-run", "--save-mapping", "hotline").code == 0
    export.write_text("内容,时间\n停水了,2026-03-01\n", "utf-8")
    taken = huiying("import", export, "--dry-run", "--save-mapping", "hotline")
    assert (taken.code, "is stored already" in taken.err) == (2, True)
    outside = huiying("import", export, "--dry-run", "--save-mapping", "../hotline")
    assert (outside.code, "no name" in outside.err) == (2, True)
    wrong = huiying("import", export, "--mapping", "hotlin")
    assert (wrong.code, 'did you mean "hotline"' in wrong.err) == (2, True)
