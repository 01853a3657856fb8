"""The public register: every topic that an installation looks for in messages, and what it is told by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from nlp.model_files import read_head
from nlp.model_shelf import ModelKind, ModelShelf
from nlp.subtopics import word_weights


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredTopic:
    """`definition` is empty where the topic is told by what the model `model` learnt.

    `below` gives for each class of the second level the words that it is suggested by, the strong ones first.
    """

    name: str
    model: str
    definition: str = ""
    below: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def registered_topics(shelf: ModelShelf) -> list[RegisteredTopic]:
    """Return the trained topics, then the installation's own as it defined them."""
    head = partial(read_head, check_weights=True)
    trained = shelf.load(ModelKind.TOPICS, partial(head, name=ModelKind.TOPICS.model_name))
    below: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in trained["topics"]["labels"]}
    for (topic, name), words in word_weights().items():
        if topic in below:
            below[topic][name] = tuple(words)
    own = shelf.load_promoted(ModelKind.OWN, partial(head, name=ModelKind.OWN.model_name))
    topics = [
        RegisteredTopic(name=name, model=trained["version"], below=classes) for name, classes in below.items()
    ]
    if own is not None:
        topics += [RegisteredTopic(**topic, model=own["version"]) for topic in own["topics"]]
    return topics
