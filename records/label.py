"""What people say a message is, for training: never who said it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from records.post import Post


class LabelField(StrEnum):
    """What can be labelled. Dissatisfaction and urgency are levels, 0-3 (docs/labelling.md)."""

    TOPIC = "topic"
    INTENT = "intent"
    DISSATISFACTION = "dissatisfaction"
    URGENCY = "urgency"

    @property
    def is_level(self) -> bool:
        return self in (LabelField.DISSATISFACTION, LabelField.URGENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One reading of one message. `digest` is `text_digest` of what was read: another text needs another."""

    post_id: str
    digest: str
    field: LabelField
    value: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPost:
    """A message with all that people said of its present text."""

    post: Post
    values: dict[LabelField, str]


def text_digest(post: Post) -> str:
    """Return the SHA-256 of title and text. Unlike `Post.digest` it stays when a reply comes."""
    return hashlib.sha256(f"{post.title}\n{post.text}".encode()).hexdigest()
