"""Posts to analyses, in batches. Never raises on any text; time is linear in length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from nlp.cues import CueTable
from nlp.facts import FactReader
from nlp.fingerprint import VERSION as PRINT_VERSION
from nlp.fingerprinting import fingerprints
from nlp.grams import Floats
from nlp.keywords import KeywordPicker
from nlp.linear import counted
from nlp.matter import MatterModel
from nlp.model import Model
from nlp.model_shelf import ModelKind, ModelShelf
from nlp.own_topics import OwnTopicsModel
from nlp.placeholders import PLACEHOLDER
from nlp.places import places_in
from nlp.quoting import own_words
from nlp.reading import Reading
from nlp.readings import Message, Readings, ReadingsModel
from nlp.reply_quality import read_reply, relevance, strip_courtesies
from nlp.segment import cut, normal_words, normalise
from nlp.subtopics import SubtopicReader
from nlp.wording import wording_of
from records.analysis import Analysis, PlaceMention, ReplyQuality
from records.post import Post

# How much is worked on at once: enough for the numeric parts to pay, little enough to stay in the cache.
BATCH_POSTS, BATCH_CHARS = 512, 400_000
_RULES = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyser:
    """A loaded model and the rules. Safe to share between threads.

    `model_version` names all of it: it changes with the weights of either model, with any table of cues and
    with the format of fingerprints, so that what is stored is analysed again. The model of own topics, where
    the installation has one, stands at its end.
    """

    model_version: str
    model: Model
    keywords: KeywordPicker
    idf: dict[str, float]
    highest_idf: float
    readings: ReadingsModel
    facts: FactReader
    reply_cues: CueTable
    matter: MatterModel
    subtopics: SubtopicReader
    own_topics: OwnTopicsModel | None

    @classmethod
    def load(cls, models: Path | None = None) -> Self:
        """Read the models that are in use on the shelf `models`, the shipped ones where it holds none.

        One that cannot be read is passed over with a warning (nlp.model_shelf). Raises ConfigurationError
        where the shelf itself cannot be read.
        """
        shelf = ModelShelf(models)
        model = shelf.load(ModelKind.TOPICS, Model.load)
        matter = shelf.load(ModelKind.MATTER, MatterModel.load)
        facts = FactReader.load()
        readings = shelf.load(ModelKind.READINGS, lambda folder: ReadingsModel.load(folder).check(facts))
        own_topics = shelf.load_promoted(ModelKind.OWN, OwnTopicsModel.load)
        own_mark = f"-{own_topics.version}" if own_topics else ""
        model = replace(model, scorer=readings.beside(model.scorer))
        words = model.scorer.words.columns
        idf = model.scorer.idf[: len(words)]
        return cls(
            model_version=f"{model.version}-{_rules_mark(matter, readings)}{own_mark}",
            model=model,
            keywords=KeywordPicker.of(words, idf, model.named),
            idf=dict(zip(words, idf.tolist(), strict=True)),
            highest_idf=float(idf.max(initial=1.0)),
            readings=readings,
            facts=facts,
            reply_cues=CueTable.load(_RULES / "reply_quality.toml"),
            matter=matter,
            subtopics=SubtopicReader.load(),
            own_topics=own_topics,
        )

    def analyse(self, posts: Sequence[Post]) -> list[Analysis]:
        """Return one Analysis for each post, in the same order."""
        return [analysis for batch in _batches(posts) for analysis in self._analyse_batch(batch)]

    def _analyse_batch(self, posts: Sequence[Post]) -> Iterator[Analysis]:
        readings = [Reading.of(post) for post in posts]
        weighed = self.model.scorer.weigh(*zip(*(reading.counted() for reading in readings), strict=True))
        scores = self.model.scorer.scores(weighed)
        n_topics = len(self.model.topics.labels)
        topics = self.model.topics.decide(scores[:, :n_topics])
        read = self._read(posts, readings, scores[:, -len(self.readings.bias) :])
        places = [places_in(r.whole, post.place) for r, post in zip(readings, posts, strict=True)]
        prints = fingerprints(readings, places, self.matter)
        keywords = self.keywords.pick(weighed, list(map(_taken, readings, places)))
        own = self.own_topics.decide(readings) if self.own_topics else [()] * len(posts)
        for row, (post, reading) in enumerate(zip(posts, readings, strict=True)):
            topic = topics[row]
            yield Analysis(
                post_id=post.id,
                revision=post.revision,
                model_version=self.model_version,
                topic=topic.topic,
                topic_guess=topic.guess,
                topic_score=topic.score,
                runner_up=topic.runner_up,
                intent=read[row].intent,
                intent_score=read[row].intent_score,
                dissatisfaction=read[row].dissatisfaction,
                urgency=read[row].urgency,
                reasons=read[row].reasons,
                places=places[row],
                keywords=keywords[row],
                reply_quality=self._reply_quality(post, reading),
                fingerprint=prints[row],
                subtopic=self.subtopics.read(reading, topic),
                own_topics=own[row],
            )

    def _read(self, posts: Sequence[Post], readings: Sequence[Reading], outputs: Floats) -> list[Readings]:
        """`outputs` (n, n_out) are the readings' sums over words and n-grams of the whole texts."""
        texts = [own_words(reading.text) for reading in readings]
        wholes = [f"{reading.title}\n{text}" for reading, text in zip(readings, texts, strict=True)]
        quoting = [row for row, text in enumerate(texts) if text != readings[row].text]
        if quoting:
            outputs[quoting] = self._outputs([counted(readings[row].title, texts[row]) for row in quoting])
        facts = [self.facts.read(whole) for whole in wholes]
        columns = self.facts.columns(facts, [reading.title for reading in readings], texts)
        messages = [
            Message(title=r.title, text=text, whole=whole, asked_at=post.asked_at, facts=found)
            for post, r, text, whole, found in zip(posts, readings, texts, wholes, facts, strict=True)
        ]
        return self.readings.read(messages, outputs + columns @ self.readings.fact_weights)

    def _outputs(self, texts: Sequence[str]) -> Floats:
        weighed = self.model.scorer.weigh([cut(text) for text in texts], texts)
        return self.model.scorer.scores(weighed)[:, -len(self.readings.bias) :]

    def _reply_quality(self, post: Post, reading: Reading) -> ReplyQuality | None:
        if not post.replies:
            return None
        reply = normalise(post.replies[-1].text)
        words = normal_words(strip_courtesies(reply))
        cosine = relevance(reading.words(), words, self.idf, rare=self.highest_idf)
        quality = read_reply(reply, self.reply_cues, cosine=cosine)
        return replace(quality, wording=wording_of(reply, post.source))


def _taken(reading: Reading, places: Sequence[PlaceMention]) -> list[str]:
    """Return what is no keyword of the message: names of places, and what stands for the masked."""
    return [*(place.name for place in places), *PLACEHOLDER.findall(reading.whole)]


def _rules_mark(matter: MatterModel, readings: ReadingsModel) -> str:
    tables = b"".join(path.read_bytes() for path in sorted(_RULES.glob("*.toml")))
    return hashlib.sha256(
        f"{PRINT_VERSION} {matter.version} {readings.version}".encode() + tables
    ).hexdigest()[:6]


def _batches(posts: Sequence[Post]) -> Iterator[list[Post]]:
    batch: list[Post] = []
    chars = 0
    for post in posts:
        batch.append(post)
        chars += len(post.text)
        if len(batch) == BATCH_POSTS or chars >= BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch
