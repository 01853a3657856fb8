"""Whatever is typed: an answer or a QueryError, quickly, never anything else."""

from __future__ import annotations

import random
import time

import pytest

from nlp.segment import words
from storage.documents import build_document
from storage.query import QueryError
from storage.search import SearchIndex
from tests.storage.samples import post

WORDS = """
停水 小区 wifi A3区 😀 ۇيغۇر é 0 -1 1e999 nan AND OR NOT TO && || ! + - ( ) [ ] { }
“ ” ' ~ ~2 ~99 ^ ^2 ^-1 " \\
* ? / /a+/ : ： （ ） ， title: text: reply: topic: place: urgency: asked: replied: flagged: _exists_:
_id: __class__: id: has: >=2 <P7D P7D 2026-W12 P999999D <script> %00 ${jndi:ldap} .* (?:a+)+$
"""
ODD = ("\u202e", "\x00", "\ud800", "\u3000", "\n", "\t", " ", "[2026 TO 2027}", "[* TO *]", "' OR 1=1 --")
PIECES = [*WORDS.split(), *ODD]
LONG = [
    "(" * 4_000,
    "停" * 1_000_000,
    '"' * 3_999,
    "NOT " * 999 + "a",
    "a:" * 1_999 + "b",
    "title:(" * 500,
    "a OR " * 799 + "a",
    "[a TO " * 600,
    "~" * 3_000,
    "停水^" + "9" * 3_000,
    "停水~" + "9" * 3_000,
    "urgency:" + "9" * 3_000,
    "asked:P" + "9" * 3_000 + "D",
    "停" + "?" * 3_000,
    "停" + "*?" * 1_500,
    '"' + "停水 " * 199 + '"~50',
    ("停*? " * 10).strip(),
    "\\" * 3_999,
]


@pytest.fixture
def filled(index: SearchIndex) -> SearchIndex:
    posts = [post(number) for number in range(20)]
    index.add(build_document(one, None, None, flagged=False, segment=words) for one in posts)
    index.refresh()
    return index


def answer(index: SearchIndex, text: str) -> bool:
    """Return whether there was an answer; QueryError is the only other way out."""
    try:
        index.search(text, limit=5)
    except QueryError as error:
        well_told = 0 <= error.position <= len(text) and "\n" not in str(error)
    else:
        return True
    assert well_told
    return False


def test_a_thousand_generated_queries(filled: SearchIndex) -> None:
    dice = random.Random(20260320)
    began = time.monotonic()
    answered = sum(answer(filled, "".join(dice.choices(PIECES, k=dice.randint(1, 12)))) for _ in range(1_000))
    # Generous: this is about hanging, not about speed.
    assert time.monotonic() - began < 30
    # Both ways out are really taken.
    assert 50 < answered < 950


@pytest.mark.parametrize("text", LONG, ids=lambda text: f"{text[:6]}x{len(text)}")
def test_long_and_deep_queries(filled: SearchIndex, text: str) -> None:
    began = time.monotonic()
    answer(filled, text)
    assert time.monotonic() - began < 5


def test_every_single_piece(filled: SearchIndex) -> None:
    for piece in PIECES:
        answer(filled, piece)
        answer(filled, f"title:{piece}")
        answer(filled, f"停水 {piece} 小区")
