"""Learn the readings from labelled messages: the same data gives the same bytes.

Labels hold no text: they are joined with the messages by id and SHA-1. Messages that two labellers read are
cross-validated; those read once only teach; labels marked `held_out` do neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.svm import LinearSVC

from nlp.evaluation import dissatisfaction_level, labelled_row, text_key
from nlp.facts import FactReader, Facts
from nlp.figures import cohen_kappa
from nlp.grams import Floats
from nlp.intent import LEARNT_INTENTS
from nlp.linear import TextScorer, counted
from nlp.model import Model
from nlp.model_files import SHIPPED
from nlp.quoting import own_words
from nlp.readings import FOLDER, LEARNT_CODES, N_LEVELS, Message, ReadingsModel
from nlp.segment import normal_words, normalise
from nlp.topics import TopicDecider
from nlp.training import calibrated
from nlp.training_data import is_full
from records.analysis import UrgencyCode
from records.errors import ConfigurationError
from records.times import parse_time

# All of docs/decisions/009-readings.md, by 5 folds drawn 4 times over 656 messages.
READ_CHARS = 650  # of a text: what the labellers read, and as much as training reads
DIRECTIONS, DIRECTION_SCALE, HINT_SCALE = (
    100,
    2.0,
    0.3,
)  # latent semantic ones of all messages; kappas move by 0.002 to 300
RIDGE_PENALTY, SVM_PENALTY = 2.0, 0.1
FOLDS, ROUNDS, SEED = 5, 5, 0
FEWEST_LABELS = 50
FLOOR_CHOICES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)

# Terms with the name of a body or an office are not learnt from: the same facts weigh the same whoever
# failed.
BODY_CHARS = frozenset("局府委政党警厅官署")
BODIES = (
    *(
        "公安",
        "城管",
        "法院",
        "信访",
        "社区",
        "物业",
        "公司",
        "开发",
        "发商",
        "部门",
        "街道",
        "办事处",
        "机关",
        "单位",
    ),
    *(
        "书记",
        "领导",
        "市长",
        "县长",
        "区长",
        "镇长",
        "乡长",
        "村长",
        "局长",
        "校长",
        "干部",
        "国家",
        "上级",
        "人大",
    ),
    *("纪检", "巡视", "村支", "村干", "有关", "关部"),
)
_UNDATED = datetime(2020, 1, 1, tzinfo=UTC)

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Lessons:
    """Messages with labels: features (n, n_features) and what to give for each.

    `levels` (n, 2 + n_codes) are means over the labellers, NaN where none told; `intents` theirs; `read`
    their labels, those that state all three readings first. `messages` are what rules need to turn outputs
    into readings.
    """

    features: Any
    levels: Reals
    intents: list[list[int]]
    read: list[list[Mapping[str, Any]]]
    messages: list[Message]


def train_readings(
    messages: Iterable[Mapping[str, Any]],
    labels: Iterable[Mapping[str, Any]],
    out: Path = FOLDER,
    *,
    model: Model | None = None,
) -> dict[str, Any]:
    """Train on `labels` of one or more labellers, write the model into `out`, return its figures.

    `messages` hold id, title and text; all of them, labelled or not, show how words go together. Raises
    Rejected("unknown_text") for a label without its text, ConfigurationError for too few labels. Takes about
    a minute for 12,000 messages and 1,000 labels.
    """
    known = {text_key(row): row for row in messages}
    by_key: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for label in labels:
        labelled_row(known, label)
        by_key.setdefault((str(label["id"]), label["sha1"]), []).append(label)
    by_key = {
        key: sorted(read, key=lambda label: not is_full(label))
        for key, read in by_key.items()
        if not any(label.get("held_out") for label in read)
    }
    if len(by_key) < FEWEST_LABELS:
        raise ConfigurationError(f"labels of {len(by_key)} messages: too few (give at least {FEWEST_LABELS})")
    reader = _Reader(model or Model.load(SHIPPED))
    directions = _directions(reader, reader.terms(list(known.values())))
    lessons = _lessons(reader, [known[key] for key in by_key], list(by_key.values()), directions)
    saved, figures = _fit(reader, lessons, directions)
    figures["version"] = saved.save(out).version
    return figures


class _Reader:
    """The topic model's terms and the tables' facts of messages."""

    def __init__(self, model: Model) -> None:
        self.scorer: TextScorer = model.scorer
        self.n_topics = len(model.topics.labels)
        self.named = model.named
        self.tables = FactReader.load()
        names = [*self.scorer.words.columns, *self.scorer.grams.spelled()]
        kept = np.array([not is_body(name) for name in names]) & np.append(
            ~self.named, np.ones(len(names) - len(self.named), dtype=bool)
        )
        self.kept = sparse.diags_array(kept.astype(np.float32))

    def terms(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Return the unit TF-IDF of words and of n-grams side by side, CSR (n, n_terms)."""
        texts = [counted(normalise(row.get("title") or ""), _own_text(row)) for row in rows]
        weighed = self.scorer.weigh([normal_words(text) for text in texts], texts)
        return (weighed[: len(texts)] + weighed[len(texts) :]) @ self.kept

    def facts(self, rows: Sequence[Mapping[str, Any]]) -> tuple[list[Facts], Floats]:
        """Return the facts of each message, and the columns that the readings have of them."""
        facts = [self.tables.read(_shown(row)) for row in rows]
        titles = [normalise(row.get("title") or "") for row in rows]
        texts = [_own_text(row) for row in rows]
        return facts, self.tables.columns(facts, titles, texts)


