"""With the search server away, rules still fire and briefings are still made."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.settings import load_settings
from app.tasks import brief, evaluate_rules
from app.wiring import Parts, open_parts
from records.errors import Retryable
from records.post import Channel, Post
from records.times import DEFAULT_ZONE

NOW = datetime(2026, 3, 2, 8, tzinfo=DEFAULT_ZONE)
TEXTS = (
    "滨河路从早上开始停水，到现在没有人通知。",
    "家里老人做不了饭，滨河路整条街都停水了，什么时候来？",
    "滨河路又停水，这个月第三次，请给个说法。",
)
RULE = """
name: 滨河路停水
title: 滨河路停水
description: 滨河路一天之内两人以上说停水
type: frequency
filter: 滨河路 AND 停水
timeframe: 24h
num_events: 2
query_key: [place]
"""


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """An installation whose Elasticsearch does not answer, with three posts of yesterday."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/town"
        with open_parts(load_settings(tmp_path, environment={}, index_url=url)) as parts:
            for rule in parts.settings.rules_dir.glob("*.yaml"):
                rule.unlink()
            (parts.settings.rules_dir / "water.yaml").write_text(RULE, encoding="utf-8")
            parts.database.posts.save([_post(number) for number in range(3)])
            with pytest.raises(Retryable):
                parts.pipeline.run()
            yield parts


def test_a_rule_that_counts_fires_without_the_search_server(parts: Parts) -> None:
    report = evaluate_rules(parts, now=NOW)
    assert report.errors == ()
    assert [(rule.rule, rule.new, rule.error) for rule in report.rules] == [("滨河路停水", 1, None)]
    assert sorted(parts.database.alerts.list()[0].post_ids) == ["town/0", "town/1", "town/2"]
    assert list(parts.settings.data_dir.glob("stand-in-*")) == []


def test_a_briefing_is_made_without_the_search_server(parts: Parts) -> None:
    snapshot = brief(parts, day=(NOW - timedelta(days=1)).date(), now=NOW)
    assert "滨河路" in str(snapshot)


def _post(number: int) -> Post:
    return Post(
        source="town",
        channel=Channel.HOTLINE,
        native_id=str(number),
        title=f"滨河路{number + 1}号停水",
        text=TEXTS[number],
        asked_at=NOW - timedelta(hours=10 + number),
        fetched_at=NOW,
    )
