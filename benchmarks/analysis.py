"""Full analysis in posts a second on one core, beside jieba.posseg on the same texts; cost of loading.

OMP_NUM_THREADS=1 python -m benchmarks analysis
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from nlp.analyser import Analyser
from records.post import Channel, Post

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "messages" / "messages_2017_2020.jsonl"
LENGTHS = range(150, 260)  # characters: about 200 on average
ROUNDS = 3  # the best counts: other programs only ever make it slower
POSSEG_TEXTS = 200
_LOADING = """
import pathlib, time, numpy
def resident(): return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
bare, start = resident(), time.process_time()
from nlp.analyser import Analyser
imported = time.process_time()
Analyser.load()
print(imported - start, time.process_time() - imported, resident() - bare)
"""


def main() -> None:
    """Print the table."""
    posts = _posts()
    analyser = Analyser.load()
    ours = len(posts) / _best(lambda: _check(len(analyser.analyse(posts)), len(posts)))
    single = _best(lambda: [analyser.analyse([post]) for post in posts[:200]]) / 200
    theirs = POSSEG_TEXTS / _best(lambda: _posseg(posts[:POSSEG_TEXTS]))
    mean = sum(len(post.whole_text) for post in posts) / len(posts)
    loading = subprocess.run([sys.executable, "-c", _LOADING], check=True, capture_output=True, text=True)
    imported, loaded, megabytes = map(float, loading.stdout.split())
    print(f"{len(posts)} posts of {mean:.0f} characters, processor time of one core")
    print(f"full analysis        {ours:8.0f} posts/s    one post alone {single * 1000:.2f} ms")
    print(f"jieba.posseg         {theirs:8.0f} posts/s    ratio {ours / theirs:.1f}")
    print(f"loading              {loaded * 1000:8.0f} ms        after {imported * 1000:.0f} ms of imports")
    print(f"resident             {megabytes:8.0f} MB        over bare Python and numpy")


def _posts() -> list[Post]:
    now = datetime.now(UTC)
    if REAL.exists():
        rows = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]
        texts = [(row["title"], row["text"]) for row in rows]
    else:
        texts = [
            (f"路灯不亮{n}", "小区门口路灯坏了两个月,多次反映没有人修,晚上走路很危险。" * 7)
            for n in range(2000)
        ]
    return [
        Post(
            source="bench",
            channel=Channel.INBOX,
            native_id=str(number),
            title=title,
            text=text,
            asked_at=now,
            fetched_at=now,
        )
        for number, (title, text) in enumerate(texts)
        if len(title) + len(text) in LENGTHS
    ]


def _posseg(posts: list[Post]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba imports pkg_resources, which is deprecated
        import jieba
        import jieba.posseg
    jieba.setLogLevel(60)
    jieba.initialize()
    for post in posts:
        _check(len("".join(word.word for word in jieba.posseg.cut(post.text))), len(post.text))


def _best(work: Callable[[], object]) -> float:
    """Return the processor time of the quickest round, seconds."""
    work()  # caches, lazy parts
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def _check(done: int, expected: int) -> None:
    if done != expected:
        raise AssertionError(f"{done} of {expected} done")