def is_body(term: str) -> bool:
    """Return whether a term is, or is part of, the name of a body or an office."""
    return not BODY_CHARS.isdisjoint(term) or any(body in term for body in BODIES)


def _shown(row: Mapping[str, Any]) -> str:
    return f"{normalise(row.get('title') or '')}\n{_own_text(row)}"


def _own_text(row: Mapping[str, Any]) -> str:
    return own_words(normalise(row["text"][:READ_CHARS]))


def _directions(reader: _Reader, terms: Any) -> Floats:
    """Return (n_terms, n_directions): those in which the messages differ most, and those of the intents that
    titles taught."""
    svd = TruncatedSVD(min(DIRECTIONS, terms.shape[0] - 1), random_state=SEED).fit(terms)
    taught = reader.scorer.weights
    hints = HINT_SCALE * taught[:, reader.n_topics :]
    found: Floats = np.hstack([DIRECTION_SCALE * svd.components_.T, hints]).astype(np.float32)
    return found


def _lessons(
    reader: _Reader,
    rows: Sequence[Mapping[str, Any]],
    read: list[list[Mapping[str, Any]]],
    directions: Floats,
) -> _Lessons:
    terms = reader.terms(rows)
    facts, columns = reader.facts(rows)
    levels = [_means(np.array([_targets(label) for label in each])) for each in read]
    names = [str(intent) for intent in LEARNT_INTENTS]
    return _Lessons(
        features=sparse.hstack([terms, terms @ directions, columns], format="csr"),
        levels=np.array(levels),
        intents=[
            [names.index(label["intent"]) for label in each if label.get("intent") in names] for each in read
        ],
        read=read,
        messages=[
            Message(
                title=normalise(row.get("title") or ""),
                text=_own_text(row),
                whole=_shown(row),
                asked_at=parse_time(row["asked_at"]) if row.get("asked_at") else _UNDATED,
                facts=found,
            )
            for row, found in zip(rows, facts, strict=True)
        ],
    )


def _targets(label: Mapping[str, Any]) -> list[float]:
    """Return the levels, then 1 for each code that is a reason; NaN for what the label does not tell."""
    levels = [float(label.get(name, np.nan)) for name in ("dissatisfaction", "urgency")]
    if "reasons" in label or levels[1] == 0:
        return [*levels, *(float(str(code) in label.get("reasons", ())) for code in LEARNT_CODES)]
    return [*levels, *[np.nan] * len(LEARNT_CODES)]


def _means(rows: Reals) -> Reals:
    """Return the mean of each column's known values, NaN where none is known."""
    known = ~np.isnan(rows)
    sums = np.where(known, rows, 0.0).sum(axis=0)
    means: Reals = np.divide(
        sums, known.sum(axis=0), out=np.full(sums.shape, np.nan), where=known.any(axis=0)
    )
    return means


def _weights(features: Any, lessons: _Lessons, rows: npt.NDArray[np.int64]) -> Reals:
    """Return (n_features + 1, n_out), the last row being the bias, learnt from these rows alone."""
    columns = []
    for levels in lessons.levels.T:
        known = rows[~np.isnan(levels[rows])]
        ridge = Ridge(RIDGE_PENALTY, solver="sparse_cg", tol=1e-6).fit(features[known], levels[known])
        columns.append(np.append(ridge.coef_, ridge.intercept_)[:, None])
    repeats = [row for row in rows for _ in lessons.intents[row]]
    intents = np.array([intent for row in rows for intent in lessons.intents[row]])
    for intent in range(len(LEARNT_INTENTS)):
        svm = LinearSVC(C=SVM_PENALTY, class_weight="balanced", random_state=SEED)
        svm.fit(features[repeats], intents == intent)
        columns.append(np.append(svm.coef_[0], svm.intercept_[0])[:, None])
    return np.hstack(columns)


def _read_twice(lessons: _Lessons) -> npt.NDArray[np.int64]:
    return np.flatnonzero([sum(map(is_full, each)) > 1 for each in lessons.read])


def _held_out(lessons: _Lessons, seed: int) -> Reals:
    """Return outputs (n, n_out), each message's from weights that did not see it; of those read twice."""
    features = lessons.features
    twice = _read_twice(lessons)
    once = np.setdiff1d(np.arange(len(lessons.read)), twice)
    scores = np.zeros((features.shape[0], N_LEVELS + len(LEARNT_CODES) + len(LEARNT_INTENTS)))
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=seed).split(twice):
        weights = _weights(features, lessons, np.concatenate([twice[seen], once]))
        scores[twice[unseen]] = features[twice[unseen]] @ weights[:-1] + weights[-1]
    return scores


