"""The tables of alerts, of what was told of them, and of the rules they come from."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from storage.schema.columns import SERIAL, AwareTime, metadata

alerts = Table(
    "alerts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("fired_at", AwareTime, nullable=False),
    Column("updated_at", AwareTime, nullable=False),
    Column("value", Float, nullable=False),
    Column("expected", Float),
    Column("explanation", Text, nullable=False),
    Column("problem_ids", JSON, nullable=False),
    Column("raised_at", AwareTime, nullable=False),
    Column("raised_value", Float, nullable=False),
    Column("assigned_to", Text),
    Column("verdict", Text),
    Column("settled_at", AwareTime),
    Index("ix_alerts_raised_at", "raised_at"),
    Index("ix_alerts_state", "state", "severity", "fired_at"),
    Index("ix_alerts_rule", "rule", "fired_at"),
)

# Evidence outlives the post it points at, hence no foreign key to posts.
alert_posts = Table(
    "alert_posts",
    metadata,
    Column("alert_id", Text, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("post_id", Text, nullable=False),
    Index("ix_alert_posts_post_id", "post_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("key", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("alert_ids", JSON, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", AwareTime, nullable=False),
    Column("next_attempt_at", AwareTime, nullable=False),
    Column("sent_at", AwareTime),
    Column("error", Text),
    Column("attempted_at", AwareTime),
    Index("ix_deliveries_state", "state", "next_attempt_at"),
)

# What each channel last heard of an alert, written with the message that says it.
notices = Table(
    "notices",
    metadata,
    Column("alert_id", Text, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("raised_at", AwareTime, nullable=False),
    Column("value", Float, nullable=False),
    Column("told_at", AwareTime, nullable=False),
    Column("group", Text, nullable=False),
    Column("delivery_key", Text, nullable=False),
    Index("ix_notices_delivery_key", "delivery_key"),
)

# `created_by` is an account of this installation, never a resident.
silences = Table(
    "silences",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("matchers", JSON, nullable=False),
    Column("starts_at", AwareTime, nullable=False),
    Column("ends_at", AwareTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("ended_at", AwareTime),
    Index("ix_silences_ends_at", "ends_at"),
    sqlite_autoincrement=True,
)

# Every version of every rule. `changed_by` is an account of this installation, or says that a file was
# edited; what was tried out before it went live is NULL where it was forced.
rule_versions = Table(
    "rule_versions",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", AwareTime, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("tried_from", AwareTime),
    Column("tried_until", AwareTime),
    Column("tried_alerts", Integer),
    UniqueConstraint("rule", "number"),
    sqlite_autoincrement=True,
)

# The newest backtest of each content of a rule, known by its digest.
rule_trials = Table(
    "rule_trials",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("period_start", AwareTime, nullable=False),
    Column("period_end", AwareTime, nullable=False),
    Column("alerts", Integer, nullable=False),
    Column("tried_at", AwareTime, nullable=False),
    Column("tried_by", Text, nullable=False),
)
