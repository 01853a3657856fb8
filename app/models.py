"""Models of this installation: train a candidate, compare it, promote it, roll back.

A promoted model is used at once by every process (nlp.live_analyser), and what others have read is read again
in the background: new messages first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from app.settings import Settings
from app.wiring import Parts, open_parts
from nlp.analyser import Analyser
from nlp.answers import AnswerModel
from nlp.comparison import Comparison, compare_cards, compare_replies, compare_topics
from nlp.floors import read_floors, shortfalls
from nlp.model import Model
from nlp.model_files import SHIPPED
from nlp.model_shelf import ModelKind, ModelShelf, ShelvedModel
from records.errors import ConfigurationError
from records.job import JobKind
from records.run import AuditEntry

# Cross-validated figures under which a model is no use: the topics' are those of ten lines of TF-IDF and a
# linear machine on the messages that the shipped model learnt from, the readings' a tenth under the shipped
# model's. An installation may have its own.
FLOORS = "floors.json"
MOST_ORDINARY = 5_000


def train_candidate(
    kind: ModelKind,
    train: Callable[[Path], Mapping[str, Any]],
    shelf: ModelShelf,
    *,
    now: datetime,
) -> Mapping[str, Any]:
    """Let `train` make a model in a folder, put it on the shelf, return its card. It is not used yet."""
    with tempfile.TemporaryDirectory() as made:
        card = train(Path(made))
        shelf.put(kind, Path(made), now=now)
    return card


def listed(shelf: ModelShelf) -> Iterable[dict[str, Any]]:
    """Give what a person wants to know of each model."""
    for model in shelf.models():
        card = model.card
        measured = card.get(model.kind.value, {})
        yield {
            "kind": model.kind.value,
            "version": model.version,
            "live": model.is_live,
            "shipped": model.is_shipped,
            "trained_at": model.trained_at,
            "data": str(card.get("data_sha256", ""))[:12],
            "rows": card.get("rows"),
            "figures": model.fault
            or {name: value for name, value in measured.items() if not isinstance(value, Mapping)},
        }


def compare(
    first: ShelvedModel, second: ShelvedModel, rows: Sequence[Mapping[str, Any]] | None
) -> Comparison:
    """Return both models' figures on the labelled rows, else those on their cards.

    Raises ConfigurationError for models that do not do the same.
    """
    if first.kind is not second.kind:
        raise ConfigurationError(
            f"models {first.version} and {second.version}: {first.kind} and {second.kind} cannot be compared"
        )
    if rows is None:
        return compare_cards(first.card, second.card)
    if first.kind is ModelKind.TOPICS:
        return compare_topics(rows, Model.load(first.folder), Model.load(second.folder))
    if first.kind is ModelKind.REPLIES:
        return compare_replies(rows, AnswerModel.load(first.folder), AnswerModel.load(second.folder))
    raise ConfigurationError(f"models of {first.kind}: compared by their cards only (leave the file out)")


def ordinary_messages(settings: Settings) -> list[str]:
    """Return the first stored messages, title and text in one, to tell own topics from."""
    with open_parts(settings) as parts:
        kept = (post.whole_text for post in parts.database.posts.stream() if not post.is_purged)
        return list(islice(kept, MOST_ORDINARY))


def trained_topics(shelf: ModelShelf) -> tuple[str, ...]:
    """Return the topics of the model in use."""
    return shelf.load(ModelKind.TOPICS, Model.load).topics.labels


def promote(parts: Parts, version: str, *, force: bool = False, now: datetime) -> ShelvedModel:
    """Use this model from now on, everywhere, and have read again what others have read.

    Raises ConfigurationError for a model under the floors, unless `force`d.
    """
    shelf = ModelShelf(parts.settings.models_dir)
    model = shelf.get(version)
    short = [] if model.is_shipped else _shortfalls(model, parts.settings.models_dir)
    if short and not force:
        raise ConfigurationError(
            f"model {model.version}: {short[0]} (train it on more and better rows, or --force)"
        )
    shelf.promote(model, now=now)
    _read_again(parts, f"promote {model.kind}", model.version, now=now)
    return model


def roll_back(parts: Parts, kind: ModelKind, *, now: datetime) -> str | None:
    """Use what was in use before; return its version, None where that is no model.

    Raises ConfigurationError where nothing was promoted.
    """
    version = ModelShelf(parts.settings.models_dir).roll_back(kind, now=now)
    _read_again(parts, f"roll back {kind}", version or "none", now=now)
    return version


def _shortfalls(model: ShelvedModel, models: Path) -> list[str]:
    own = models / FLOORS
    floors = read_floors(own if own.exists() else SHIPPED / FLOORS)
    return shortfalls(model.card, floors.get(model.kind.value, {}))


def _read_again(parts: Parts, action: str, version: str, *, now: datetime) -> None:
    parts.database.audit.record(AuditEntry(at=now, actor="cli", action=action, subject=version))
    jobs = parts.database.jobs
    if jobs.queued:
        jobs.choose_model(Analyser.load(parts.settings.models_dir).model_version)
        jobs.defer(JobKind.CATCH_UP)
