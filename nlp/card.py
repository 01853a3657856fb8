"""The model card: what a model was trained on, how well it does, and what it must not be used for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlp.model_files import write_whole

LIMITS = (
    "It reads what a message is about and what its writer wants. It reads nothing about the writer.",
    "It knows the labels it was trained on and no others; a message about something else gets the nearest"
    " one, usually under the threshold, and then counts as unknown.",
    "It was trained on messages to public bodies of one Chinese province, in simplified Chinese.",
    "A probability is right on average over many messages, not for one.",
)


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write card.json and card.md into `folder`."""
    whole = {**card, "limits": list(LIMITS)}
    write_whole(folder / "card.json", (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode())
    write_whole(folder / "card.md", _markdown(card).encode())


def _markdown(card: Mapping[str, Any]) -> str:
    lines = [
        f"# Model {card['version']}",
        "",
        f"Trained on {card['rows']} labelled messages (sha256 of the file `{card['data_sha256']}`).",
        "Written by `huiying train`; the figures are cross-validated, with 60 % of titles left out.",
    ]
    for part in ("topics", "intents"):
        lines += ["", f"## {part.capitalize()}", "", *_table(card[part])]
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in LIMITS), ""]
    return "\n".join(lines)


def _table(figures: Mapping[str, Any]) -> list[str]:
    return [
        f"Macro-F1 {figures['macro_f1']}, at 90 % coverage {figures['macro_f1_at_90_coverage']},"
        f" expected calibration error {figures['ece']}, {figures['rows']} rows.",
        "",
        "| label | precision | recall | F1 | rows |",
        "|---|---|---|---|---|",
        *(
            f"| {label} | {f['precision']} | {f['recall']} | {f['f1']} | {f['rows']} |"
            for label, f in figures["per_class"].items()
        ),
    ]
