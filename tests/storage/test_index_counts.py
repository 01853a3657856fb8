"""The contract of SearchIndex over every engine: counts by value and by time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from records.query import Interval
from records.times import DEFAULT_ZONE, Period
from storage.query import quoted
from storage.search import SearchIndex
from tests.storage.indexed import EVER, document, fill, found
from tests.storage.samples import NOW


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


def test_the_second_level_and_own_topics_are_found_and_counted(index: SearchIndex) -> None:
    read = [("环境污染", ("加装电梯", "夜间噪音")), (None, ("夜间噪音",)), ("环境污染", ())]
    index.add(
        replace(document(number), subtopic=subtopic, own_topics=own)
        for number, (subtopic, own) in enumerate(read)
    )
    index.refresh()
    assert found(index, "subtopic:环境污染") == ["0", "2"]
    assert found(index, "NOT _exists_:subtopic") == ["1"]
    assert found(index, "own_topic:夜间噪音 AND own_topic:加装电梯") == ["0"]
    assert found(index, "-own_topic:夜*") == found(index, "-_exists_:own_topic") == ["2"]
    facets = index.facets("", ["subtopic", "own_topic"])
    counted = {name: [(item.value, item.count) for item in values] for name, values in facets.items()}
    assert counted == {"subtopic": [("环境污染", 2)], "own_topic": [("夜间噪音", 2), ("加装电梯", 1)]}
    series = index.group_counts("", ["own_topic", "subtopic"], period=EVER)
    assert [(*one.key.values(), one.total) for one in series] == [
        ("加装电梯", "环境污染", 1),
        ("夜间噪音", "环境污染", 1),
    ]


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
    assert [(dict(one.key), one.total, list(one.counts)) for one in series] == [
        ({"topic": "城乡建设", "channel": "inbox"}, 2, [1, 1]),
        ({"topic": "交通运输", "channel": "inbox"}, 1, [0, 1]),
        ({"topic": "城乡建设", "channel": "hotline"}, 1, [0, 1]),
    ]
    # A post with several places counts in each; one without a topic in none.
    places = readable.group_counts("", ["place"], period=EVER)
    assert [(one.key["place"], one.total, list(one.counts)) for one in places] == [
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
    assert {one.key["place"]: sum(one.counts) for one in series} == expected
