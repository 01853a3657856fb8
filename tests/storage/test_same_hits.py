"""Both engines find and count the same: generated queries over the real messages."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from nlp.segment import words
from records.analysis import Intent
from records.post import Channel
from records.query import FACET_FIELDS, IndexDocument, Interval, SearchPage, SortOrder
from records.times import DEFAULT_ZONE, Period
from storage.characters import GAP, JOINT
from storage.documents import build_document
from storage.query import QueryError, parse_query
from storage.search import SearchIndex
from storage.search_engines import open_index
from tests.shared_data import shared_file
from tests.storage.clusters import dropped, unused_name
from tests.storage.samples import NOW, analysis, post, reply

MESSAGES = 120  # of each file
QUERIES = 2_000
# Severity × age is five searches in one.
ORDERS = tuple(SortOrder)
TOPICS = ("城乡建设", "环境保护", "交通运输", "劳动保障", None)
SUBTOPICS = ("城市建设和市政管理", "环境污染", None)
OWN_TOPICS = ("加装电梯", "二次供水", "夜间噪音")
STATUSES = ("待回复", "已办理", None)


def documents(dice: random.Random) -> Iterator[IndexDocument]:
    for name in ("messages/messages_2017_2020.jsonl", "messages/replies_open.jsonl"):
        with shared_file(name).open(encoding="utf-8") as lines:
            for number, line in enumerate(islice(lines, MESSAGES)):
                yield _document(json.loads(line), f"{name[9]}{number}", dice)


def _document(row: dict[str, str], native_id: str, dice: random.Random) -> IndexDocument:
    one = post(
        native_id=native_id,
        title=row["title"],
        text=row["text"],
        asked_at=NOW - timedelta(minutes=dice.randrange(60 * 24 * 200)),
        channel=dice.choice((Channel.INBOX, Channel.HOTLINE)),
        place=dice.choice(("东湖区", "西山区", None)),
        status=dice.choice(STATUSES),
        votes_up=dice.randrange(5) * dice.randrange(3),
        replies=(reply(row["reply"]),) if "reply" in row else (),
    )
    read = analysis(
        one,
        topic=dice.choice(TOPICS),
        urgency=dice.randrange(4),
        intent=dice.choice(tuple(Intent)),
        dissatisfaction=dice.randrange(11) / 10,
        subtopic=dice.choice(SUBTOPICS),
        own_topics=tuple(dice.sample(OWN_TOPICS, dice.randrange(3))),
    )
    problem = dice.choice(("p1", "p2", None))
    return build_document(one, read, problem, flagged=dice.random() < 0.1, segment=words)


class Asker:
    """Makes up queries of every kind, of what stands in the texts."""

    def __init__(self, of: list[IndexDocument], dice: random.Random) -> None:
        self._dice = dice
        self._texts = [text for one in of for text in (one.title, one.text, one.reply) if text]
        self._pairs = [text for one in of for text in (one.title_pairs, one.text_pairs) if text]
        self._makers = (
            self.word, self.word, self.word, self.phrase, self.phrase, self.near, self.prefix, self.fuzzy,
            self.exact, self.number, self.time, self.exists, self.grouped,
        )  # fmt: skip

    def queries(self) -> Iterator[str]:
        while True:
            yield self.query()

    def query(self, depth: int = 0) -> str:
        kind = self._dice.random()
        if depth > 3 or kind < 0.45:
            return self._dice.choice(self._makers)()
        parts = [self.query(depth + 1) for _ in range(self._dice.randint(2, 3))]
        if kind < 0.6:
            return f"({' '.join(parts)})"
        if kind < 0.8:
            return f"({' OR '.join(parts)})"
        if kind < 0.85:
            return f"(+{parts[0]} AND NOT {parts[1]})"
        return f"({parts[0]} -{parts[1]})" if kind < 0.95 else f"(-{parts[0]})^2"

    def _text_field(self) -> str:
        return self._dice.choice(("", "", "", "title:", "text:", "reply:"))

    def _words(self, count: int) -> list[str]:
        found = self._dice.choice(self._texts).split()
        start = self._dice.randrange(len(found))
        return found[start : start + count]

    def word(self) -> str:
        return self._text_field() + "".join(c for c in self._words(1)[0] if c.isalnum())

    def phrase(self) -> str:
        found = self._dice.choice(self._pairs).split()
        start = self._dice.randrange(len(found))
        chosen = found[start : start + self._dice.randint(1, 5)]
        parts = [chosen[0], *(re.sub(f"^.*?(?=[{GAP}{JOINT}])", "", pair) for pair in chosen[1:])]
        # One pair, one piece of it, or several pairs in a row: a phrase of up to six pieces.
        part = re.split(f"[{GAP}{JOINT}]", chosen[0])[0] if self._dice.random() < 0.15 else "".join(parts)
        return f'{self._text_field()}"{part.replace(JOINT, " ").replace(GAP, f" {GAP} ")}"'

    def near(self) -> str:
        found = self._words(self._dice.randint(2, 5))
        found = [found[0], self._dice.choice(found)] if self._dice.random() < 0.7 else found[:3]
        if self._dice.random() < 0.3:
            found.reverse()
        return f'{self._text_field()}"{" ".join(found)}"~{self._dice.randint(1, 6)}'

    def prefix(self) -> str:
        word = self._dice.choice([c for c in "".join(self._words(5)) if c.isalnum()] or ["水"])
        return f"{self._text_field()}{word}{self._dice.choice(('*', '?', '?*'))}"

    def fuzzy(self) -> str:
        word = "".join(c for c in self._words(1)[0] if c.isalnum())
        return f"{self._text_field()}{word}~{self._dice.randint(1, 2)}"

    def grouped(self) -> str:
        one, other = ("".join(c for c in self._words(1)[0] if c.isalnum()) or "水" for _ in range(2))
        return self._dice.choice(("title", "text", "reply")) + f':({one}^2 OR "{other}")'

    def exact(self) -> str:
        return self._dice.choice(
            ("topic:城乡建设", "topic:环*", "place:东湖区", "place:梅溪小区", "status:待回复",
             "channel:inbox", "intent:投诉", "problem:p1", "flagged:true", "source:mailbox", "status:待?复",
             "topic:(城乡建设 OR 环境*)", "place:东山区~1", "place:梅西小区~2", "status:(-待回复)",
             "subtopic:环境污染", "subtopic:城市*", "own_topic:加装电梯", "own_topic:(加装电梯 二次供水)",
             "-own_topic:夜间噪音", "own_topic:夜间噪声~1", "problem:(p1 p2)",
             "department:水*", "department:区政~1", "intent:(求助 OR 咨询)^3")
        )  # fmt: skip

    def number(self) -> str:
        low, high = sorted(self._dice.randrange(12) for _ in range(2))
        return self._dice.choice(
            (f"urgency:>={low % 4}", f"urgency:{{{low % 4} TO 3]", f"urgency:<{high / 3}", "urgency:[* TO *]",
             "urgency:(0 OR >2)", f"urgency:{{* TO {high % 4}}}",
             f"dissatisfaction:[{low / 10} TO {high / 10}]", f"dissatisfaction:>{low / 10}",
             f"dissatisfaction:{{{low / 10} TO {high / 10}}}", f"dissatisfaction:{low / 10}")
        )  # fmt: skip

    def time(self) -> str:
        days = self._dice.randrange(1, 200)
        return self._dice.choice(
            (f"asked:P{days}D", f"asked:[P{days}D TO P{days // 2}D]", "asked:2026-02", "asked:>=2026-W05",
             "replied:2026-03-20", "asked:<2025-12-01", "replied:[* TO *]", f"asked:>P{days}D", "asked:2026",
             f"asked:PT{days * 7}H30M", "asked:P2M", "asked:(2026-W02 OR 2026-01-29)",
             "asked:{2026-01 TO 2026-02}", "replied:>=P1Y", "asked:2025-12")
        )  # fmt: skip

    def exists(self) -> str:
        return (
            f"_exists_:{self._dice.choice(('reply', 'subtopic', 'own_topic', 'status', 'place', 'replied'))}"
        )


def _can_be_read(query: str) -> bool:
    """Return whether the query keeps to the limits; what else is wrong with it fails the test."""
    try:
        parse_query(query, now=NOW, zone=DEFAULT_ZONE, segment=words)
    except QueryError as err:
        if err.code != "too_many_patterns":
            raise
        return False
    return True


@pytest.fixture(scope="module")
def corpus() -> list[IndexDocument]:
    return list(documents(random.Random(4)))


@pytest.fixture(scope="module")
def engines(
    corpus: list[IndexDocument], elasticsearch_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SearchIndex, SearchIndex]]:
    url = f"{elasticsearch_server}/{unused_name()}"
    places: tuple[Path, str] = tmp_path_factory.mktemp("same"), url
    with ExitStack() as stack:
        stack.enter_context(dropped(url))
        opened = []
        for place in places:
            index = open_index(place, segment=words, zone=DEFAULT_ZONE, clock=lambda: NOW)
            stack.callback(index.close)
            # Twice, so that there are replaced documents too.
            index.add(replace(one, topic=None) for one in corpus[::3])
            index.refresh()
            index.add(corpus)
            index.refresh()
            opened.append(index)
        yield opened[0], opened[1]


@pytest.mark.shared
def test_generated_queries_find_the_same(
    engines: tuple[SearchIndex, SearchIndex], corpus: list[IndexDocument]
) -> None:
    tantivy, elasticsearch = engines
    dice = random.Random(2026)
    asker = Asker(corpus, dice)
    # Relevance is for the engines to tell: only the hits are the same, and in other orders their places too.
    asked = [(query, dice.choice(ORDERS)) for query in islice(filter(_can_be_read, asker.queries()), QUERIES)]

    def search(query: str, sort: SortOrder) -> SearchPage:
        return elasticsearch.search(query, sort=sort, limit=len(corpus))

    some = 0
    with ThreadPoolExecutor(4) as pool:
        for (query, sort), theirs in zip(asked, pool.map(search, *zip(*asked, strict=True)), strict=True):
            ours = tantivy.search(query, sort=sort, limit=len(corpus))
            assert {hit.post_id for hit in ours.hits} == {hit.post_id for hit in theirs.hits}, query
            assert ours.total == theirs.total, query
            if sort is not SortOrder.RELEVANCE:
                assert [hit.post_id for hit in ours.hits] == [hit.post_id for hit in theirs.hits], query
            some += 0 < ours.total < len(corpus)
    assert some > QUERIES // 2  # else this would prove little


@pytest.mark.shared
def test_a_search_begun_in_one_engine_goes_on_in_the_other(
    engines: tuple[SearchIndex, SearchIndex], corpus: list[IndexDocument]
) -> None:
    for sort in ORDERS:
        if sort is not SortOrder.RELEVANCE:
            whole = [hit.post_id for hit in engines[0].search(sort=sort, limit=len(corpus)).hits]
            found: list[str] = []
            cursor = None
            for page in range(4):
                part = engines[page % 2].search(sort=sort, limit=len(corpus) // 4 + 1, after=cursor)
                found += [hit.post_id for hit in part.hits]
                cursor = part.next_cursor
            assert (found, cursor) == (whole, None)


@pytest.mark.shared
def test_generated_queries_count_the_same(
    engines: tuple[SearchIndex, SearchIndex], corpus: list[IndexDocument]
) -> None:
    tantivy, elasticsearch = engines
    asker = Asker(corpus, random.Random(12))
    period = Period(start=NOW - timedelta(days=120, hours=3), end=NOW - timedelta(days=2))
    for query in islice(filter(_can_be_read, asker.queries()), 50):
        for ask in (
            lambda index, query=query: index.facets(query, FACET_FIELDS, period=period, limit=3),
            lambda index, query=query: index.histogram(
                query, Interval.WEEK, period=period, zone=DEFAULT_ZONE
            ),
            lambda index, query=query: index.group_counts(
                query, ("place", "own_topic"), period=period, interval=Interval.DAY, zone=DEFAULT_ZONE
            ),
        ):
            assert ask(tantivy) == ask(elasticsearch), query
