"""Messages before they are numbered: ordinary ones from skeletons, and those with a known truth."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from app.sample_town.replies import Answer, office_time
from app.sample_town.town import BOARD_DISTRICT, DAYS, DISTRICTS, Board, TownReply
from app.sample_town.wording import WORDINGS, Skeleton, Wording, read_texts, skeletons
from records.times import DEFAULT_ZONE

# Monday to Sunday; hours 0 to 23. Residents write when the offices that they wait for are open.
WEEKDAY_WEIGHTS = (1.25, 1.1, 1.0, 1.0, 0.95, 0.55, 0.45)
HOUR_WEIGHTS = (0, 0, 0, 0, 0, 0, 1, 3, 7, 10, 10, 7, 5, 5, 7, 8, 7, 5, 4, 6, 7, 6, 3, 1)
BOARD_WEIGHTS = dict.fromkeys(DISTRICTS, (65, 0, 35)) | {BOARD_DISTRICT: (20, 50, 30)}
HOTLINE_OPENINGS = ("来电人表示：", "市民来电反映：", "来电人称：", "市民来电：")
OPENING_SHARE, TRIED_SHARE, CLOSING_SHARE = 0.45, 0.3, 0.5
# Titles of those who do not complain begin so.
CONTENT = ("感谢", "建议", "希望", "咨询")
COPIES_ANSWERED_AFTER = timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to be. `truth` names the known truth that it belongs to, '' for an ordinary one.

    Its replies are yet to be written from `answer`, or given; `planted` are kind → detail within the text.
    """

    board: Board
    title: str
    text: str
    asked_at: datetime
    district: str
    department: str
    topic: str
    answer: Answer | None = None
    replies: tuple[TownReply, ...] = ()
    truth: str = ""
    planted: Mapping[str, str] = field(default_factory=dict)


def moment_of(today: date, *, before: int, at: str) -> datetime:
    """Return the local time `at` on the day `before` days before `today`."""
    return datetime.combine(today - timedelta(days=before), time.fromisoformat(at), DEFAULT_ZONE)


def ordinary_drafts(today: date, chance: random.Random) -> Iterator[Draft]:
    """Yield every skeleton in each of its wordings, in another district each time."""
    for skeleton in skeletons():
        districts = chance.sample(DISTRICTS, WORDINGS)
        for use, district in enumerate(districts):
            yield _write(skeleton, use, district, today, chance)


def _write(skeleton: Skeleton, use: int, district: str, today: date, chance: random.Random) -> Draft:
    asked_at = _some_time(today, skeleton.quiet_days, chance)
    wording = Wording(district=district, use=use, chance=chance)
    board = chance.choices(list(Board), weights=BOARD_WEIGHTS[district])[0]
    title, text = (wording.fill(template, at=asked_at) for template in (skeleton.title, skeleton.text))
    return Draft(
        board=board,
        title=title,
        text=_voice(board, title, text, chance),
        asked_at=asked_at,
        district=district,
        department=wording.fill(skeleton.department, at=asked_at),
        topic=skeleton.topic,
        answer=Answer(template=skeleton.answer, wording=wording, is_thanks=title.startswith("感谢")),
    )


def _voice(board: Board, title: str, text: str, chance: random.Random) -> str:
    """Return the text as its writer, or the operator who took the call, would put it."""
    voices: Mapping[str, list[str]] = read_texts("voices")
    tried = chance.random() < TRIED_SHARE and not title.startswith(CONTENT)
    text += chance.choice(voices["tried"]) if tried else ""
    if board is Board.HOTLINE:
        return chance.choice(HOTLINE_OPENINGS) + text
    opening = chance.choice(voices["openings"]) if chance.random() < OPENING_SHARE else ""
    closing = chance.choice(voices["closings"]) if chance.random() < CLOSING_SHARE else ""
    # Nobody greets or thanks twice.
    opening = "" if "您好" in text[:6] or "你好" in text[:6] else opening
    return opening + text + ("" if "谢谢" in text[-12:] or "盼复" in text[-12:] else closing)


def _some_time(today: date, quiet_days: int, chance: random.Random) -> datetime:
    days = [today - timedelta(days=before) for before in range(quiet_days, DAYS)]
    day = chance.choices(days, weights=[WEEKDAY_WEIGHTS[day.weekday()] for day in days])[0]
    hour = chance.choices(range(24), weights=HOUR_WEIGHTS)[0]
    clock = time(hour, chance.randrange(60), chance.randrange(60))
    return datetime.combine(day, clock, DEFAULT_ZONE)


def known_drafts(today: date) -> Iterator[Draft]:
    """Yield the messages of texts/truths.yaml."""
    truths: Mapping[str, Any] = read_texts("truths")
    for truth in ("water_cut", "unpaid_wages", "pothole", "reopened"):
        group = truths[truth]
        answered = False
        for item in group["messages"]:
            name = f"{truth}_after" if answered else truth
            yield _known(item, group, name, moment_of(today, before=item["before"], at=item["at"]))
            answered |= "replies" in item
    yield from _copies(today, truths["copied"])


def _known(item: Mapping[str, Any], group: Mapping[str, Any], truth: str, asked_at: datetime) -> Draft:
    replies = tuple(
        TownReply(
            department=reply["department"],
            versions=((office_time(asked_at + timedelta(hours=reply["after"])), reply["text"]),),
        )
        for reply in item.get("replies", ())
    )
    return Draft(
        board=Board[item["board"].upper()],
        title=item["title"],
        text=item["text"],
        asked_at=asked_at,
        district=group["district"],
        department=group["to"],
        topic=group["topic"],
        replies=replies,
        truth=truth,
    )


def _copies(today: date, group: Mapping[str, Any]) -> Iterator[Draft]:
    first = moment_of(today, **group["start"])
    answered_at = office_time(first + COPIES_ANSWERED_AFTER)
    letter = read_texts("replies")["form_letter"][0]
    reply = TownReply(department=group["to"], versions=((answered_at, letter),))
    for number, addition in enumerate(group["variants"]):
        asked_at = first + timedelta(minutes=number * group["every_minutes"])
        yield Draft(
            board=Board.MAYOR,
            title=group["title"],
            text=group["text"] + addition,
            asked_at=asked_at,
            district=group["district"],
            department=group["to"],
            topic=group["topic"],
            replies=(reply,),
            truth="copied",
        )
