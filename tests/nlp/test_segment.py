"""Tokens equal jieba's own; offsets hold in the original."""

from __future__ import annotations

import json
import time
import warnings

import pytest

from nlp.segment import cut, normalise, tokens, words
from tests.shared_data import shared_file

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # jieba imports pkg_resources, which is deprecated
    import jieba

jieba.setLogLevel(60)

AWKWARD = [
    "",
    "水",
    "小区停水三天了,物业不管!!!",
    "A3区中海国际社区三期与四期之间的空地夜间施工噪音扰民",
    "ＷＩＦＩ收费３．５元／天，卡拉ＯＫ太吵",
    "臺灣路的路燈壞了",
    "😀😀停电😀了",
    "\u202e你\u200b好\ufeff",
    "<b>漏水</b>&nbsp;<script>alert(1)</script>",
    "ئۇيغۇر ｔｅｓｔ İSTANBUL straße ΑΣ",
    "𠮷野家旁边的井盖丢了",
    "\ud83d半个代理\udc00",
    "电话:0731-█████ 3.5% c++ a_b -- ...",
    "\x00\r\n\t 第一行\r\n第二行\u3000空格",
]


@pytest.mark.parametrize("text", AWKWARD)
def test_pieces_are_jiebas_own(text: str) -> None:
    clean = normalise(text)
    assert cut(clean) == jieba.lcut(clean, HMM=False)


@pytest.mark.parametrize("text", AWKWARD)
def test_normalising_keeps_every_offset(text: str) -> None:
    found = tokens(text)
    assert len(normalise(text)) == len(text)
    assert [token.text for token in found] == words(text)
    assert all(words(text[token.start : token.end]) == [token.text] for token in found)


def test_words_are_lower_case_half_width_and_without_marks() -> None:
    assert words("ＷＩＦＩ，水没来！ 3.5%") == ["wifi", "水", "没", "来", "3", "5"]
    assert words("，。！😀 \n") == []


def test_traditional_forms_are_the_same_words() -> None:
    assert words("物業多收水費") == words("物业多收水费")
    assert [(t.text, t.start, t.end) for t in tokens("問水費")] == [("问", 0, 1), ("水费", 1, 3)]


def test_time_is_linear_in_length() -> None:
    text = "停水三天了没人管," * 110_000
    start = time.process_time()
    assert len(words(text)) == 440_000
    assert time.process_time() - start < 5  # 0.6 s here; a quadratic way would take minutes


@pytest.mark.shared
def test_real_messages_are_cut_as_jieba_does() -> None:
    path = shared_file("messages/messages_2017_2020.jsonl")
    with path.open(encoding="utf-8") as lines:
        texts = [normalise(json.loads(line)["text"]) for line, _ in zip(lines, range(400), strict=False)]
    assert len(texts) == 400
    assert [cut(text) for text in texts] == [jieba.lcut(text, HMM=False) for text in texts]
