"""The contract of SearchIndex over every engine: what is found, and what is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from records.query import Interval
from records.times import DEFAULT_ZONE, Period
from storage.query import QueryError
from storage.search import SearchIndex
from tests.storage.conftest import ENGINES, opener
from tests.storage.indexed import EVER, document, found
from tests.storage.samples import NOW, reply


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
