"""The contract of SearchIndex, over every engine."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from nlp.segment import words
from records.errors import Rejected
from records.post import Channel
from records.query import IndexDocument, Interval, SortOrder
from records.times import DEFAULT_ZONE, Period
from storage.documents import build_document
from storage.query import QueryError, quoted
from storage.search import SearchIndex
from storage.search_engines import open_index as open_search_index
from tests.storage.conftest import ENGINES, opener
from tests.storage.samples import NOW, analysis, post, reply

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


@pytest.fixture
def filled(index: SearchIndex) -> SearchIndex:
    return fill(index)


@pytest.fixture(scope="module", params=ENGINES)
def readable(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchIndex]:
    """The same for tests that only read."""
    with opener(request, tmp_path_factory.mktemp("filled")) as open_index:
        yield fill(open_index())


def found(index: SearchIndex, query: str, **options: Any) -> list[str]:
    return sorted((hit.post_id.split("/")[1] for hit in index.search(query, **options).hits), key=int)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", "1 2 3 4 30"),
        ("停水", "1 30"),
        ("停水 道路", "30"),
        ("供暖溫度", "3"),
        ('"車輛難行"', "2"),
        ("停水 OR 道路", "1 2 30"),
        ("停水 -挖开", "1"),
        ("-停水", "2 3 4"),
        ("title:停水 OR title:道路", "1 2 30"),
        ("text:道路", "30"),
        ("reply:管道", "1"),
        ("管道", "1"),
        ('"车辆难行"', "2"),
        ('"难行车辆"', ""),
        ('"车辆 晚上"', ""),
        ('"车辆 晚上"~3', "2"),
        ("WIFI", "4"),
        ("wif*", "4"),
        ("w?fi", "4"),
        ("wofi~1", "4"),
        ("wo~1", ""),
        ("topic:交通运输", "2"),
        ("topic:交通", ""),
        ("topic:交*", "2"),
        ("_exists_:topic", "1 2 3 30"),
        ("-_exists_:status", "4"),
        ("_exists_:reply", "1"),
        ("_exists_:replied", "1"),
        ("_exists_:place -_exists_:reply", "2 3 4 30"),
        ("place:东湖区", "1 3 30"),
        ("place:梅溪小区", "1 2 3 4 30"),
        ("department:水务局", "1"),
        ("department:区政府", "2 3 4 30"),
        ("channel:hotline", "3"),
        ("source:hotline", "3"),
        ("status:待回复 urgency:>=1", "1"),
        ("urgency:[1 TO 3]", "1 4"),
        ("urgency:{1 TO 3]", "1"),
        ("urgency:<0.5", "2 3 30"),
        ("urgency:1.5", ""),
        ("dissatisfaction:0.75", "1 2 3 4 30"),
        ("dissatisfaction:>0.75", ""),
        ("dissatisfaction:[* TO *]", "1 2 3 4 30"),
        ("intent:投诉", "1 2 3 4 30"),
        ("problem:p1", "1 3"),
        ("flagged:true", "1"),
        ("flagged:false 停水", "30"),
        ("asked:P1D", "1 2 3 4"),
        ("asked:2026-03-19", "30"),
        ("asked:[2026-03-20T07:00 TO 2026-03-20T09:00}", "2 3"),
        ("asked:>=2027", ""),
        ("asked:[2027 TO 2026]", ""),
        ("replied:2026-03-20", "1"),
        ("停水^5 OR 供暖", "1 3 30"),
        ("title:(停水 OR 道路)^2", "1 2 30"),
        ('title:("道路 破损"~2 OR wifi~1 OR 供*)', "2 3 4"),
        ("+停水 AND NOT 挖开", "1"),
        ("NOT (停水 OR 供暖)", "2 4"),
        ("topic:(交通运输 OR 城乡建设) -停水", "2 3"),
        ("topic:(-城乡建设)", "2 4"),
        ("place:梅西小区~1", "1 2 3 4 30"),
        ("place:东山区~1", "1 2 3 30"),
        ("department:水电局~1 OR status:回复~1", "1 2 3 30"),
        ("source:mail* -source:hotl?ne", "1 2 4 30"),
        ("problem:(p0 OR p1)", "1 2 3 4 30"),
        ("status:待回复", "1 2 3 30"),
        ("intent:(投诉 OR 求助)", "1 2 3 4 30"),
        ("urgency:(1 OR 3)", "1 4"),
        ("urgency:[1 TO *]", "1 4"),
        ("urgency:{* TO 1}", "2 3 30"),
        ("urgency:<=1 AND urgency:>0", "4"),
        ("dissatisfaction:{0.5 TO 0.75]", "1 2 3 4 30"),
        ("dissatisfaction:{0.5 TO 0.75}", ""),
        ("asked:(2026-03-19 OR 2026-03-20)", "1 2 3 4 30"),
        ("asked:2026-W12", "1 2 3 4 30"),
        ("asked:2026-03", "1 2 3 4 30"),
        ("asked:2026", "1 2 3 4 30"),
        ("asked:2025", ""),
        ("asked:PT2H30M", "1 2"),
        ("asked:P1M", "1 2 3 4 30"),
        ("asked:>=PT2H30M", "1 2"),
        ("asked:{* TO 2026-03-20}", "30"),
        ("replied:>=P1D", "1"),
        ("replied:<P1D", ""),
        ("_exists_:urgency -_exists_:problem", ""),
        ("_exists_:title _exists_:text _exists_:channel _exists_:source", "1 2 3 4 30"),
        ("_exists_:intent _exists_:department _exists_:flagged _exists_:asked", "1 2 3 4 30"),
        ("_exists_:dissatisfaction", "1 2 3 4 30"),
        ('"地铁站 断断续续 wifi"~2', "4"),
        ('"地铁站 wifi 地铁站"~1', "4"),
        ('"车辆 晚上 危险"~2', "2"),
        ('"车辆 晚上 危险"~1', ""),
        ("没有这个词语", ""),
    ],
)
def test_finds(readable: SearchIndex, query: str, numbers: str) -> None:
    assert found(readable, query) == numbers.split()
    assert readable.count(query) == len(numbers.split())


# How jieba cuts these: 路|灯不亮, 供水管|道, 一米阳光.
TEXTS = (
    "小区路灯不亮，很黑",
    "供水管道老化",
    "一米阳光幼儿园",
    "道路，灯坏了",
    "WiFi 6路由器，T恤，5路车",
    "路\n灯坏",
)


@pytest.fixture(scope="module", params=ENGINES)
def cut_texts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SearchIndex]:
    replies = (reply("处理完毕"), reply("已修复"))
    with opener(request, tmp_path_factory.mktemp("cut")) as open_index:
        index = open_index()
        index.add(
            document(number, text=text, title="来信", replies=replies) for number, text in enumerate(TEXTS)
        )
        index.refresh()
        yield index


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("路灯", "0 5"),
        ("管道", "1"),
        ("路灯 -不亮", "5"),
        ("阳光", "2"),
        ("路", "0 3 4 5"),
        ('"路灯"', "0 5"),
        ('"路，灯"', "3"),
        ('"路灯不亮，很"', "0"),
        ('"路灯不亮很"', ""),
        ('"米阳"', "2"),
        ('"一米阳光"', "2"),
        ('"灯"', "0 3 5"),
        ('"wifi 6"', "4"),
        ('"wifi6"', ""),
        ('"wif"', ""),
        ('"恤，5路"', "4"),
        ("t恤", "4"),
        ("恤", "4"),
        ('text:"路灯"', "0 5"),
        ('title:"路灯"', ""),
        ('reply:"修 复"', "0 1 2 3 4 5"),
        ('"完毕已修"', ""),
        ('-"路灯"', "1 2 3 4"),
    ],
)
def test_finds_characters_however_they_were_cut(cut_texts: SearchIndex, query: str, numbers: str) -> None:
    assert found(cut_texts, query) == numbers.split()


def test_words_come_before_characters_cut_otherwise(index: SearchIndex) -> None:
    index.add(
        [
            document(1, text="供水管道老化，供水管道破裂，供水管道漏水", title="来信"),
            document(2, text="请检修管道，谢谢你们的关心和帮助", title="来信"),
        ]
    )
    index.refresh()
    assert [hit.post_id for hit in index.search("管道").hits] == ["mailbox/2", "mailbox/1"]


def test_a_query_that_cannot_be_read_is_told_so_everywhere(readable: SearchIndex) -> None:
    for ask in (
        lambda: readable.count("(("),
        lambda: readable.search("(("),
        lambda: readable.facets("((", ["topic"]),
        lambda: readable.histogram("((", Interval.DAY, period=EVER, zone=DEFAULT_ZONE),
        lambda: readable.group_counts("((", ["topic"], period=EVER),
    ):
        with pytest.raises(QueryError, match="a bracket is not closed"):
            ask()


def test_a_period_takes_its_start_and_leaves_its_end(readable: SearchIndex) -> None:
    period = Period(start=NOW - timedelta(hours=3), end=NOW - timedelta(hours=1))
    assert found(readable, "", period=period) == ["2", "3"]
    assert readable.count("供暖", period=period) == 1
    assert readable.count("", period=Period(start=NOW, end=NOW)) == 0


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


def test_facets_count_each_value_most_first(readable: SearchIndex) -> None:
    facets = readable.facets("", ["topic", "place", "department", "channel", "urgency", "status"])
    counted = {name: [(item.value, item.count) for item in values] for name, values in facets.items()}
    assert counted == {
        "topic": [("城乡建设", 3), ("交通运输", 1)],
        "place": [("梅溪小区", 5), ("东湖区", 3), ("西山区", 1)],
        "department": [("区政府", 4), ("水务局", 1)],
        "channel": [("inbox", 4), ("hotline", 1)],
        "urgency": [("0", 3), ("1", 1), ("3", 1)],
        "status": [("待回复", 4)],
    }
    narrowed = readable.facets("停水", ["place"], limit=1)
    assert [(item.value, item.count) for item in narrowed["place"]] == [("东湖区", 2)]
    assert readable.facets("", []) == {}


def test_what_was_counted_is_counted_anew_after_a_commit(open_index: Callable[[], SearchIndex]) -> None:
    index, other = fill(open_index()), open_index()

    def counted(asked: SearchIndex) -> tuple[int, int]:
        facets = asked.facets("停水", ["topic"])
        bins = asked.histogram("停水", Interval.DAY, period=EVER, zone=DEFAULT_ZONE)
        # What one page does with its answer does not reach another's.
        facets["topic"].append(facets["topic"][0])
        bins.clear()
        return facets["topic"][0].count, sum(
            one.count for one in asked.histogram("停水", Interval.DAY, period=EVER, zone=DEFAULT_ZONE)
        )

    assert [counted(index), counted(index), counted(other)] == [(2, 2)] * 3
    index.add([document(50), document(51)])
    index.refresh()
    assert [counted(index), counted(other)] == [(4, 4)] * 2
    index.clear()
    assert index.facets("停水", ["topic"]) == other.facets("停水", ["topic"]) == {"topic": []}


def test_a_facet_value_leads_to_exactly_its_posts(index: SearchIndex) -> None:
    names = ['局（房管）"一科"', "局 (房管)", "“五一”路", "A*区", "a\\b"]
    index.add(document(number, place=name) for number, name in enumerate(names))
    index.refresh()
    for name in names:
        assert index.count("place:" + quoted(name)) == 1


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC"])
@pytest.mark.parametrize("interval", list(Interval))
def test_histograms_are_exact_in_every_zone(index: SearchIndex, zone: str, interval: Interval) -> None:
    where = ZoneInfo(zone)
    first = datetime(2026, 3, 6, 12, 34, tzinfo=where)
    # By the clock of the world: local clocks skip and repeat hours.
    times = [first.astimezone(UTC) + timedelta(minutes=7 * number) for number in range(900)]
    edge = datetime(2026, 3, 9, tzinfo=where)
    times += [edge, edge - timedelta(microseconds=1)]
    index.add(document(number, asked_at=asked) for number, asked in enumerate(times))
    index.refresh()
    period = Period(start=first + timedelta(hours=5), end=first + timedelta(days=8))

    def start_of(moment: datetime) -> datetime:
        local = moment.astimezone(where)
        if interval is Interval.HOUR:
            return local.replace(minute=0, second=0, microsecond=0)
        day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return day if interval is Interval.DAY else day - timedelta(days=day.weekday())

    expected = Counter(start_of(moment) for moment in times if moment in period)
    bins = index.histogram("停水", interval, period=period, zone=where)
    assert {one.start: one.count for one in bins if one.count} == expected
    assert [one.start for one in bins] == sorted(one.start for one in bins)
    assert (bins[0].start, bins[-1].start) == (
        start_of(period.start),
        start_of(period.end - timedelta(seconds=1)),
    )
    assert sum(one.count for one in bins) == index.count("停水", period=period)


def test_group_counts(readable: SearchIndex) -> None:
    day = Period(
        start=datetime(2026, 3, 19, tzinfo=DEFAULT_ZONE), end=datetime(2026, 3, 21, tzinfo=DEFAULT_ZONE)
    )
    series = readable.group_counts(
        "-wifi", ["topic", "channel"], period=day, interval=Interval.DAY, zone=DEFAULT_ZONE
    )
    assert [(dict(one.key), one.total, [part.count for part in one.bins]) for one in series] == [
        ({"topic": "城乡建设", "channel": "inbox"}, 2, [1, 1]),
        ({"topic": "交通运输", "channel": "inbox"}, 1, [0, 1]),
        ({"topic": "城乡建设", "channel": "hotline"}, 1, [0, 1]),
    ]
    # A post with several places counts in each; one without a topic in none.
    places = readable.group_counts("", ["place"], period=EVER)
    assert [(one.key["place"], one.total, list(one.bins)) for one in places] == [
        ("梅溪小区", 5, []),
        ("东湖区", 3, []),
        ("西山区", 1, []),
    ]
    assert [one.total for one in readable.group_counts("", [], period=EVER)] == [5]
    assert [one.total for one in readable.group_counts("没有这个词", [], period=EVER)] == [0]
    assert readable.group_counts("没有这个词", ["topic"], period=EVER) == []
    assert len(readable.group_counts("", ["place"], period=EVER, limit=2)) == 2
    with pytest.raises(ValueError, match="needs a zone"):
        readable.group_counts("", [], period=EVER, interval=Interval.DAY)


def test_counts_are_exact_with_many_values_over_many_commits(index: SearchIndex) -> None:
    for part in range(6):
        index.add(
            document(number, place=f"第{number % 701}社区", asked_at=NOW - timedelta(hours=number % 997))
            for number in range(part * 500, part * 500 + 500)
        )
        index.refresh()
    expected = Counter(f"第{number % 701}社区" for number in range(3000)) | Counter({"梅溪小区": 3000})
    counted = index.facets("", ["place"], limit=1000)["place"]
    assert {item.value: item.count for item in counted} == expected
    # Most places are as common as many others: the first of them by name are the ones wanted.
    first = sorted(expected.items(), key=lambda item: (-item[1], item[0]))[:4]
    assert [(one.value, one.count) for one in index.facets("", ["place"], limit=4)["place"]] == first
    months = Period(start=NOW - timedelta(days=60), end=NOW + timedelta(days=1))
    series = index.group_counts("", ["place"], period=months, interval=Interval.HOUR, zone=DEFAULT_ZONE)
    assert {one.key["place"]: sum(part.count for part in one.bins) for one in series} == expected


def test_adding_again_replaces(filled: SearchIndex) -> None:
    filled.add([document(1, text="改成了路灯不亮", title="路灯")])
    assert filled.count("路灯") == 0  # not yet committed
    filled.refresh()
    assert (filled.count("路灯"), filled.count("停水"), filled.count("")) == (1, 1, 5)


def test_the_last_of_two_documents_of_one_id_stays(index: SearchIndex) -> None:
    assert index.add([document(1), replace(document(1), topic="劳动保障")]) == 2
    index.refresh()
    assert [item.value for item in index.facets("", ["topic"])["topic"]] == ["劳动保障"]


def test_deleting_passes_over_unknown_ids(filled: SearchIndex) -> None:
    filled.delete(["mailbox/1", "mailbox/999"])
    filled.refresh()
    assert found(filled, "停水") == ["30"]


def test_clearing_takes_the_watermark_too(filled: SearchIndex) -> None:
    filled.refresh(watermark=7)
    assert filled.watermark() == 7
    filled.clear()
    assert (filled.watermark(), filled.count()) == (0, 0)


def test_what_was_committed_is_there_after_reopening(open_index: Callable[[], SearchIndex]) -> None:
    first = open_index()
    first.add([document(1)])
    first.refresh(watermark=3)
    first.add([document(2)])
    first.close()
    again = open_index()
    assert (again.watermark(), again.count()) == (3, 1)


def test_an_open_reader_sees_what_another_commits(open_index: Callable[[], SearchIndex]) -> None:
    reader, writer = open_index(), open_index()
    assert reader.count() == 0
    writer.add([document(1)])
    writer.refresh(watermark=1)
    assert (reader.count(), reader.watermark()) == (1, 1)
    writer.clear()
    assert (reader.count(), reader.watermark()) == (0, 0)


def test_odd_documents(index: SearchIndex) -> None:
    index.add(
        [
            document(1, title="", text="", place=None),
            document(2, text="😀 \x00 ‮反" + "长" * 100_000),
            document(3, text="字" * 300, place="区" * 50_000),
        ]
    )
    index.refresh()
    assert index.count() == 3
    assert found(index, "-_exists_:text") == ["1"]
