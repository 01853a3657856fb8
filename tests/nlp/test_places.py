"""Place names: found with their kind, descriptions left alone, any text endured."""

from __future__ import annotations

import time

import pytest

from nlp.places import MAX_CHARACTERS, find_places
from records.analysis import PlaceKind


def names(text: str) -> list[str]:
    return [mention.name for mention in find_places(text)]


def kinds(text: str) -> dict[str, PlaceKind]:
    return {mention.name: mention.kind for mention in find_places(text)}


def test_places_come_in_the_order_of_the_text_with_their_kind() -> None:
    assert list(kinds("江北区滨河街道春晓社区幸福里小区停水").items()) == [
        ("江北区", PlaceKind.DISTRICT),
        ("滨河街道", PlaceKind.STREET),
        ("春晓社区", PlaceKind.COMMUNITY),
        ("幸福里小区", PlaceKind.ESTATE),
    ]


def test_pseudonymised_places_are_sure() -> None:
    mentions = find_places("A市A5区和B7县的问题")
    assert [(m.name, m.kind) for m in mentions] == [
        ("A市", PlaceKind.CITY),
        ("A5区", PlaceKind.DISTRICT),
        ("B7县", PlaceKind.DISTRICT),
    ]
    assert min(m.confidence for m in mentions) > 0.95


def test_a_county_of_another_city_may_be_the_rest_of_a_name() -> None:
    assert kinds("A市柳泉万境K9县漏水") == {"A市": PlaceKind.CITY, "柳泉万境K9县": PlaceKind.ESTATE}
    assert names("从A市到K9县的班车") == ["A市", "K9县"]
    assert names("我是K9县的居民，家住柳泉万境K9县") == ["K9县"]


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("投诉翠竹新城附近建厂", "翠竹新城", PlaceKind.ESTATE),
        ("关于翠竹苑漏水的投诉", "翠竹苑", PlaceKind.ESTATE),
        ("位于槐荫路与柳泉路交汇处", "槐荫路", PlaceKind.ROAD),
        ("对江北区人民路坑洼的投诉", "人民路", PlaceKind.ROAD),
        ("我在石桥镇开店", "石桥镇", PlaceKind.STREET),
        ("家住青山村五组", "青山村", PlaceKind.COMMUNITY),
        ("到明德小学接孩子", "明德小学", PlaceKind.SITE),
        ("建议地铁十二号线增设出口", "地铁12号线", PlaceKind.SITE),
        ("建议轨道交通3号线增设出口", "地铁3号线", PlaceKind.SITE),
        ("A市外国语学校招生", "A市外国语学校", PlaceKind.SITE),
        ("A3区第三幼儿园收费", "A3区第三幼儿园", PlaceKind.SITE),
        ("江州县107国道旁", "107国道", PlaceKind.ROAD),
        ("石桥镇柳泉公路坑洼", "柳泉公路", PlaceKind.ROAD),
        ("月亮湾街道太吵", "月亮湾街道", PlaceKind.STREET),
        ("黄泥塘街道办", "黄泥塘街道", PlaceKind.STREET),
        ("黄泥塘街道办事处旁", "黄泥塘街道", PlaceKind.STREET),
        ("A市翠竹园滨河苑捆绑销售", "翠竹园滨河苑", PlaceKind.ESTATE),
        ("A市长柳云时代13栋漏水", "长柳云时代", PlaceKind.ESTATE),
        ("A3区经开区停电", "经开区", PlaceKind.DISTRICT),
        ("西地省的政策", "西地省", PlaceKind.PROVINCE),
        ("金辉国际城二期", "金辉国际城", PlaceKind.ESTATE),
        ("关于和美星城停电", "和美星城", PlaceKind.ESTATE),
    ],
)
def test_a_name_begins_after_the_words_before_it(text: str, name: str, kind: PlaceKind) -> None:
    assert kinds(text)[name] is kind


