"""Merging messages: what one costs as the open problems grow, beside TF-IDF against everything.

The messages are real ones where they are there (else templates), each with its places renamed and its words
thinned out. Of these redraws the open problems are made, too: where it happened from one, what from another.
OMP_NUM_THREADS=1 python -m benchmarks problems --posts 10000 100000 1000000
"""

from __future__ import annotations

import json
import math
import random
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from nlp.fingerprinting import fingerprints
from nlp.matter import MatterModel
from nlp.places import find_places, places_in
from nlp.problems import ProblemMatcher
from nlp.reading import Reading
from nlp.segment import words
from nlp.shingles import PERMUTATIONS
from records.analysis import PlaceKind
from records.post import Channel, Post
from records.problem import Membership

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "messages" / "messages_2017_2020.jsonl"
SIZES = (10_000, 100_000)
DRAWN = 10_000  # redraws that the open problems are made of
TIMED, ROUND = 2_000, 250  # messages after each size: the median round counts
BATCH = 500
PEER_QUERIES = 20
PEER_SIMILAR = 0.5
KEPT_CLAUSES = 0.8
SYLLABLES = "安宝长城翠德东丰福高光桂海和恒华嘉金锦康乐丽林龙明南宁平青庆荣瑞山胜天文湘新兴秀阳永玉泽中"
START = datetime(2026, 1, 1, tzinfo=UTC)

Printed = tuple[Post, str]


def main(sizes: Sequence[int] = SIZES) -> None:
    """Print what a message costs at each number of open problems, and how the peer does there."""
    generator = random.Random(0)
    live = _printed(_stream(_messages(), generator))
    drawn = list(islice(live, DRAWN))
    opened = _opened([text for _, text in drawn], generator)
    peer = TfidfVectorizer(analyzer=words, sublinear_tf=True).fit_transform([post.text for post, _ in drawn])
    matcher, before = ProblemMatcher(), _resident()
    n_open, restoring, costs = 0, 0.0, []
    print("open problems   restored at   resident   ours, a message   peer, a message   ratio")
    for size in sizes:
        while n_open < size:
            batch = list(islice(opened, min(BATCH, size - n_open)))
            n_open += len(batch)
            start = time.process_time()
            matcher.restore(batch)
            restoring += time.process_time() - start
        costs.append(_cost(matcher, list(islice(live, TIMED))))
        theirs = _peer_cost(peer, size, generator)
        print(
            f"{size:13,} {size / restoring:8,.0f} a s {_resident() - before:7,.0f} MB"
            f" {costs[-1] * 1e3:14.2f} ms {theirs * 1e3:14.1f} ms {theirs / costs[-1]:7.0f}"
        )
    for (a, b), (less, more) in zip(pairwise(sizes), pairwise(costs), strict=True):
        grown = math.log(b) / math.log(a)
        print(
            f"from {a:,} to {b:,} a message costs {more / less:.2f} times as much; the logarithm {grown:.2f}"
        )


def _cost(matcher: ProblemMatcher, messages: Sequence[Printed]) -> float:
    """Return the processor seconds of a message."""
    rounds, joined = [], 0
    for first in range(0, len(messages), ROUND):
        start = time.process_time()
        found = [matcher.add(post.id, text, post.asked_at) for post, text in messages[first : first + ROUND]]
        rounds.append((time.process_time() - start) / ROUND)
        joined += sum(membership.score < 1 for membership in found)
    assert 0 < joined < len(messages), "some of the redraws must merge"
    return median(rounds)


def _peer_cost(drawn: np.ndarray, size: int, generator: random.Random) -> float:
    """Return the processor seconds in which a message finds its like by cosine with `size` others."""
    matrix = drawn[generator.choices(range(drawn.shape[0]), k=size)]
    start = time.process_time()
    found = sum(int(np.any((matrix @ drawn[row].T).toarray() >= PEER_SIMILAR)) for row in range(PEER_QUERIES))
    assert 0 < found <= PEER_QUERIES
    return (time.process_time() - start) / PEER_QUERIES


def _resident() -> float:
    """Return the memory in use, MB."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


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


def _opened(drawn: Sequence[str], generator: random.Random) -> Iterator[tuple[Membership, str, datetime]]:
    """Yield problems of one report each: the names and pairs of one fingerprint, the words of another
    (nlp/fingerprint.py says what stands where), and a MinHash that is no other's.
    """
    known = [
        (lines[1:3], lines[3:5], *_split(b64decode(lines[5]))) for lines in (t.split("\n") for t in drawn)
    ]
    version = drawn[0].split("\n", 1)[0]
    for number in range(10**9):
        names, _, place, _ = generator.choice(known)
        _, matter_words, _, matter = generator.choice(known)
        packed = place + generator.randbytes(4 * PERMUTATIONS) + matter
        text = "\n".join([version, *names, *matter_words, b64encode(packed).decode()])
        member = Membership(
            post_id=f"open/{number}", problem_id=f"open/{number}", score=1.0, reason="首次反映"
        )
        yield member, text, START


def _split(packed: bytes) -> tuple[bytes, bytes]:
    """Return what stands before the MinHash and what behind it."""
    _, n_title, n_others = np.frombuffer(packed, np.uint16, 3).tolist()
    at = 6 + 4 * (n_title + n_others)
    return packed[:at], packed[at + 4 * PERMUTATIONS :]


def _printed(posts: Iterator[Post]) -> Iterator[Printed]:
    """Yield the posts with their fingerprints."""
    model = MatterModel.load()
    while batch := list(islice(posts, BATCH)):
        readings = [Reading.of(post) for post in batch]
        mentions = [places_in(reading.whole) for reading in readings]
        yield from zip(batch, fingerprints(readings, mentions, model), strict=True)


def _stream(source: Sequence[tuple[str, str]], generator: random.Random) -> Iterator[Post]:
    """Yield redraws without end."""
    for number in range(10**9):
        title, text = generator.choice(source)
        names = {m.name for m in find_places(f"{title}\n{text}") if m.kind is not PlaceKind.DISTRICT}
        text = "，".join(c for c in text.split("，") if generator.random() < KEPT_CLAUSES)
        for name in sorted(names):
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
