"""The model card: what a model was trained on, how well it does, and what it must not be used for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nlp.model_files import CARD, CARD_TEXT, write_whole

LIMITS = (
    "It reads what a message is about and what its writer wants. It reads nothing about the writer.",
    "It knows the labels it was trained on and no others; a message about something else gets the nearest"
    " one, usually under the threshold, and then counts as unknown.",
    "It reads best what is like its training data. That of the shipped one are messages to public bodies of"
    " one Chinese province, in simplified Chinese.",
    "A probability is right on average over many messages, not for one.",
)


def write_card(folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
    """Write card.json and card.md into `folder`; return the card.

    Beside version, data_sha256 and rows, each mapping of the card is a part with figures of its own.
    """
    whole = {**card, "limits": list(card.get("limits", LIMITS))}
    write_whole(folder / CARD, (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode())
    write_whole(folder / CARD_TEXT, _markdown(whole).encode())
    return whole


def _markdown(card: Mapping[str, Any]) -> str:
    lines = [
        f"# Model {card['version']}",
        "",
        f"Trained on {card['rows']} messages (sha256 of the data `{card['data_sha256']}`).",
        "Written by `huiying train`; the figures are of messages that the measured model had not seen.",
    ]
    for part, figures in card.items():
        if isinstance(figures, Mapping) and part != "labels":
            lines += ["", f"## {part.capitalize()}", "", *_part(figures)]
    lines += ["", "## Limits", "", *(f"- {limit}" for limit in card["limits"]), ""]
    return "\n".join(lines)


def _part(figures: Mapping[str, Any]) -> Iterator[str]:
    """Give the plain figures in a line, and of each class, or each reading, a row of a table."""
    plain = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in figures.items()
        if not isinstance(value, Mapping)
    ]
    if plain:
        yield f"{', '.join(plain)}."
    nested = {
        name: each for name, each in figures.items() if isinstance(each, Mapping) and name != "per_class"
    }
    if classes := figures.get("per_class") or nested:
        columns = list(next(iter(classes.values())))
        yield ""
        yield f"| label | {' | '.join(columns)} |"
        yield f"|---|{'---|' * len(columns)}"
        for label, row in classes.items():
            yield f"| {label} | {' | '.join(str(row[name]) for name in columns)} |"
