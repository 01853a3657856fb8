"""Documents in an index, and what is found of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from nlp.segment import words
from records.post import Channel
from records.query import IndexDocument
from records.times import Period
from storage.documents import build_document
from storage.search import SearchIndex
from tests.storage.samples import NOW, analysis, post, reply

# All that the samples hold.
EVER = Period(start=NOW - timedelta(days=400), end=NOW + timedelta(days=400))


def document(
    number: int, *, topic: str | None = "城乡建设", urgency: int = 0, **changes: Any
) -> IndexDocument:
    one = post(number, **changes)
    read = analysis(one, topic=topic, urgency=urgency)
    return build_document(one, read, f"p{number % 2}", flagged=number == 1, segment=words)


def fill(index: SearchIndex) -> SearchIndex:
    index.add(
        [
            document(1, urgency=3, replies=(reply(),)),
            document(
                2,
                title="道路破损",
                text="解放路坑洼，车辆难行，晚上很危险。",
                place="西山区",
                topic="交通运输",
            ),
            document(
                3,
                title="供暖不足",
                text="阳光花园小区供暖温度只有十五度。",
                channel=Channel.HOTLINE,
                source="hotline",
            ),
            document(
                4,
                title="WiFi信号",
                text="地铁站 wifi 断断续续",
                topic=None,
                urgency=1,
                status=None,
                place=None,
            ),
            document(30, text="上月停水至今，道路也被挖开。"),
        ]
    )
    index.refresh()
    return index


def found(index: SearchIndex, query: str, **options: Any) -> list[str]:
    return sorted((hit.post_id.split("/")[1] for hit in index.search(query, **options).hits), key=int)
