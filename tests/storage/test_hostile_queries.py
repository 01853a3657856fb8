"""Whatever is typed: an answer or a QueryError from both engines, never anything else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import chain

import pytest

from nlp.segment import words
from records.query import FIELDS
from storage.documents import build_document
from storage.query import QueryError
from storage.search import SearchIndex
from tests.storage.conftest import ENGINES, opener
from tests.storage.samples import post

GENERATED = 1_000
WORDS = """
停水 小区 wifi A3区 😀 ۇيغۇر é 0 -1 1e999 nan AND OR NOT TO && || ! + - ( ) [ ] { }
“ ” ' ~ ~2 ~99 ^ ^2 ^-1 ^nan " \\
* ? / /a+/ : ： （ ） ， title: text: reply: topic: place: urgency: asked: replied: flagged: _exists_:
_id: _source: _all: __class__: id: has: tie: title_pairs: >=2 <P7D P7D 2026-W12 P999999D <script> %00
${jndi:ldap} .* (?:a+)+$ /(.*)*x/ <1-9> {{7*7}} {"match_all":{}} 'OR'1'='1 ;-- ../../etc %s {0} \\u0000 &quot;
"""
ODD = (
    # Right-to-left, isolates, joiners, marks without a letter, half surrogates, a line's end of every kind.
    *("\u202e", "\u2066", "\u2069", "\u200d", "\ufeff", "\u0301", "\ud800", "\udfff", "\udc00\ud800"),
    *("\x00", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u3000", "\r\n", "\t", " ", "\U000e0001", "\uffff"),
    *("[2026 TO 2027}", "[* TO *]", "{* TO *}", "[停 TO 水]", "(*)", "(-停水)", '"停水 小区"~4', "停*水?"),
    *("İ", "ẞ", "ﷺ", "\U00032000", "\ue000"),
)  # fmt: skip
PIECES = [*WORDS.split(), *ODD]
ALPHABET = "停水小区ab1()[]{}\"'“”:：~^*?\\/+-!&|<>=,，。 \t\n\x00\u202e\ud800"
LONG = [
    "停" * 1_000_000,
    "停水 " * 350_000,
    "(" * 1_000_000,
    '"' * 1_000_001,
    "\ud800" * 1_000_000,
    "\u202e(" * 500_000,
    "(" * 4_000,
    "(停" * 20 + ")" * 20,
    "[{(" * 1_300,
    '"' * 3_999,
    "NOT " * 999 + "a",
    "-" * 3_999,
    "+-" * 1_999 + "a",
    "a:" * 1_999 + "b",
    "title:(" * 500,
    "title:(text:(" * 300,
    "a OR " * 799 + "a",
    "停 OR " * 199 + "停",
    "停水 -" * 199 + "停水",
    "[a TO " * 600,
    "~" * 3_000,
    "^2" * 1_900,
    "停水" + "^2" * 1_900,
    "停水^" + "9" * 3_000,
    "停水^0." + "0" * 3_000 + "1",
    "停水~" + "9" * 3_000,
    "urgency:" + "9" * 3_000,
    "urgency:[" + "9" * 300 + " TO 1e-" + "9" * 300 + "]",
    "dissatisfaction:" + "9" * 300,
    "asked:P" + "9" * 3_000 + "D",
    "asked:P999Y9999M9999W99999DT999999H9999999M",
    "asked:" + "2" * 3_000,
    "asked:[0001-01-01 TO 9999-12-31]",
    "停" + "?" * 3_000,
    "停" + "*?" * 1_500,
    "a*b*c*d*e*f*",
    ("a*b*c*d*e " * 10).strip(),
    '"' + "停水 " * 199 + '"~50',
    ("停*? " * 10).strip(),
    " OR ".join(["停?????", *["停*"] * 9]),
    "a" * 60 + "~2",
    " ".join(["停水~2"] * 100),
    "a" * 3_990 + "~2",
    "place:" + "区" * 3_990,
    "place:" + "区" * 50 + "*",
    'place:"' + "区" * 3_990 + '"~2',
    "source:" + "a" * 3_990 + "~2",
    "\\" * 3_999,
    "\\停" * 1_999,
    "/" + "(a+)+" * 700 + "$/",
    "“" * 3_999,
    "：" * 3_999,
    *(f"{name}:({' OR '.join([name] * 100)})" for name in FIELDS),
]


@pytest.fixture(scope="module", params=ENGINES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    posts = [post(number) for number in range(20)]
    with opener(request, tmp_path_factory.mktemp("hostile")) as open_index:
        index = open_index()
        index.add(build_document(one, None, None, flagged=False, segment=words) for one in posts)
        index.refresh()
        yield index


def answer(index: SearchIndex, text: str) -> bool:
    """Return whether there was an answer; QueryError is the only other way out."""
    try:
        index.search(text, limit=5)
    except QueryError as error:
        well_told = 0 <= error.position <= len(text) and str(error).isprintable() and len(str(error)) < 500
    else:
        return True
    assert well_told
    return False


def generated(dice: random.Random) -> Iterator[str]:
    """Yield queries of pieces that mean something, of characters, and sound ones with something put in."""
    for number in range(GENERATED):
        if number % 4 == 0:
            yield "".join(dice.choices(ALPHABET, k=dice.randint(1, 60)))
        elif number % 4 == 1:
            sound = '(title:停水 OR "梅溪 小区"~3) AND urgency:[1 TO 3] -place:A3* asked:P7D^2'
            place = dice.randrange(len(sound))
            yield sound[:place] + dice.choice(PIECES) + sound[place + dice.randrange(3) :]
        else:
            joint = dice.choice(("", "", " "))
            yield joint.join(dice.choices(PIECES, k=dice.randint(1, 12)))


def hostile() -> Iterator[str]:
    fields = (f"{name}:{piece}" for name in FIELDS for piece in PIECES[:: len(FIELDS) // 3])
    return chain(generated(random.Random(20260320)), PIECES, fields, LONG)


def test_hostile_queries(filled: SearchIndex) -> None:
    answered = [answer(filled, text) for text in hostile()]
    # Both ways out are really taken.
    assert 0.1 < sum(answered) / len(answered) < 0.9


@pytest.mark.parametrize("text", ["停水)(", '"', "urgency:x", "停" * 5_000, "title:\ud800", "tie:1"])
def test_hostile_queries_wherever_a_query_is_taken(filled: SearchIndex, text: str) -> None:
    with pytest.raises(QueryError):
        filled.count(text)
    with pytest.raises(QueryError):
        filled.facets(text, ["topic"])


@pytest.mark.parametrize("text", LONG[:2], ids=lambda text: ascii(text[:3]))
def test_a_hostile_text_has_its_likes(filled: SearchIndex, text: str) -> None:
    assert len(filled.more_like_this(text, limit=3)) <= 3
