"""The town of a day: 430 messages of 60 days, their replies, news, notices. Same day, same town."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from app.sample_town.drafts import CONTENT, Draft, known_drafts, moment_of, ordinary_drafts
from app.sample_town.replies import Answered, edit, write_replies
from app.sample_town.town import Article, Board, Planted, Town, TownMessage, Truth
from app.sample_town.wording import read_texts

SEED = "青溪市"
ACCEPTED_MIN = (4 * 60, 40 * 60)
VOTES_MEAN = 6
FIRST_NUMBER = {Board.MAYOR: 20311, Board.DISTRICT: 1180}
# Edited yesterday, so that a crawl of the day before saw the first version; and some edited long ago.
FRESH_EDITS, OLD_EDITS = 3, 5
FRESH_EDIT_AT = "14:20"
EDITED_AFTER = timedelta(days=2, hours=3)


def town(today: date) -> Town:
    """Return the town of the 60 days up to and including `today`."""
    chance = random.Random(SEED)  # noqa: S311  # a town is no secret
    written = _plant_in_texts(list(ordinary_drafts(today, chance)))
    drafts = sorted([*written, *known_drafts(today)], key=lambda draft: (draft.asked_at, draft.text))
    answers = _plant_in_replies(drafts, [_answered(draft, chance) for draft in drafts])
    answers = _edit_some(drafts, answers, today)
    messages = tuple(_number(drafts, answers, chance))
    return Town(
        today=today,
        messages=messages,
        news=_articles("news", today),
        old_news=_articles("old_news", today),
        notices=_articles("notices", today),
        truth=_truth(drafts, messages),
        callers=tuple(read_texts("planted")["callers"]),
    )


def _answered(draft: Draft, chance: random.Random) -> Answered:
    if draft.answer is None:
        return Answered(replies=draft.replies)
    return write_replies(
        draft.answer,
        title=draft.title,
        department=draft.department,
        district=draft.district,
        asked_at=draft.asked_at,
        chance=chance,
    )


def _plant_in_texts(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts, some now ending in one of the tails of texts/planted.yaml."""
    tails = list(read_texts("planted")["tails"])
    step = len(drafts) // (2 * len(tails))
    planted = list(drafts)
    for number, draft in enumerate(drafts):
        complains = not draft.title.startswith(CONTENT)
        fitting = [tail for tail in tails if tail.get("topic", draft.topic) == draft.topic]
        if number % step == 0 and complains and fitting:
            # A tail for this topic alone has fewer chances.
            tail = min(fitting, key=lambda tail: "topic" not in tail)
            tails.remove(tail)
            planted[number] = replace(draft, text=draft.text + tail["text"], planted=tail["details"])
    if tails:
        raise AssertionError(f"no message for the tail {tails[0]['text']!r}")
    return planted


def _plant_in_replies(drafts: Sequence[Draft], answers: list[Answered]) -> list[Answered]:
    tails = iter(read_texts("planted")["replies"])
    planted = list(answers)
    for number, (draft, answer) in enumerate(zip(drafts, answers, strict=True)):
        if answer.rating < 4 or draft.planted or draft.truth:
            continue
        tail = next(tails, None)
        if tail is None:
            break
        last = answer.replies[-1]
        versions = ((last.replied_at, last.versions[0][1] + tail["text"]),)
        replies = (*answer.replies[:-1], replace(last, versions=versions))
        planted[number] = replace(answer, replies=replies, planted=tail["details"])
    return planted


