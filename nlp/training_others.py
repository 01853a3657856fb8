"""Train what is no topic: readings, which replies go with which questions, and what words mean."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nlp.answers import AnswerModel, fit_answers
from nlp.card import write_card
from nlp.matter import fit_matter
from nlp.readings_training import train_readings
from nlp.replies import MOST_ROWS, rank_questions
from nlp.training_data import AnsweredRow, read_answered, read_labels, read_lines, read_texts

# Replies are measured in thirds, each ranked by what the other two taught; the model itself learns from all.
THIRDS = 3


def train_replies(data: Path, out: Path) -> dict[str, Any]:
    """Learn from messages and their replies, write model and card into `out`; return the card.

    Raises ConfigurationError naming the line that cannot be used.
    """
    rows = read_answered(data)
    figures = measure_replies(rows)
    saved = _fit(rows, out)
    return write_card(
        out,
        {
            "version": saved.version,
            "data_sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
            "rows": len(rows),
            "replies": figures,
        },
    )


def measure_replies(rows: Sequence[AnsweredRow]) -> dict[str, Any]:
    """Return rows, mrr and first (share ranked first), each reply ranked by a model that saw neither it nor
    its question, among the questions of its third; `candidates` is the size of the largest.
    """
    # Not by the place in the file: copies stand beside each other, and would be seen by both.
    drawn = np.random.default_rng(0).permutation(len(rows)) % THIRDS
    ranks = []
    for part in range(THIRDS):
        seen = [row for row, at in zip(rows, drawn, strict=True) if at != part]
        with tempfile.TemporaryDirectory() as folder:
            model = _fit(seen, Path(folder))
        unseen = [row for row, at in zip(rows, drawn, strict=True) if at == part]
        ranks.append(_ranks(unseen[:MOST_ROWS], model))
    every = np.concatenate(ranks)
    return {
        "rows": len(every),
        "candidates": max(map(len, ranks)),
        "mrr": round(float((1 / every).mean()), 4),
        "first": round(float(np.mean(every == 1)), 4),
    }


def train_matter(data: Path, out: Path) -> dict[str, Any]:
    """Learn word vectors from messages, write model and card into `out`; return the card.

    What it is good for is measured by `huiying evaluate problems`: it needs known problems.
    Raises ConfigurationError naming the line that cannot be used.
    """
    texts = read_texts(data)
    saved = fit_matter(texts, out)
    return write_card(
        out,
        {
            "version": saved.version,
            "data_sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
            "rows": len(texts),
            "matter": {"words": len(saved.names)},
        },
    )


def train_readings_of(
    data: Sequence[Path],
    out: Path,
    *,
    messages: Sequence[Path] = (),
    also: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Learn intent, dissatisfaction and urgency, write model and card into `out`; return the card.

    `data` are labels (nlp.training_data.read_labels), whose texts stand beside them or in the files of
    `messages`; `also` are more of them, with their texts. Raises ConfigurationError naming the line that
    cannot be used, Rejected for a label without its text.
    """
    labels = [*read_labels(data), *also]
    texts: list[Mapping[str, Any]] = [
        row for path in messages for _, row in read_lines(path, needed=("id", "text"))
    ]
    texts += [row for row in labels if "text" in row]
    figures = train_readings(texts, labels, out)
    digest = hashlib.sha256()
    for path in (*data, *messages):
        digest.update(path.read_bytes())
    if also:
        digest.update(json.dumps(list(also), ensure_ascii=False, sort_keys=True).encode())
    return write_card(
        out,
        {
            "version": figures.pop("version"),
            "data_sha256": digest.hexdigest(),
            "rows": figures.pop("messages"),
            "readings": figures,
        },
    )


def _fit(rows: Sequence[AnsweredRow], folder: Path) -> AnswerModel:
    return fit_answers(
        [row.question for row in rows],
        [row.reply for row in rows],
        asked=[row.asked_at for row in rows],
        replied=[row.replied_at for row in rows],
        folder=folder,
    )


def _ranks(rows: Sequence[AnsweredRow], model: AnswerModel) -> Any:
    return rank_questions(
        [row.question for row in rows],
        [row.reply for row in rows],
        asked=[row.asked_at for row in rows],
        replied=[row.replied_at for row in rows],
        model=model,
    )
