"""Posts to analyses, in batches. Never raises on any text; time is linear in length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nlp.cues import CueTable
from nlp.dissatisfaction import read_dissatisfaction
from nlp.fingerprint import fingerprint
from nlp.grams import Floats
from nlp.intent import read_intents
from nlp.keywords import KeywordPicker
from nlp.matter import MatterModel
from nlp.model import Model
from nlp.model_files import SHIPPED, has_model
from nlp.places import find_places
from nlp.reply_quality import read_reply, relevance, strip_courtesies
from nlp.segment import normal_words, normalise
from nlp.topics import TopicGuess
from nlp.urgency import read_urgency
from records.analysis import Analysis, Intent, ReplyQuality
from records.post import Post

# How much is worked on at once: enough for the numeric parts to pay, little enough to stay in the cache.
BATCH_POSTS, BATCH_CHARS = 512, 400_000
_RULES = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One post, normalised and cut once for every part that reads it."""

    post: Post
    title: str
    text: str
    words: list[str]

    @property
    def whole(self) -> str:
        return f"{self.title}\n{self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyser:
    """A loaded model and the rules. Safe to share between threads.

    `model_version` names both: it changes with the weights and with any table of cues.
    """

    model_version: str
    model: Model
    keywords: KeywordPicker
    idf: dict[str, float]
    urgency_cues: CueTable
    failure_cues: CueTable
    reply_cues: CueTable
    matter: MatterModel

    @classmethod
    def load(cls, models: Path | None = None) -> Self:
        """Read the model in `models`, or the shipped one where that is None or holds none.

        Raises ConfigurationError where the files cannot be used.
        """
        folder = models if models is not None and has_model(models) else SHIPPED
        model = Model.load(folder)
        words, idf = model.scorer.words.columns, model.scorer.word_block.idf
        return cls(
            model_version=f"{model.version}-{_rules_mark()}",
            model=model,
            keywords=KeywordPicker.of(words, idf, model.named),
            idf=dict(zip(words, idf.tolist(), strict=True)),
            urgency_cues=CueTable.load(_RULES / "urgency.toml"),
            failure_cues=CueTable.load(_RULES / "dissatisfaction.toml"),
            reply_cues=CueTable.load(_RULES / "reply_quality.toml"),
            matter=MatterModel.load(),
        )

    def analyse(self, posts: Sequence[Post]) -> list[Analysis]:
        """Return one Analysis for each post, in the same order."""
        return [analysis for batch in _batches(posts) for analysis in self._analyse_batch(batch)]

    def _analyse_batch(self, posts: Sequence[Post]) -> Iterator[Analysis]:
        readings = [_read(post) for post in posts]
        weighed = self.model.scorer.weigh_words([reading.words for reading in readings])
        scores = self.model.scorer.scores(weighed, [reading.whole for reading in readings])
        n_topics = len(self.model.topics.labels)
        topics = self.model.topics.decide(scores[:, :n_topics])
        intents = self._intents(readings, scores[:, n_topics:])
        for row, reading in enumerate(readings):
            yield self._analysis(reading, topics[row], *intents[row], weighed, row)

    def _intents(self, readings: Sequence[_Reading], scores: Floats) -> list[tuple[Intent, float]]:
        titles, texts = [r.title for r in readings], [r.text for r in readings]
        return read_intents(titles, texts, scores, self.model.intents)

    def _analysis(
        self,
        reading: _Reading,
        topic: TopicGuess,
        intent: Intent,
        intent_score: float,
        weighed: object,
        row: int,
    ) -> Analysis:
        post = reading.post
        places = find_places(reading.whole, post.place)
        urgency, reasons = read_urgency(reading.whole, post.asked_at, self.urgency_cues)
        return Analysis(
            post_id=post.id,
            revision=post.revision,
            model_version=self.model_version,
            topic=topic.topic,
            topic_guess=topic.guess,
            topic_score=topic.score,
            runner_up=topic.runner_up,
            intent=intent,
            intent_score=intent_score,
            dissatisfaction=read_dissatisfaction(reading.whole, intent, reasons, self.failure_cues),
            urgency=urgency,
            reasons=reasons,
            places=places,
            keywords=self.keywords.pick(weighed, row, [place.name for place in places]),
            reply_quality=self._reply_quality(reading),
            fingerprint=fingerprint(post, places, model=self.matter),
        )

    def _reply_quality(self, reading: _Reading) -> ReplyQuality | None:
        replies = reading.post.replies
        if not replies:
            return None
        reply = normalise(replies[-1].text)
        words = normal_words(strip_courtesies(reply))
        cosine = relevance(reading.words, words, self.idf, rare=max(self.idf.values(), default=1.0))
        return read_reply(reply, self.reply_cues, cosine=cosine)


def _rules_mark() -> str:
    tables = b"".join(path.read_bytes() for path in sorted(_RULES.glob("*.toml")))
    return hashlib.sha256(tables).hexdigest()[:6]


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


def _read(post: Post) -> _Reading:
    title, text = normalise(post.title), normalise(post.text)
    return _Reading(post=post, title=title, text=text, words=normal_words(f"{title}\n{text}"))