@pytest.mark.parametrize(
    "text",
    [
        "我们小区停水了",
        "这个村没有路灯",
        "该小区物业不管",
        "整个社区都在说",
        "老旧小区改造",
        "附近的学校和医院",
        "道路坑洼，马路两边都是车",
        "政府应该重视农村公路",
        "市民在超市门口",
        "普惠性幼儿园太少",
        "街边夜宵摊",
        "城管来过",
    ],
)
def test_what_only_describes_is_no_name(text: str) -> None:
    assert names(text) == []


def test_what_an_estate_is_called_besides_its_name_is_left_off() -> None:
    assert names("翠竹苑小区停水") == ["翠竹苑"]


def test_a_place_that_names_another_stays_beside_it() -> None:
    assert names("柳泉路公交站和A2区路") == ["柳泉路", "柳泉路公交站", "A2区", "A2区路"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("车辆左转柳泉路再走槐荫路", ["柳泉路", "槐荫路"]),
        ("2019年柳泉棉纺厂宿舍", ["柳泉棉纺厂", "柳泉棉纺厂宿舍"]),
        ("住在胜利路，今天听闻小区要拆", ["胜利路"]),
        ("星沙翠竹城和星沙派小区", ["星沙", "翠竹城", "星沙派小区"]),
        ("A8县市柳泉桥乡青山村", ["A8县", "柳泉桥乡", "青山村"]),
        ("翠竹苑1区、翠竹苑2区", ["翠竹苑1区", "翠竹苑2区"]),
    ],
)
def test_what_leads_to_a_name_is_none_of_it(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_official_divisions_are_surer_than_patterns() -> None:
    found = {m.name: (m.kind, m.confidence) for m in find_places("湖南省长沙市岳麓区和江北县的事")}
    assert found["湖南省"] == (PlaceKind.PROVINCE, 0.97)
    assert found["长沙市"] == (PlaceKind.CITY, 0.97)
    assert found["岳麓区"] == (PlaceKind.DISTRICT, 0.97)
    assert found["江北县"][1] < 0.97


@pytest.mark.parametrize(
    ("text", "declared", "confidence"),
    [
        ("鼓楼区停水", None, 0.5),
        ("鼓楼区停水", "江州市", 0.5),
        ("鼓楼区停水", "江苏省南京市", 0.97),
        ("南京市鼓楼区停水", None, 0.97),
        ("我住南京，鼓楼区停水", None, 0.97),
        ("鼓楼区停水，南京和福州都有", None, 0.5),
        ("岳麓区停水", None, 0.97),
    ],
)
def test_a_name_of_several_districts_is_sure_only_with_its_city(
    text: str, declared: str | None, confidence: float
) -> None:
    found = {m.name: m.confidence for m in find_places(text, declared)}
    assert found["鼓楼区" if "鼓楼" in text else "岳麓区"] == confidence


def test_two_joined_names_are_two() -> None:
    assert names("槐荫路和柳泉路都堵") == ["槐荫路", "柳泉路"]


def test_each_name_comes_once() -> None:
    assert names("翠竹苑停水，翠竹苑又停水") == ["翠竹苑"]


def test_the_declared_place_comes_last_unless_named() -> None:
    assert [m.name for m in find_places("槐荫路太堵", "江北区")] == ["槐荫路", "江北区"]
    assert [m.name for m in find_places("江北区槐荫路太堵", "江北区")] == ["江北区", "槐荫路"]
    assert [m.kind for m in find_places("", "江州市")] == [PlaceKind.CITY]
    assert find_places("", " ") == ()


@pytest.mark.parametrize(
    "text", ["", "水", "😀" * 50, "\ud800区", "<b>路</b>", "a\u200bb\u202e区", "ABC 123", "路路路路路"]
)
def test_any_text_is_endured(text: str) -> None:
    assert isinstance(find_places(text), tuple)


def test_a_pasted_novel_costs_no_more_than_its_beginning() -> None:
    text = "翠竹苑停水。" + "很久很久以前有条路，" * 100_000 + "柳泉苑"
    start = time.process_time()
    assert "柳泉苑" not in names(text)
    assert names(text)[0] == "翠竹苑"
    assert time.process_time() - start < 2
    assert len(text) > MAX_CHARACTERS
