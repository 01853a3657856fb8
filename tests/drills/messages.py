"""Invented hotline cases without end, in the sample town's words; the same number, the same case."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from app.sample_town.wording import Skeleton, Wording, read_texts, skeletons
from records.post import Channel, Post, Reply
from records.times import DEFAULT_ZONE

SOURCE = "drill"
NEWEST = datetime(2024, 3, 20, 10, 0, tzinfo=DEFAULT_ZONE)
HEADER = (
    "工单编号", "受理时间", "所属区域", "诉求标题", "诉求内容", "承办单位", "办理状态", "答复内容",
    "答复时间",
)  # fmt: skip
# Villages with a number of their own: without them 50,000 cases would be reports of a few hundred problems.
_VILLAGES = 400


def case(number: int, version: int = 1) -> Post:
    """Return case `number` as its office tells it the `version`-th time. No two were asked at one moment."""
    dice = random.Random(number)
    skeleton = _skeletons()[number % len(_skeletons())]
    district = dice.choice(_districts())
    asked_at = NEWEST - timedelta(minutes=3 * number)
    wording = Wording(district=district, use=number, chance=dice)
    answered = version > 1 or dice.random() < 0.3
    return Post(
        source=SOURCE,
        channel=Channel.HOTLINE,
        native_id=f"{number:07}",
        title=wording.fill(skeleton.title, at=asked_at),
        text=f"新村{number % _VILLAGES}组：{wording.fill(skeleton.text, at=asked_at)}{said(version)}。",
        asked_at=asked_at,
        fetched_at=NEWEST,
        addressed_to=wording.fill(skeleton.department, at=asked_at),
        place=district,
        status="已办结" if answered else "办理中",
        replies=(_reply(skeleton, wording, asked_at),) if answered else (),
    )


def said(version: int) -> str:
    """Return the words that only this version of a case has."""
    return f"补充说明第{version}稿"


def write_export(path: Path, cases: Iterable[Post]) -> Path:
    """Write the cases as a hotline would export them; return the file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_row(one) for one in cases)
    return path


def _row(one: Post) -> list[str]:
    answer = one.replies[0] if one.replies else None
    replied = answer.replied_at.isoformat() if answer and answer.replied_at else ""
    start = [one.native_id, one.asked_at.isoformat(), one.place or "", one.title, one.text]
    return [*start, one.addressed_to or "", one.status or "", answer.text if answer else "", replied]


def _reply(skeleton: Skeleton, wording: Wording, asked_at: datetime) -> Reply:
    replied_at = asked_at + timedelta(days=3)
    department = wording.fill(skeleton.department, at=asked_at)
    return Reply(
        text=wording.fill(skeleton.answer, at=replied_at), department=department, replied_at=replied_at
    )


@cache
def _skeletons() -> list[Skeleton]:
    return skeletons()


@cache
def _districts() -> list[str]:
    return [name for name in read_texts("places") if name != "everywhere"]
