"""The generated reference pages, of settings and commands. `python -m app.reference` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from app.cli import build
from app.settings import PREFIX, Settings

DOCS = Path(__file__).resolve().parents[1] / "docs"


def settings_page() -> str:
    """Return docs/settings.md."""
    rows = [
        f"| `{name}` | `{PREFIX}{name.upper()}` | `{json.dumps(field.default, ensure_ascii=False)}` | "
        f"{field.description} |"
        for name, field in Settings.model_fields.items()
        if name != "data_dir"
    ]
    return "\n".join([
        "# Settings", "",
        "Defaults, then `huiying.toml` in the data folder, then the environment, then flags: the later wins. "
        "An unknown name is an error. `HUIYING_DATA_DIR` names the data folder itself.", "",
        "| in huiying.toml | in the environment | default | what |", "|---|---|---|---|", *rows, "",
    ])  # fmt: skip


def cli_page() -> str:
    """Return docs/cli.md."""
    lines = [
        "# Commands", "",
        "Help is in Chinese; with `HUIYING_LANGUAGE=en` it is in English. Commands that print records take "
        "`--format table|json|jsonl|csv`. Exit codes: 0 done, 1 not done, 2 asked or configured wrongly, "
        "130 interrupted.",
        "",
    ]  # fmt: skip
    for path, command in _commands(typer.main.get_command(build()), ()):
        lines += [f"## huiying {' '.join(path)}", "", command.help or "", ""]
        for parameter in command.params:
            if parameter.name != "help":
                lines.append(f"- {_names(parameter)}: {getattr(parameter, 'help', None) or parameter.name}")
        lines.append("")
    return "\n".join(lines)


def _commands(command: Any, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        return [(path, command)]
    return [found for name in sorted(children) for found in _commands(children[name], (*path, name))]


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{(parameter.metavar or parameter.name).upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


if __name__ == "__main__":
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")
    (DOCS / "cli.md").write_text(cli_page(), encoding="utf-8")
