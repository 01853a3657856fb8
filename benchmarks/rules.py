"""Rules on a town of 500 places and 7 topics: a round of 1,000 rules, and backtests of one.

    python -m benchmarks rules [--posts 100000 1000000]

The reports are drawn, and only their index is made: what rules ask of the truth is hardly anything, for only
the posts behind what fires are looked up. The limit beside them is numpy adding up the counts of 3,500 keys
and 57 days as often as a rule looks. The index is kept in the temporary folder for the next run. Seconds are
those of the processor.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np

from alerts.backtest import Past, backtest, moments
from alerts.coverage import Coverage
from alerts.deadlines import load_deadlines
from alerts.engine import run_rules
from alerts.past import Clock
from alerts.rule_types import RULE_MODELS, Rule, RuleType
from alerts.rules import DEFAULT_RULES, RuleSet, load_rule
from benchmarks.redrawn import DEPARTMENTS, START, YEAR
from nlp.segment import words
from records.analysis import Analysis, Intent
from records.post import Channel, Post
from records.times import DEFAULT_ZONE, Period
from storage.database import Database
from storage.documents import build_documents
from storage.tantivy_index import TantivyIndex

SIZES = (100_000,)
RULES = 1_000
PLACES = tuple(f"{number}号街道" for number in range(500))
TOPICS = tuple(f"类{number}" for number in range(7))
ABOUT = ("停水", "停电", "燃气", "噪音", "路灯", "拖欠工资", "积水", "学校", "电梯", "公交")
OTHER = tuple(a + b for a in "安柏春东方福广海和华嘉金景康兰丽明南平" for b in "路街村镇桥湾园港山湖")
AT_ONCE = 25_000
BASELINE = 56


def main(sizes: Sequence[int] = SIZES) -> None:
    for size in sizes:
        clock = Clock(now=YEAR.end)
        index = drawn(size, clock)
        print(f"{size:,} posts of a year, {len(PLACES)} places, {len(TOPICS)} topics")
        with tempfile.TemporaryDirectory() as folder:
            database = Database.open(f"sqlite:///{folder}/truth.sqlite")
            one_round(database, index)
            trials(database, index, clock)
            database.close()
        index.close()


def drawn(total: int, clock: Clock) -> TantivyIndex:
    """Return the index of so many posts, made where it is not there yet."""
    folder = Path(tempfile.gettempdir()) / f"huiying-drawn-{total}"
    index = TantivyIndex(folder, segment=words, zone=DEFAULT_ZONE, clock=clock)
    if index.count() == total:
        return index
    index.clear()
    with index.writing():
        for start in range(0, total, AT_ONCE):
            drawn_now = [_draw(number, total) for number in range(start, min(start + AT_ONCE, total))]
            posts = [post for post, _ in drawn_now]
            analyses = {analysis.post_id: analysis for _, analysis in drawn_now}
            problems = {post.id: f"p{int(post.native_id) // 4}" for post in posts}
            index.add(build_documents(posts, analyses, problems, flagged=set(), segment=words))
            index.refresh()
    assert index.count() == total
    return index


def _draw(number: int, total: int) -> tuple[Post, Analysis]:
    dice = random.Random(number)
    asked_at = START + number * ((YEAR.end - START) / total)
    post = Post(
        source=f"board{dice.randrange(20)}",
        channel=Channel.INBOX,
        native_id=str(number),
        title=dice.choice(ABOUT) if dice.random() < 0.3 else dice.choice(OTHER),
        text=dice.choice(OTHER) + dice.choice(OTHER),
        asked_at=asked_at,
        fetched_at=asked_at,
        place=dice.choice(PLACES),
        addressed_to=f"第{dice.randrange(DEPARTMENTS)}局",
    )

    topic = dice.choice(TOPICS)
    analysis = Analysis(
        post_id=post.id, revision=1, model_version="drawn", topic=topic, topic_guess=topic, topic_score=0.9,
        runner_up=None, intent=Intent.COMPLAINT, intent_score=0.9, dissatisfaction=0.5,
        urgency=dice.choice((0, 0, 0, 0, 1, 2, 3)), reply_quality=None,
    )  # fmt: skip
    return post, analysis


def one_round(database: Database, index: TantivyIndex) -> None:
    known = RuleSet(rules=tuple(_rules()), errors=(), deadlines=load_deadlines())
    times = []
    for number in range(3):
        began = time.process_time()
        report = run_rules(
            known, database, index,
            now=YEAR.end - timedelta(minutes=3 - number), zone=DEFAULT_ZONE, coverage=Coverage(),
        )  # fmt: skip
        times.append(time.process_time() - began)
        assert len(report.rules) == RULES
        assert not any(one.error for one in report.rules), report
    found = sum(one.matches for one in report.rules)
    assert found
    _show(f"a round of {RULES:,} rules, {found:,} findings", min(times), passes=RULES)


def _rules() -> Iterator[Rule]:
    """Yield rules as towns have them: many thresholds over few filters, some urgent matters, some surges."""
    for number in range(RULES):
        word, topic = ABOUT[number % len(ABOUT)], TOPICS[number % len(TOPICS)]
        by: dict[str, object] = {"query_key": ["place", "topic"], "num_events": 2 + number % 9}
        if number % 10 < 5:
            yield _rule("frequency", number, filter=word, timeframe="7d", **by)
        elif number % 10 < 8:
            yield _rule("any", number, filter=f"{word} urgency:>=3 topic:{topic}")
        else:
            yield _rule("surge", number, filter=f"topic:{topic}", **by)


def _rule(kind: str, number: int, **stated: object) -> Rule:
    words_of_it = {"name": f"{kind}{number}", "title": "测试", "description": "测试用", "type": kind}
    return RULE_MODELS[RuleType(kind)].model_validate({**words_of_it, **stated})


def trials(database: Database, index: TantivyIndex, clock: Clock) -> None:
    """Try rules out over the year, looking once a day, and one over its last month, once an hour."""
    past = Past(
        database=database, index=index, clock=clock, coverage=Coverage(), deadlines=load_deadlines(),
        due_at=lambda post, _: post.asked_at, zone=DEFAULT_ZONE,
    )  # fmt: skip
    month = Period(start=YEAR.end - timedelta(days=30), end=YEAR.end)
    daily, hourly = moments(YEAR, every=timedelta(days=1)), moments(month, every=timedelta(hours=1))
    for span, name, at in (
        ("a year", "surge_place_topic", daily),
        ("a year", "surge_topic", daily),
        ("a year", "utility_cut", daily),
        ("30 days", "surge_place_topic", hourly),
    ):
        rule = load_rule(DEFAULT_RULES / f"{name}.yaml", past.deadlines)
        looked: list[int] = []
        began = time.process_time()
        found = backtest(rule, past, at, progress=looked.append)
        taken = time.process_time() - began
        assert sum(looked) == len(at)
        _show(f"{span} of {name}, {len(at)} looks, {len(found)} alerts", taken, passes=len(at))


def _show(what: str, seconds: float, *, passes: int) -> None:
    counts = np.random.default_rng(1).poisson(0.1, (len(PLACES) * len(TOPICS), BASELINE + 1))
    began = time.process_time()
    assert sum(int(counts.sum()) for _ in range(passes))
    limit = time.process_time() - began
    print(f"  {what}: {seconds:.2f} s; numpy adding up {limit:.2f} s, ratio {seconds / limit:.0f}")
