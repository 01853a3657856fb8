from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from app.cli import build_command, run_command


@dataclass(frozen=True)
class Result:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Huiying = Callable[..., Result]


@cache
def _command(_language: str | None) -> Any:
    # Building it takes longer than most commands do.
    return build_command()


@pytest.fixture
def huiying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Huiying:
    """Run the command line on an installation of its own, as a person would."""
    monkeypatch.setenv("HUIYING_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        command = _command(os.environ.get("HUIYING_LANGUAGE"))
        with pytest.raises(SystemExit) as ended:
            run_command(command, [str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Result(int(ended.value.code or 0), out, err)

    return run
