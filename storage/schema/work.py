"""The tables of the work: its runs, what waits for the index, what was fetched, and what people keep."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, Table, Text, func

from storage.schema.columns import SERIAL, AwareTime, metadata

runs = Table(
    "runs",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", AwareTime, nullable=False),
    Column("finished_at", AwareTime),
    Column("counts", JSON, nullable=False),
    Column("error", Text),
    Index("ix_runs_kind", "kind", "subject", "id"),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("at", AwareTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("ix_audit_subject", "subject", "id"),
    sqlite_autoincrement=True,
)

# A sequence is never used twice, not even after its row is gone: a watermark stays true for ever.
# `waiting_since` is by the clock of the database; the order is that of the sequence.
outbox = Table(
    "outbox",
    metadata,
    Column("sequence", SERIAL, primary_key=True),
    Column("post_id", Text, nullable=False),
    Column("waiting_since", AwareTime, default=func.current_timestamp()),
    Index("ix_outbox_post_id", "post_id"),
    sqlite_autoincrement=True,
)

# What the index did not take, and why, without a word of the message. After storage.outbox.TRIES it is set
# aside.
refusals = Table(
    "refusals",
    metadata,
    Column("post_id", Text, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("refused_at", AwareTime, nullable=False, default=func.current_timestamp()),
)

pages = Table(
    "pages",
    metadata,
    Column("url", Text, primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_sha256", Text),
    Column("refusal", Text),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("period_start", AwareTime, nullable=False),
    Column("period_end", AwareTime, nullable=False),
    Column("content", Text, nullable=False),
    Column("created_at", AwareTime, nullable=False),
    Column("approved_at", AwareTime),
    Index("ix_snapshots_kind", "kind", "period_start", "period_end", "id"),
    sqlite_autoincrement=True,
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("name", Text, primary_key=True),
    Column("query", Text, nullable=False),
    Column("sort", Text, nullable=False),
    Column("created_at", AwareTime, nullable=False),
)

kept_values = Table(
    "kept_values",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSON, nullable=False),
)