def _edit_some(drafts: Sequence[Draft], answers: list[Answered], today: date) -> list[Answered]:
    """Return the answers, some of them edited after they were published."""
    fresh_at = moment_of(today, before=1, at=FRESH_EDIT_AT)
    fresh, old = 0, 0
    edited = list(answers)
    for number in reversed(range(len(drafts))):
        answer = answers[number]
        if drafts[number].truth or not answer.replies or answer.rating < 3 or answer.planted:
            continue
        replied_at = answer.replies[-1].replied_at
        if fresh < FRESH_EDITS and fresh_at - timedelta(days=12) < replied_at < fresh_at - timedelta(days=1):
            fresh += 1
            edited[number] = _edited(answer, at=fresh_at + timedelta(minutes=fresh * 13), number=fresh)
        elif old < OLD_EDITS and replied_at < fresh_at - timedelta(days=14):
            old += 1
            edited[number] = _edited(answer, at=replied_at + EDITED_AFTER, number=old)
    return edited


def _edited(answer: Answered, *, at: datetime, number: int) -> Answered:
    return replace(answer, replies=(*answer.replies[:-1], edit(answer.replies[-1], at=at, number=number)))


def _number(
    drafts: Sequence[Draft], answers: Sequence[Answered], chance: random.Random
) -> Iterator[TownMessage]:
    surnames = read_texts("planted")["surnames"]
    counts: Counter[str] = Counter()
    for draft, answer in zip(drafts, answers, strict=True):
        accepted_at = draft.asked_at + timedelta(minutes=chance.randint(*ACCEPTED_MIN))
        yield TownMessage(
            board=draft.board,
            native_id=_native_id(draft, counts),
            title=draft.title,
            text=draft.text,
            asked_at=draft.asked_at,
            accepted_at=None if draft.truth == "unpaid_wages" else accepted_at,
            district=draft.district,
            department=draft.department,
            topic=draft.topic,
            replies=answer.replies,
            votes_up=int(chance.expovariate(1 / VOTES_MEAN)),
            rating=answer.rating,
            masked_name=f"{chance.choice(surnames)}*",
            planted=tuple({**draft.planted, **answer.planted}.items()),
        )


def _native_id(draft: Draft, counts: Counter[str]) -> str:
    series = f"QX{draft.asked_at:%y%m%d}" if draft.board is Board.HOTLINE else draft.board.value
    counts[series] += 1
    if draft.board is Board.HOTLINE:
        return f"{series}{counts[series]:03d}"
    number = FIRST_NUMBER[draft.board] + counts[series]
    return str(number) if draft.board is Board.MAYOR else f"WS{number:05d}"


def _articles(name: str, today: date) -> tuple[Article, ...]:
    """Return the list `name` of texts/news.yaml, newest first, numbered from the oldest."""
    items = read_texts("news")[name]
    return tuple(
        Article(
            number=len(items) - place,
            title=item["title"],
            text=item["text"],
            published_at=moment_of(
                today, before=item["before"], at=f"{8 + place % 3:02d}:{place * 7 % 60:02d}"
            ),
            department=item.get("department"),
        )
        for place, item in enumerate(items)
    )


def _truth(drafts: Sequence[Draft], messages: Sequence[TownMessage]) -> Truth:
    def ids(truth: str) -> tuple[str, ...]:
        pairs = zip(drafts, messages, strict=True)
        return tuple(message.post_id for draft, message in pairs if draft.truth == truth)

    texts = read_texts("truths")
    return Truth(
        water_cut=ids("water_cut"),
        water_cut_district=texts["water_cut"]["district"],
        unpaid_wages=ids("unpaid_wages"),
        unpaid_wages_site=texts["unpaid_wages"]["site"],
        pothole=ids("pothole"),
        pothole_road=texts["pothole"]["road"],
        copied=ids("copied"),
        reopened=ids("reopened"),
        reopened_after=ids("reopened_after"),
        edited=tuple(m.post_id for m in messages if any(len(r.versions) > 1 for r in m.replies)),
        dead_sources=("bianmin",),
        broken_sources=("zhenjie",),
        planted=tuple(_planted(messages)),
    )


def _planted(messages: Iterable[TownMessage]) -> Iterator[Planted]:
    for message in messages:
        for kind, value in message.planted:
            yield Planted(kind=kind, value=value, where=message.post_id)
