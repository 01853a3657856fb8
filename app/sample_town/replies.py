"""What departments answer, how well and how late; and how some of it is edited afterwards."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from app.sample_town.town import TownReply
from app.sample_town.wording import Wording, chinese_day, read_texts

# How often, and after how many hours. A reader of real boards meets all of these.
QUALITIES = ("decides", "hands_over", "form_letter", "refuses", "")
QUALITY_WEIGHTS = (52, 16, 12, 8, 12)
DELAY_H = {"decides": (30, 260), "hands_over": (20, 70), "form_letter": (6, 40), "refuses": (48, 300)}
INTERIM_SHARE, INTERIM_H = 0.25, (3, 20)
RATINGS = {"decides": (3, 4, 5, 5), "hands_over": (1, 2, 3), "form_letter": (1, 1, 2), "refuses": (1, 1, 2)}
RATED_SHARE = 0.4
OPENS_H, CLOSES_H = 9, 17


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that decides the matter, in the words of its message; thanks are always answered with it."""

    template: str
    wording: Wording
    is_thanks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of one message. `rating` is 0 for none; `planted` as in TownMessage."""

    replies: tuple[TownReply, ...] = ()
    rating: int = 0
    planted: Mapping[str, str] = field(default_factory=dict)


def office_time(moment: datetime) -> datetime:
    """Return `moment`, or the next opening of the offices after it."""
    if moment.hour >= CLOSES_H:
        moment = datetime.combine(
            moment.date() + timedelta(days=1), time(OPENS_H, moment.minute), moment.tzinfo
        )
    elif moment.hour < OPENS_H:
        moment = moment.replace(hour=OPENS_H)
    while moment.weekday() >= 5:
        moment += timedelta(days=1)
    return moment


def write_replies(
    answer: Answer, *, title: str, department: str, district: str, asked_at: datetime, chance: random.Random
) -> Answered:
    """Return the replies of one ordinary message, maybe none, in order of time."""
    quality = chance.choices(QUALITIES, weights=QUALITY_WEIGHTS)[0]
    quality = "decides" if answer.is_thanks else quality
    if not quality:
        return Answered()
    replied_at = _later(asked_at, DELAY_H[quality], chance)
    words = {"title": title, "department": department, "other": _other_office(department, district, chance)}
    replies = [
        TownReply(
            department=department,
            versions=((replied_at, _letter(quality, answer, words, replied_at, chance)),),
        )
    ]
    if quality == "decides" and chance.random() < INTERIM_SHARE:
        interim_at = _later(asked_at, INTERIM_H, chance)
        text = _fill(chance.choice(read_texts("replies")["interim"]), words)
        if interim_at < replied_at:
            replies.insert(
                0, TownReply(department=department, versions=((interim_at, text),), is_final=False)
            )
    rating = chance.choice(RATINGS[quality]) if chance.random() < RATED_SHARE else 0
    return Answered(replies=tuple(replies), rating=rating)


def _letter(
    quality: str, answer: Answer, words: Mapping[str, str], at: datetime, chance: random.Random
) -> str:
    texts: Mapping[str, list[str]] = read_texts("replies")
    body = _fill(chance.choice(texts[quality]), words)
    body = body.replace("<answer>", answer.wording.fill(answer.template, at=at - timedelta(days=1)))
    if quality == "form_letter" or answer.is_thanks:
        return body
    return _fill(chance.choice(texts["opening"]), words) + body + chance.choice(texts["closing"])


def _fill(template: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        template = template.replace(f"<{name}>", word)
    return template


def _other_office(department: str, district: str, chance: random.Random) -> str:
    offices = [f"{district}人民政府", "市住房和城乡建设局", "市市场监督管理局", "属地街道办事处"]
    return chance.choice([office for office in offices if office != department])


def _later(moment: datetime, hours: tuple[int, int], chance: random.Random) -> datetime:
    return office_time(moment + timedelta(minutes=chance.randint(hours[0] * 60, hours[1] * 60)))


def edit(reply: TownReply, *, at: datetime, number: int) -> TownReply:
    """Return `reply` as it is edited at `at`."""
    additions: list[str] = read_texts("replies")["edited"]
    addition = additions[number % len(additions)].replace("<date>", chinese_day(at))
    versions = (*reply.versions, (at, reply.versions[-1][1] + addition))
    return TownReply(department=reply.department, versions=versions, is_final=reply.is_final)
