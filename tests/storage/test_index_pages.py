"""The contract of SearchIndex over every engine: orders, pages, and posts like another."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from nlp.segment import words
from records.errors import Rejected
from records.query import IndexDocument, SortOrder
from records.times import DEFAULT_ZONE
from storage.search import SearchIndex
from storage.search_engines import open_index as open_search_index
from tests.storage.indexed import EVER, document
from tests.storage.samples import NOW, reply


def test_sorting(readable: SearchIndex) -> None:
    def order(sort: SortOrder, query: str = "") -> list[str]:
        return [hit.post_id.split("/")[1] for hit in readable.search(query, sort=sort).hits]

    assert order(SortOrder.NEWEST) == ["1", "2", "3", "4", "30"]
    assert order(SortOrder.OLDEST) == ["30", "4", "3", "2", "1"]
    assert order(SortOrder.URGENCY) == ["1", "4", "2", "3", "30"]
    # Nothing to rank by: the newest first.
    assert order(SortOrder.RELEVANCE, "urgency:>=0") == order(SortOrder.NEWEST)
    # The word stands in the title of 2 and only in the text of 30.
    assert order(SortOrder.RELEVANCE, "道路") == ["2", "30"]
    assert order(SortOrder.RELEVANCE, "道路 OR 挖开^50") == ["30", "2"]


def pages(index: SearchIndex, query: str = "", **options: Any) -> list[list[str]]:
    """Return the numbers of the posts on each page, up to the last."""
    found, cursor = [], None
    while True:
        page = index.search(query, after=cursor, **options)
        found.append([hit.post_id.split("/")[1] for hit in page.hits])
        cursor = page.next_cursor
        if cursor is None:
            return found


def test_pages(readable: SearchIndex) -> None:
    assert pages(readable, sort=SortOrder.NEWEST, limit=2) == [["1", "2"], ["3", "4"], ["30"]]
    assert pages(readable, sort=SortOrder.NEWEST, limit=5) == [["1", "2", "3", "4", "30"]]
    assert pages(readable, "没有这个词语") == [[]]
    first = readable.search(limit=1)
    assert (first.total, readable.search(limit=1, after=first.next_cursor).total) == (5, 5)
    nothing = readable.search("停水", limit=0)
    assert (nothing.total, list(nothing.hits), nothing.next_cursor) == (2, [], None)


@pytest.mark.parametrize("sort", list(SortOrder))
def test_pages_hold_every_hit_once_though_all_tie(index: SearchIndex, sort: SortOrder) -> None:
    for part in range(3):
        index.add(document(number, asked_at=NOW) for number in range(part * 20, part * 20 + 20))
        index.refresh()
    for query in ("", "停水"):
        for limit in (1, 7, 60):
            paged = pages(index, query, sort=sort, limit=limit)
            assert sorted(map(int, chain(*paged))) == list(range(60))
            assert {len(page) for page in paged[:-1]} <= {limit}


@pytest.mark.parametrize("sort", [sort for sort in SortOrder if sort is not SortOrder.RELEVANCE])
def test_pages_stand_in_one_order_whatever_is_committed_between(index: SearchIndex, sort: SortOrder) -> None:
    def ours(number: int) -> IndexDocument:
        asked = NOW - timedelta(hours=number % 5)
        replies = (reply(),) if number % 3 == 0 else ()
        return document(
            number, asked_at=asked, votes_up=number % 4, urgency=number % 4, place="东湖区", replies=replies
        )

    index.add(map(ours, range(50)))
    index.refresh()
    whole = pages(index, "place:东湖区", sort=sort, limit=50)[0]
    found: list[str] = []
    cursor = None
    for step in range(8):
        page = index.search("place:东湖区", sort=sort, limit=7, after=cursor)
        found += [hit.post_id.split("/")[1] for hit in page.hits]
        assert page.total == 50
        cursor = page.next_cursor
        # Others come, these are written again, and segments are merged.
        index.add([document(1_000 + step, place="西山区"), *map(ours, range(step, 50, 3))])
        index.refresh()
    assert (found, cursor) == (whole, None)


def test_a_cursor_keeps_the_moment_of_its_first_page(tmp_path: Path) -> None:
    now = NOW
    index = open_search_index(tmp_path, segment=words, zone=DEFAULT_ZONE, clock=lambda: now)
    index.add(document(number, urgency=number % 2) for number in range(1, 10))
    index.refresh()
    for query, sort in (("asked:PT5H30M", SortOrder.NEWEST), ("", SortOrder.SEVERITY_AGE)):
        now = NOW
        expected = [hit.post_id for hit in index.search(query, sort=sort).hits]
        first = index.search(query, sort=sort, limit=3)
        now = NOW + timedelta(days=300)
        second = index.search(query, sort=sort, limit=20, after=first.next_cursor)
        assert [hit.post_id for hit in (*first.hits, *second.hits)] == expected
    index.close()


BAD_CURSORS = ("", "x", "停水", "W10", "bnVsbA", "\ud800", "W" * 5_000, base64.b64encode(b"[" * 150).decode())


@pytest.mark.parametrize("cursor", BAD_CURSORS, ids=lambda cursor: ascii(cursor[:6]))
def test_a_cursor_that_is_none_is_refused(readable: SearchIndex, cursor: str) -> None:
    with pytest.raises(Rejected, match="ask again for the first page") as caught:
        readable.search(after=cursor)
    assert (caught.value.code, str(caught.value).isprintable()) == ("bad_cursor", True)


@pytest.mark.parametrize("sort", list(SortOrder))
def test_a_cursor_of_another_search_or_forged_is_refused(readable: SearchIndex, sort: SortOrder) -> None:
    query = "停水 OR 供暖"
    cursor = readable.search(query, sort=sort, limit=1).next_cursor
    assert cursor is not None
    others: list[dict[str, Any]] = [
        {"query": "停水", "sort": sort},
        {"query": query, "sort": sort, "period": EVER},
        {"query": query, "sort": SortOrder.OLDEST if sort is not SortOrder.OLDEST else SortOrder.NEWEST},
    ]
    for other in others:
        with pytest.raises(Rejected, match="not one of this query, period and order"):
            readable.search(after=cursor, **other)
    held = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    for wrong in ([1, 9**40], ["1"], [], [1, 2, 3, 4, 5], [None, None], [1.5, 1.5], [True]):
        forged = base64.urlsafe_b64encode(json.dumps([*held[:4], *wrong]).encode()).decode()
        with pytest.raises(Rejected):
            readable.search(query, sort=sort, after=forged)


def test_most_votes_first_then_the_newest(index: SearchIndex) -> None:
    votes = {1: 0, 2: 5_000_000, 3: 12, 4: 12, 5: -3, 6: 0, 7: 3}
    index.add(document(number, votes_up=count) for number, count in votes.items())
    index.refresh()
    assert pages(index, sort=SortOrder.VOTES) == [["2", "3", "4", "7", "1", "5", "6"]]


def test_grave_and_long_unanswered_ones_rise(index: SearchIndex) -> None:
    waiting = {1: (0, 10), 2: (3, 2), 3: (1, 6), 4: (2, 2), 5: (0, 1), 6: (3, 0), 7: (0, -1)}
    index.add(
        document(number, urgency=urgency, asked_at=NOW - timedelta(days=days))
        for number, (urgency, days) in waiting.items()
    )
    index.add(
        document(number, urgency=3, asked_at=NOW - timedelta(days=number), replies=(reply(),))
        for number in (40, 41)
    )
    index.refresh()
    expected = ["3", "1", "2", "4", "5", "6", "7", "40", "41"]  # 12, 10, 8, 6, 1, 0, -1 days, answered
    for limit in (1, 2, 4, 9):
        paged = pages(index, sort=SortOrder.SEVERITY_AGE, limit=limit)
        assert [*chain(*paged)] == expected
        assert [len(page) for page in paged[:-1]] == [limit] * (len(paged) - 1)
    assert index.search(sort=SortOrder.SEVERITY_AGE, limit=1).total == 9
    assert index.search(sort=SortOrder.SEVERITY_AGE, limit=0).total == 9


def test_more_like_this(index: SearchIndex) -> None:
    texts = {
        1: "梅溪小区地下车库充电桩坏了，电动车无法充电",
        2: "地下车库的充电桩坏了三个，无人维修",
        3: "小区充电桩太少，电动车没处充电",
        4: "公交车改道后老人出行不便",
        5: "小区物业费太高",
    }
    index.add(document(number, title="来信", text=text) for number, text in texts.items())
    index.refresh()

    def like(text: str, **options: Any) -> list[str]:
        return [hit.post_id.split("/")[1] for hit in index.more_like_this(text, **options)]

    assert like(texts[1])[0] == "1"
    assert sorted(like(texts[1], without="mailbox/1", limit=2)) == ["2", "3"]
    assert "4" not in like(texts[1])
    assert like(texts[1], limit=1) == ["1"]
    assert like("") == like("！？") == like("没有人写过这些词") == like(texts[1], limit=0) == []
    assert like('充电桩 AND ( "' * 10_000, limit=2)
