"""New words: unknown names come out whole; phrases, known words and persons do not. All is invented."""

from __future__ import annotations

import json
from random import Random

import pytest

from nlp.new_words import LEAST_COUNT, new_words
from tests.shared_data import shared_file

BEFORE = ["住在", "位于", "反映", "关于", "咨询", "投诉", "来到", "经过", "买了", "看中"]
AFTER = ["业主", "停车难", "噪音大", "物业", "漏水", "交房", "附近", "旁边", "门口", "停电"]
FILL = [
    "请有关部门尽快处理", "道路积水严重影响出行", "公交线路什么时候调整", "学校门口交通拥堵",
    "路灯坏了没有人修理", "垃圾没有及时清运", "电梯经常发生故障", "施工到深夜不停",
]  # fmt: skip
N_OTHERS = 2_000


def texts(name: str, times: int, *, seed: int = 3) -> list[str]:
    draw = Random(seed)
    said = [f"{draw.choice(BEFORE)}{name}{draw.choice(AFTER)}，{draw.choice(FILL)}。" for _ in range(times)]
    return [f"{draw.choice(FILL)}，{draw.choice(FILL)}。" for _ in range(N_OTHERS)] + said


@pytest.mark.parametrize("name", ["璟樾台", "沁荷苑", "芙蓓里", "帆影轩", "优橙计划"])
def test_a_name_that_no_dictionary_holds_is_found_whole(name: str) -> None:
    found = {one.word: one for one in new_words(texts(name, 30))}
    assert name in found
    assert found[name].count == 30
    assert found[name].first == N_OTHERS
    assert not [word for word in found if word != name and word in name]


@pytest.mark.parametrize("name", ["张丽萍", "李敏", "欧阳慧敏", "赵某某", "刘局长", "陈师宇"])
def test_names_of_persons_are_not_listed(name: str) -> None:
    assert [one.word for one in new_words(texts(name, 30)) if one.word in name or name in one.word] == []


def test_a_name_masked_is_no_word() -> None:
    found = [one.word for one in new_words(texts("〔姓名〕", 30) + texts("███", 30))]
    assert not [word for word in found if "姓名" in word]


def test_too_rare_a_name_is_not_listed() -> None:
    assert "璟樾台" not in {one.word for one in new_words(texts("璟樾台", LEAST_COUNT - 1))}


def test_a_part_that_always_stands_in_the_same_company_is_not_free() -> None:
    found = {one.word for one in new_words([f"{before}璟樾台国际社区" for before in BEFORE * 3])}
    assert not {word for word in found if word.startswith("璟樾") and len(word) < 5}


def test_known_words_are_not_new() -> None:
    assert {one.word for one in new_words(texts("停车场", 30))} & {"停车场", "停车", "车场"} == set()


@pytest.mark.parametrize("given", [[], [""], ["😀"], ["a"], ["水"], ["\ud800水"], ["abc 123"], ["水" * 9]])
def test_any_text_is_read(given: list[str]) -> None:
    assert new_words(given) == []


@pytest.mark.shared
def test_new_words_of_real_messages_are_estates_roads_and_offices() -> None:
    lines = shared_file("messages/messages_2017_2020.jsonl").read_text("utf-8").splitlines()[:1500]
    found = {
        one.word for one in new_words(row["title"] + "\n" + row["text"] for row in map(json.loads, lines))
    }
    assert {"住建局", "渣土车", "购房资格"} <= found
    assert not {"不知道", "尊敬的领导", "小区内"} & found
