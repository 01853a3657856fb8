"""Rising words: certain rises are found, chance is not, and no person is ever listed."""

from __future__ import annotations

from random import Random

import pytest

from nlp.bursts import LEAST_MESSAGES, rising, words_of
from tests.nlp.messages import message

USUAL = ["小区", "物业", "停车", "噪音", "道路", "公交", "学校", "路灯", "垃圾", "绿化"]


def usual(n: int, *, seed: int) -> list[list[str]]:
    draw = Random(seed)
    return [draw.sample(USUAL, 4) for _ in range(n)]


def test_a_word_that_rises_is_listed_with_its_counts() -> None:
    period = usual(100, seed=1) + [["小区", "停水"]] * 12
    baseline = usual(900, seed=2) + [["停水"]] * 9
    [found] = rising(period, baseline)
    assert (found.word, found.count, found.before) == ("停水", 12, 9)
    assert found.expected == pytest.approx(112 * 9 / 909, abs=0.06)
    assert found.strength > 20
    assert found.chance < 1e-6


def test_a_word_never_said_before_rises_when_it_is_frequent_enough() -> None:
    baseline = usual(900, seed=2)
    assert [one.word for one in rising(usual(100, seed=1) + [["地铁"]] * 8, baseline)] == ["地铁"]
    few = [["地铁"]] * (LEAST_MESSAGES - 1)
    assert rising(usual(100, seed=1) + few, baseline) == []


def test_a_word_said_often_in_one_message_does_not_rise() -> None:
    assert rising([*usual(100, seed=1), ["地铁"] * 500], usual(900, seed=2)) == []


def test_a_word_that_falls_does_not_rise() -> None:
    assert rising(usual(300, seed=1), usual(300, seed=2) + [["停水"]] * 40) == []


def test_what_is_dealt_at_random_lists_hardly_anything() -> None:
    words = [f"词{number:03}" for number in range(600)]
    draw = Random(5)
    messages = [draw.choices(words, k=12) for _ in range(1500)]
    listed = 0
    for _ in range(10):
        draw.shuffle(messages)
        listed += len(rising(messages[:300], messages[300:]))
    assert listed <= 2


def test_names_of_persons_and_masks_are_not_listed() -> None:
    text = "王建国 张某 李某某 请联系〔电话〕〔姓名〕███ 停水"
    period = [words_of(message(text)) for _ in range(20)]
    assert {"电话", "姓名"}.isdisjoint(period[0])
    names = [["诸葛亮", "张某", "停水"]] * 20
    assert [one.word for one in rising(names, usual(900, seed=2))] == ["停水"]


@pytest.mark.parametrize(("period", "baseline"), [([], []), ([["停水"]] * 9, []), ([], [["停水"]] * 9)])
def test_without_messages_nothing_rises(period: list[list[str]], baseline: list[list[str]]) -> None:
    assert rising(period, baseline) == []
