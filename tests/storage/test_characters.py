"""Texts as pieces, and that a quoted phrase finds exactly the texts that contain it."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import pytest

from nlp.segment import words
from records.post import Post
from storage import pairing
from storage.characters import GAP, LONGEST_WORD, find_pieces, in_parts, pairs, pieces
from storage.documents import build_document
from storage.pairing import character_terms
from storage.search import SearchIndex
from tests.shared_data import shared_file
from tests.storage.samples import post, reply

MESSAGES = 500  # of each file
PHRASES = 150


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("！！", ""),
        ("停水", "停 水"),
        ("停　水\n三\u200b天", "停 水 三 天"),
        ("停水，。 三天！", "停 水 ， 三 天"),
        ("Wi-Fi坏 了！", "wi ， fi 坏 了"),
        ("Ａ３区 3.5元", "a3 区 3 ， 5 元"),
        ("a_b", "a ， b"),
        ("😀𠮷野家、ラーメン々", "𠮷 野 家 ， ラ ー メ ン 々"),
        ("ۇيغۇر été İ", "ۇيغۇر été i"),
        ("停\ud800水", "停 ， 水"),
    ],
)
def test_pieces(text: str, expected: str) -> None:
    assert " ".join(pieces(text)) == expected


def test_pairs_tell_blanks_between_letters_and_the_gaps_between_pieces() -> None:
    assert pairs(pieces("停水")) == ["停_水"]
    assert pairs(pieces("停，水ab 3。电")) == ["停，水", "水_ab", "ab_3", "3，电"]
    assert pairs(pieces("停")) == []
    assert pairs(pieces("ab c")) != pairs(pieces("a bc"))


def test_whole_texts_have_the_terms_of_their_pieces() -> None:
    dice = random.Random(7)
    characters = "停水电，。 \n_aB3Ａéσ𠮷😀\ud800々İ\u200b\U000f0001\U00100000"
    texts = ["".join(dice.choices(characters, k=dice.randrange(14))) for _ in range(3_000)]
    texts += ["", "停", " ".join(f"a{number}" for number in range(40)), "x" * 250]
    expected = [(pairs(pieces(text)), {*pieces(text)} - {GAP}) for text in texts]
    for at_once in (len(texts), 3, 1):
        found = [
            terms
            for start in range(0, len(texts), at_once)
            for terms in character_terms(texts[start : start + at_once])
        ]
        assert [
            (one.pairs.split(" ") if one.pairs else [], {*one.pieces.split()}) for one in found
        ] == expected


def test_a_text_of_more_runs_than_can_be_hidden_has_its_terms_too(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "A3区 停水 12 小时，ab ac"
    usual = character_terms([text])
    monkeypatch.setattr(pairing, "MOST_CHARACTERS", 3)
    plain_way = character_terms([text])
    assert [one.pairs for one in plain_way] == [one.pairs for one in usual]
    assert {*plain_way[0].pieces.split()} == {*usual[0].pieces.split()}


def test_words_are_cut_as_every_engine_takes_them() -> None:
    assert list(in_parts(["停水", "a b", " ", "x" * (LONGEST_WORD + 2)])) == [
        "停水", "a", "b", "x" * LONGEST_WORD, "xx",
    ]  # fmt: skip
    assert max(map(len, pairs(pieces("x" * 500)))) <= LONGEST_WORD


def test_places_are_those_of_the_text_as_it_was_written() -> None:
    text = "İＷｉＦｉ 停\n水，停水停水停"
    spans = [text[start:end] for start, end in find_pieces(text, pieces("停水停"))]
    assert spans == ["停水停", "停水停"]
    assert [text[a:b] for a, b in find_pieces(text, pieces("停水，停"))] == ["停\n水，停"]
    assert list(find_pieces("WiFi wifis ＷｉＦｉ", pieces("wifi"))) == [(0, 4), (11, 15)]
    assert list(find_pieces(text, [])) == []


def real_posts() -> Iterator[Post]:
    for name in ("messages/messages_2017_2020.jsonl", "messages/replies_open.jsonl"):
        with shared_file(name).open(encoding="utf-8") as lines:
            for number, line in enumerate(islice(lines, MESSAGES)):
                row = json.loads(line)
                replies = (reply(row["reply"]),) if "reply" in row else ()
                one = post(number, title=row["title"], text=row["text"], replies=replies)
                yield replace(one, native_id=f"{name[9]}{number}")


def plain(text: str) -> str:
    """Return the text without blanks and unseen characters, in half width and lower case."""
    seen = "".join(char for char in text if char.isprintable() and unicodedata.category(char)[0] not in "ZC")
    return unicodedata.normalize("NFKC", seen).lower()


@pytest.mark.shared
def test_a_quoted_phrase_finds_exactly_the_texts_that_contain_it(
    open_index: Callable[[], SearchIndex],
) -> None:
    index, posts = open_index(), list(real_posts())
    index.add(build_document(one, None, None, flagged=False, segment=words) for one in posts)
    index.refresh()
    texts = {
        one.id: [plain(text) for text in (one.title, one.text, *(each.text for each in one.replies))]
        for one in posts
    }
    dice = random.Random(5)
    runs = [run for parts in texts.values() for text in parts for run in re.findall("[一-龥]{2,}", text)]
    cut_otherwise = 0
    for _ in range(PHRASES):
        run = dice.choice(runs)
        start = dice.randrange(len(run) - 1)
        phrase = run[start : start + dice.randint(2, 6)]
        expected = {post_id for post_id, parts in texts.items() if any(phrase in text for text in parts)}
        hits = {hit.post_id for hit in index.search(f'"{phrase}"', limit=len(posts)).hits}
        assert hits == expected, phrase
        # The same characters without quotes find these and more.
        assert index.count(phrase) >= len(expected)
        cut_otherwise += index.count(f'"{" ".join(words(phrase))}"~1') < len(expected)
    assert cut_otherwise > PHRASES // 10  # else this would prove nothing
