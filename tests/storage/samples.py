"""Invented records for the storage tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from records.alert import Alert, AlertState, Delivery, DeliveryState
from records.analysis import (
    Analysis,
    Intent,
    PlaceKind,
    PlaceMention,
    ReplyFinding,
    ReplyFindingCode,
    ReplyQuality,
    UrgencyCode,
    UrgencyReason,
)
from records.post import Channel, Post, Reply
from records.problem import Membership, Problem, ProblemState
from records.times import DEFAULT_ZONE
from storage.database import Database

NOW = datetime(2026, 3, 20, 10, 0, tzinfo=DEFAULT_ZONE)


def post(number: int = 1, **changes: Any) -> Post:
    """Return message `number`, asked that many hours before NOW."""
    values: dict[str, Any] = {
        "source": "mailbox",
        "channel": Channel.INBOX,
        "native_id": str(number),
        "url": f"https://example.invalid/{number}",
        "title": "梅溪小区停水三天",
        "text": "梅溪小区从周一开始停水，没有任何通知，请尽快处理。",
        "asked_at": NOW - timedelta(hours=number),
        "fetched_at": NOW,
        "addressed_to": "区政府",
        "place": "东湖区",
        "status": "待回复",
        "votes_up": 3,
    }
    return Post(**{**values, **changes})


def reply(text: str = "管道已经修复，请您核实。", **changes: Any) -> Reply:
    return Reply(**{"text": text, "department": "水务局", "replied_at": NOW, **changes})


def analysis(of: Post, **changes: Any) -> Analysis:
    values: dict[str, Any] = {
        "post_id": of.id,
        "revision": of.revision,
        "model_version": "m1",
        "topic": "城乡建设",
        "topic_guess": "城乡建设",
        "topic_score": 0.91,
        "runner_up": "环境保护",
        "intent": Intent.COMPLAINT,
        "intent_score": 0.8,
        "dissatisfaction": 0.75,
        "urgency": 2,
        "reasons": (UrgencyReason(code=UrgencyCode.UTILITY_CUT, words="停水三天"),),
        "places": (PlaceMention(name="梅溪小区", kind=PlaceKind.ESTATE, confidence=0.9),),
        "keywords": ("停水", "通知"),
        "reply_quality": ReplyQuality(
            relevance=0.4, findings=(ReplyFinding(code=ReplyFindingCode.DECIDES, words="已经修复"),)
        ),
        "fingerprint": "梅溪小区 停水",
        "subtopic": "城市建设和市政管理",
        "own_topics": ("加装电梯", "二次供水"),
    }
    return Analysis(**{**values, **changes})


def problem(problem_id: str = "p1", **changes: Any) -> Problem:
    values: dict[str, Any] = {
        "id": problem_id,
        "title": "梅溪小区停水三天",
        "topic": "城乡建设",
        "place": "梅溪小区",
        "department": "水务局",
        "first_seen": NOW - timedelta(days=2),
        "last_seen": NOW - timedelta(days=1),
        "n_posts": 2,
        "n_voices": 2,
        "state": ProblemState.OPEN,
    }
    return Problem(**{**values, **changes})


def membership(of: Post, problem_id: str = "p1", **changes: Any) -> Membership:
    values = {"post_id": of.id, "problem_id": problem_id, "score": 0.9, "reason": "地点与事项相同"}
    return Membership(**{**values, **changes})


def alert(alert_id: str = "a1", **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "id": alert_id,
        "rule": "停水激增",
        "labels": {"place": "东湖区"},
        "severity": 2,
        "state": AlertState.ACTIVE,
        "fired_at": NOW,
        "updated_at": NOW,
        "value": 9.0,
        "expected": 1.5,
        "explanation": "东湖区停水来件9件，平常1.5件。",
        "raised_at": NOW,
        "raised_value": 9.0,
        "problem_ids": ("p1",),
        "post_ids": ("mailbox/2", "mailbox/1"),
    }
    return Alert(**{**values, **changes})


def delivery(key: str = "k1", **changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "key": key,
        "channel": "值班群",
        "alert_ids": ("a1",),
        "title": "停水激增",
        "body": "东湖区停水来件9件",
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "created_at": NOW,
        "next_attempt_at": NOW,
    }
    return Delivery(**{**values, **changes})


def done_with_all(database: Database) -> None:
    """Empty the outbox, as an indexer does."""
    with database.outbox.claim(100_000) as claim:
        claim.done()
