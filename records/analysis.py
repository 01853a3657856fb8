"""What the machine understood of one post. "Don't know" is a value: topic None, no places, no reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Intent(StrEnum):
    """The hotline's service types."""

    CONSULT = "咨询"
    COMPLAINT = "投诉"
    HELP = "求助"
    SUGGESTION = "建言"
    THANKS = "感谢"


class UrgencyCode(StrEnum):
    """Why a message cannot wait."""

    DANGER = "danger"
    UTILITY_CUT = "utility_cut"
    UNPAID_WAGES = "unpaid_wages"
    VULNERABLE = "vulnerable"
    DEADLINE_NEAR = "deadline_near"
    REPEATED_ASKING = "repeated_asking"


class PlaceKind(StrEnum):
    """What a place name names, from large to small."""

    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"  # 街道, 镇, 乡: the township level
    COMMUNITY = "community"  # 社区, 村
    ROAD = "road"
    ESTATE = "estate"  # 小区 and other named housing
    SITE = "site"  # school, station, market, hospital, works: a named spot


class ReplyFindingCode(StrEnum):
    """What a reply does, or fails to do."""

    DECIDES = "decides"
    NAMES_DATE = "names_date"
    NAMES_CONTACT = "names_contact"
    HANDS_OVER = "hands_over"
    REFUSES = "refuses"
    FORM_LETTER = "form_letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyReason:
    """A reason and the words of the message that gave it."""

    code: UrgencyCode
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceMention:
    """A place that the message names. `confidence` is 0-1."""

    name: str
    kind: PlaceKind
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFinding:
    """One property of the reply and the words that show it.

    `n_questions` is given for a form letter: how many different problems were answered in nearly these words.
    """

    code: ReplyFindingCode
    words: str
    n_questions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyQuality:
    """How far the newest reply answers its question. `relevance` is the cosine of both texts, 0-1.

    `wording` are hashes that replies of nearly the same words share: by them the truth finds form letters.
    """

    relevance: float
    findings: tuple[ReplyFinding, ...] = ()
    wording: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One post as the models read it.

    `topic` is None where the model abstains; `topic_guess` is its best label even then, `topic_score`
    the calibrated probability (0-1) that the guess is right. `dissatisfaction` is 0-1: how badly the
    service fails the person who writes, never how angry the words are. `urgency` is 0-3.
    `subtopic` is a suggestion of the taxonomy's second level below `topic`, None where it is unknown.
    `own_topics` are names of the installation's own topics that the message has, beside `topic` and often
    none, in the order of their definitions.
    `fingerprint` is what same-problem matching needs: opaque, read only by nlp.problems.
    """

    post_id: str
    revision: int
    model_version: str
    topic: str | None
    topic_guess: str
    topic_score: float
    runner_up: str | None
    intent: Intent
    intent_score: float
    dissatisfaction: float
    urgency: int
    reasons: tuple[UrgencyReason, ...] = ()
    places: tuple[PlaceMention, ...] = ()
    keywords: tuple[str, ...] = ()
    reply_quality: ReplyQuality | None = None
    fingerprint: str = ""
    subtopic: str | None = None
    own_topics: tuple[str, ...] = ()
