"""Replies of nearly the same words share a number; others do not. All replies are invented."""

from __future__ import annotations

import pytest

from nlp.analyser import Analyser
from nlp.segment import normalise
from nlp.wording import wording_of
from tests.nlp.messages import message

LETTER = (
    "网友：您好！您的留言已收悉。您反映的问题我们高度重视，已第一时间转交{office}调查核实，"
    "有关情况将及时向您反馈，请您耐心等待，如有疑问可在工作时间来电咨询。2026年{month}月{day}日"
)
DECISION = "经现场核查，槐荫路路面破损属实，市政养护单位已于3月5日修补完毕，请您继续监督。"


def share(one: str, other: str, *, sources: tuple[str, str] = ("board", "board")) -> bool:
    return bool({*wording_of(one, sources[0])} & {*wording_of(other, sources[1])})


def test_a_letter_with_another_date_and_number_has_the_same_wording() -> None:
    letters = [LETTER.format(office="住建局", month=month, day=day) for month, day in ((3, 5), (11, 20))]
    assert wording_of(letters[0], "board") == wording_of(letters[1], "board")
    assert share("电话：12345678，" + letters[0], "电话：〔电话〕，" + letters[1])


def test_a_letter_with_other_words_in_one_place_shares_a_number() -> None:
    letters = [LETTER.format(office=office, month=3, day=5) for office in ("住建局", "住建局相关科室")]
    assert share(*letters)


def test_other_replies_and_other_sources_share_none() -> None:
    letter = LETTER.format(office="住建局", month=3, day=5)
    assert not share(letter, DECISION)
    assert not share(letter, letter, sources=("board", "lake"))


@pytest.mark.parametrize(
    "reply", ["", "网友您好！感谢您的关心支持！", "2026年3月5日", "〔电话〕", "😀", "。。"]
)
def test_courtesies_alone_have_no_wording(reply: str) -> None:
    assert wording_of(reply, "board") == ()


@pytest.mark.parametrize("reply", ["好", "\ud800修好", "已" * 100_000])
def test_numbers_fit_a_column_of_63_bits(reply: str) -> None:
    numbers = wording_of(reply, "board")
    assert len(numbers) == 2
    assert all(0 <= number < 1 << 63 for number in numbers)


def test_an_analysis_holds_the_wording_of_the_newest_reply() -> None:
    letter = LETTER.format(office="住建局", month=3, day=5)
    quality = Analyser.load().analyse([message("路灯坏了", reply=letter)])[0].reply_quality
    assert quality is not None
    assert quality.wording == wording_of(normalise(letter), "test")
