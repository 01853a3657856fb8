"""Learning an installation's own topics (nlp.own_topics) from their definitions and examples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy import sparse

from nlp.card import write_card
from nlp.linear import unit_tfidf
from nlp.model_files import packed, save_model
from nlp.own_topics import NAME, OwnTopicsModel
from nlp.segment import is_person_name, normal_words, normalise
from nlp.vocabulary import inverse_frequency, learn_grams, learn_words
from records.errors import ConfigurationError

FEWEST_EXAMPLES = 5
FEWEST_MESSAGES = 200  # ordinary ones
FOLDS, SEED, PENALTY = 5, 0, 1.0
MOST_ROUNDS = 20_000  # a topic that ordinary messages hold too is not separated within the usual thousand
# A topic's threshold lets in at most one of fifty ordinary messages. Where four of five of its own examples
# lie above that, it is half-way to them: a handful of examples is more alike than what is to be found.
MISSED, LET_IN = 0.2, 0.02


class OwnTopic(BaseModel):
    """One topic as a person defines it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=2, max_length=20)
    definition: str = Field(min_length=10, max_length=500)
    examples: tuple[str, ...] = Field(min_length=FEWEST_EXAMPLES)


class _Definitions(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: tuple[OwnTopic, ...] = Field(min_length=1)


def read_definitions(path: Path, *, trained: Sequence[str] = ()) -> tuple[OwnTopic, ...]:
    """Return the topics of a YAML file. Raises ConfigurationError naming the one that cannot be taken.

    Whether a topic is about a service cannot be told by a machine; the public register is there for people to
    see it. The name of a person is refused, and so is that of one of the `trained` topics.
    """
    try:
        found = _Definitions.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise ConfigurationError(f"own topics {path}: {' '.join(str(err).split())} (give YAML)") from err
    except ValidationError as err:
        first = err.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ConfigurationError(f"own topics {path}: {where}: {first['msg']}") from err
    names = [topic.name for topic in found.topics]
    for at, name in enumerate(names):
        if is_person_name(name):
            raise ConfigurationError(
                f'own topics {path}: "{name}" is the name of a person: topics are about services, never about'
                " people (name the matter)"
            )
        if name in trained or name in names[:at]:
            raise ConfigurationError(f'own topics {path}: "{name}" is a topic already (choose another name)')
    return found.topics


def train_own(
    data: Path,
    out: Path,
    *,
    ordinary: Sequence[str],
    trained: Sequence[str] = (),
    mask: Callable[[str], str] = str,
) -> dict[str, Any]:
    """Learn the topics of the YAML file `data`, write model and card into `out`; return the card.

    `ordinary` are messages of all kinds; `mask` takes personal details out of the examples.
    """
    topics = read_definitions(data, trained=trained)
    if len(ordinary) < FEWEST_MESSAGES:
        raise ConfigurationError(
            f"own topics {data}: {len(ordinary)} ordinary messages to tell them from are too few (import"
            f" messages first, or --messages FILE; {FEWEST_MESSAGES} at least)"
        )
    examples = [mask(text) for topic in topics for text in topic.examples]
    of_topic = np.repeat(np.arange(len(topics)), [len(topic.examples) for topic in topics])
    belongs = np.concatenate([of_topic, np.full(len(ordinary), -1)])
    arrays, features = _terms([normalise(text) for text in (*examples, *ordinary)])
    learnt = [_learn(features, belongs == at) for at in range(len(topics))]
    weights = np.stack([weights for weights, _, _ in learnt], axis=1).astype(np.float32)
    n_words = len(arrays["word_idf"])
    arrays |= {
        "word_weights": weights[:n_words],
        "gram_weights": weights[n_words:-1],
        "bias": weights[-1],
        "thresholds": np.array([threshold for _, threshold, _ in learnt], dtype=np.float32),
    }
    definitions = [{"name": topic.name, "definition": topic.definition} for topic in topics]
    save_model(out, {"name": NAME, "topics": definitions}, arrays)
    per_class = {topic.name: figures for topic, (_, _, figures) in zip(topics, learnt, strict=True)}
    digest = hashlib.sha256(data.read_bytes())
    digest.update("\n".join(ordinary).encode("utf-8", "surrogatepass"))
    return write_card(
        out,
        {
            "version": OwnTopicsModel.load(out).version,
            "data_sha256": digest.hexdigest(),
            "rows": len(belongs),
            "own": {
                "worst_found": min(figures["found"] for figures in per_class.values()),
                "per_class": per_class,
            },
        },
    )


def _terms(texts: Sequence[str]) -> tuple[dict[str, Any], Any]:
    documents = [normal_words(text) for text in texts]
    known, grams = learn_words(documents), learn_grams(texts)
    counts = known.counts(documents), grams.counts(texts)
    idf = [
        inverse_frequency(np.bincount(each.indices, minlength=each.shape[1]), len(texts)) for each in counts
    ]
    arrays = {
        "words": packed(known.columns),
        "alphabet": np.frombuffer(grams.alphabet.encode(), dtype=np.uint8),
        "gram_keys": grams.table.keys,
        "word_idf": idf[0],
        "gram_idf": idf[1],
    }
    weighed = [unit_tfidf(each, weights) for each, weights in zip(counts, idf, strict=True)]
    return arrays, sparse.hstack(weighed, format="csr")


def _learn(features: Any, positive: Any) -> tuple[Any, float, dict[str, Any]]:
    """Return weights with the bias last, the threshold, and how it did on what it had not seen."""
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import LinearSVC

    def fitted(rows: Any) -> Any:
        machine = LinearSVC(C=PENALTY, class_weight="balanced", random_state=SEED, max_iter=MOST_ROUNDS)
        return machine.fit(features[rows], positive[rows])

    scores = np.zeros(len(positive))
    for seen, unseen in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(positive, positive):
        scores[unseen] = fitted(seen).decision_function(features[unseen])
    own, others = scores[positive], scores[~positive]
    near, far = float(np.quantile(own, MISSED)), float(np.quantile(others, 1 - LET_IN))
    threshold = (max(near, far) + far) / 2
    # Ordinary messages that look like the topic may well be of it: learnt as others, they would not be found
    # again. Of 4,326 real messages, all of them ordinary, 0.37 of a topic's were found so and 0.62 this way,
    # the mean over five topics, six examples each, twice.
    machine = fitted(np.flatnonzero(positive | (scores < threshold)))
    figures = {
        "examples": len(own),
        "found": round(float((own >= threshold).mean()), 4),
        "flagged": round(float((others >= threshold).mean()), 4),
    }
    return np.append(machine.coef_[0], machine.intercept_[0]), round(threshold, 4), figures
