"""Merging messages into problems: messages a second as the stream grows, beside TF-IDF against everything.

The stream is drawn from real messages where they are there (else from templates), each with its places
renamed and its words thinned out, so that variety grows with it.
OMP_NUM_THREADS=1 python -m benchmarks problems
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp.fingerprinting import fingerprint
from nlp.places import find_places
from nlp.problems import ProblemMatcher
from nlp.segment import words
from records.analysis import PlaceKind
from records.post import Channel, Post

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "messages" / "messages_2017_2020.jsonl"
SIZES = (10_000, 30_000, 100_000)
LAST = 2_000  # messages timed at the end of each size
PEER_QUERIES = 50
PEER_SIMILAR = 0.5
KEPT_CLAUSES = 0.8
SYLLABLES = "安宝长城翠德东丰福高光桂海和恒华嘉金锦康乐丽林龙明南宁平青庆荣瑞山胜天文湘新兴秀阳永玉泽中"
START = datetime(2026, 1, 1, tzinfo=UTC)


def main() -> None:
    """Print messages a second at each size, and how the peer does there."""
    source = _messages()
    generator = random.Random(0)
    matcher = ProblemMatcher()
    texts: list[str] = []
    problems: set[str] = set()
    rates = []
    print("merged      problems   ours, messages/s   peer, messages/s   ratio")
    for size in SIZES:
        for post in _stream(source, generator, len(texts), size - LAST):
            texts.append(post.text)
            problems.add(matcher.add(post.id, _printed(post), post.asked_at).problem_id)
        last = list(_stream(source, generator, len(texts), size))
        prints = [_printed(post) for post in last]
        start = time.process_time()
        joined = [matcher.add(p.id, f, p.asked_at) for p, f in zip(last, prints, strict=True)]
        rates.append(LAST / (time.process_time() - start))
        texts += [post.text for post in last]
        problems |= {membership.problem_id for membership in joined}
        assert len(problems) < size == len(texts), "some of the redraws must merge"
        peer = _peer(texts)
        print(f"{size:8} {len(problems):11} {rates[-1]:17.0f} {peer:18.1f} {rates[-1] / peer:8.0f}")
    for (a, b), (fast, slow) in zip(pairwise(SIZES), pairwise(rates), strict=True):
        print(f"from {a} to {b} messages a message costs {fast / slow:.2f} times as much")


def _printed(post: Post) -> str:
    return fingerprint(post, find_places(post.whole_text))


def _peer(texts: list[str]) -> float:
    """Return messages a second that find their like by cosine with every message before."""
    matrix = TfidfVectorizer(analyzer=words, sublinear_tf=True).fit_transform(texts)
    queries = matrix[-PEER_QUERIES:]
    start = time.process_time()
    found = sum(int(np.any((matrix[:-PEER_QUERIES] @ row.T).toarray() >= PEER_SIMILAR)) for row in queries)
    assert 0 <= found <= PEER_QUERIES
    return PEER_QUERIES / (time.process_time() - start)


def _messages() -> list[tuple[str, str]]:
    if REAL.exists():
        rows = map(json.loads, REAL.read_text("utf-8").splitlines())
        return [(row["title"], row["text"][:300]) for row in rows]
    return [
        (f"{name}{matter}", f"{name}{matter}，已经{days}天没有人处理，请尽快解决。")
        for name in ("翠竹苑", "柳泉小学", "槐荫路", "春晓社区")
        for matter in ("停水", "路面坑洼", "夜间施工噪音", "路灯不亮", "垃圾没人清运")
        for days in range(1, 30)
    ]


def _stream(source: list[tuple[str, str]], generator: random.Random, first: int, last: int) -> Iterator[Post]:
    """Yield redraws number `first` to `last` - 1."""
    for number in range(first, last):
        title, text = generator.choice(source)
        names = {m.name for m in find_places(f"{title}\n{text}") if m.kind is not PlaceKind.DISTRICT}
        text = "，".join(c for c in text.split("，") if generator.random() < KEPT_CLAUSES)
        for name in names:
            new = "".join(generator.choices(SYLLABLES, k=3)) + name[-1]
            title, text = title.replace(name, new), text.replace(name, new)
        at = START + timedelta(minutes=number)
        yield Post(
            source="bench",
            channel=Channel.INBOX,
            native_id=str(number),
            title=title,
            text=text,
            asked_at=at,
            fetched_at=at,
        )