def _fit(reader: _Reader, lessons: _Lessons, directions: Floats) -> tuple[ReadingsModel, dict[str, Any]]:
    twice = _read_twice(lessons)
    rounds = [_held_out(lessons, seed)[twice] for seed in range(ROUNDS)]
    weights = _weights(lessons.features, lessons, np.arange(len(lessons.messages)))
    deciders = [_decider(scores, lessons, twice) for scores in rounds]
    n_terms, n_words = directions.shape[0], len(reader.scorer.words.columns)
    by_term = weights[:n_terms] + directions @ weights[n_terms : n_terms + directions.shape[1]]
    by_term = reader.kept @ by_term
    kept = ~reader.named  # no name of a person is stored, however many share it
    words = np.array(list(reader.scorer.words.columns), dtype=object)
    model = ReadingsModel(
        version="",
        words=tuple(words[kept]),
        grams=reader.scorer.grams,
        word_weights=by_term[:n_words][kept].astype(np.float32),
        gram_weights=by_term[n_words:].astype(np.float32),
        fact_weights=weights[n_terms + directions.shape[1] : -1].astype(np.float32),
        bias=weights[-1].astype(np.float32),
        kinds=reader.tables.kinds,
        cuts=_cuts(rounds[0][:, 0], lessons.levels[twice, 0]),
        floors=_floors(rounds[0], lessons, twice),
        intents=deciders[0],
    )
    figures = {"messages": len(lessons.messages), "read_twice": len(twice), "rounds": ROUNDS}
    return model, {**figures, **_figures(rounds, model, lessons, twice)}


def _cuts(raw: Reals, levels: Reals) -> tuple[float, ...]:
    """Return raw scores for 0, 0.25, 0.5, 0.75 and 1 that give each level as often as the labellers did."""
    shares = [float(np.mean(levels < level - 0.25)) for level in (1, 2, 3)]
    marks = np.quantile(raw, [0.005, *shares, 0.995])
    return tuple(round(float(mark), 4) for mark in np.maximum.accumulate(marks + np.arange(5) * 1e-4))


def _floors(scores: Reals, lessons: _Lessons, rows: npt.NDArray[np.int64]) -> dict[UrgencyCode, float]:
    """Return for each code the score above which its cues are right most often, by F1."""
    floors = {}
    for at, code in enumerate(LEARNT_CODES, start=N_LEVELS):
        cued = np.array([lessons.messages[row].facts.names(code) for row in rows])
        true = lessons.levels[rows, at] > 0.25  # false where no reasons were told
        f1 = [_f1(cued & (scores[:, at] > floor), true) for floor in FLOOR_CHOICES]
        floors[code] = FLOOR_CHOICES[int(np.argmax(f1))]
    return floors


def _f1(given: npt.NDArray[np.bool_], true: npt.NDArray[np.bool_]) -> float:
    return 2 * float((given & true).sum()) / max(1.0, float(given.sum() + true.sum()))


def _decider(scores: Reals, lessons: _Lessons, rows: npt.NDArray[np.int64]) -> TopicDecider:
    pairs = [(at, intent) for at, row in enumerate(rows) for intent in lessons.intents[row]]
    outputs = scores[[at for at, _ in pairs], N_LEVELS + len(LEARNT_CODES) :].astype(np.float32)
    names = [str(intent) for intent in LEARNT_INTENTS]
    return calibrated(names, outputs, np.array([intent for _, intent in pairs]), coverage=1.0)


def _figures(
    rounds: Sequence[Reals], model: ReadingsModel, lessons: _Lessons, rows: npt.NDArray[np.int64]
) -> dict[str, Any]:
    kappas = [_kappas(scores, model, lessons, rows) for scores in rounds]
    return {
        reading: {
            "kappa": round(float(np.mean([each[reading] for each in kappas])), 4),
            "spread": round(float(np.std([each[reading] for each in kappas])), 4),
            "labellers": round(
                cohen_kappa(*([lessons.read[row][who][reading] for row in rows] for who in range(2))), 4
            ),
        }
        for reading in kappas[0]
    }


def _kappas(
    scores: Reals, model: ReadingsModel, lessons: _Lessons, rows: npt.NDArray[np.int64]
) -> dict[str, float]:
    """Return the mean kappa over both labellers; each intent and level is as the product would read it."""
    found = model.read([lessons.messages[row] for row in rows], scores.astype(np.float32))
    machine: dict[str, list[Any]] = {
        "intent": [str(each.intent) for each in found],
        "dissatisfaction": [dissatisfaction_level(each.dissatisfaction) for each in found],
        "urgency": [each.urgency for each in found],
    }
    return {
        reading: float(
            np.mean(
                [cohen_kappa([lessons.read[row][who][reading] for row in rows], guesses) for who in range(2)]
            )
        )
        for reading, guesses in machine.items()
    }
