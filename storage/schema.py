"""The tables. Every column is named here and allowed by name in tests/storage/test_schema.py.

No column may hold who wrote a message (docs/decisions/001). A change here needs a migration beside it
(storage/migrations/versions), and a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
    true,
)
from sqlalchemy.types import TypeDecorator

from records.times import DEFAULT_ZONE


class AwareTime(TypeDecorator[datetime]):
    """An aware time: kept as UTC, given back in Asia/Shanghai whatever zone it came in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"time {value} names no zone: only aware times can be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stored = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return stored.astimezone(DEFAULT_ZONE)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


# SQLite counts rows up by itself only where the type is INTEGER, which is 64 bits wide there.
_SERIAL = BigInteger().with_variant(Integer, "sqlite")


def _post_key(*, primary_key: bool = False, unique: bool | None = None) -> Column[str]:
    post = ForeignKey("posts.id", ondelete="CASCADE")
    return Column("post_id", Text, post, primary_key=primary_key, unique=unique, nullable=False)


# The present revision of each post. `analysed_with` is the model that read this very revision, NULL until
# one has; `to_merge` is true until a report has joined a problem. Both spare the work queues a join.
# `purged_at` is when the texts were deleted at the end of their retention (storage.retention).
posts = Table(
    "posts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("native_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("url", Text),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("asked_at", AwareTime, nullable=False),
    Column("addressed_to", Text),
    Column("place", Text),
    Column("status", Text),
    Column("rating", Integer),
    Column("votes_up", Integer, nullable=False),
    Column("votes_down", Integer, nullable=False),
    Column("fetched_at", AwareTime, nullable=False),
    Column("first_fetched_at", AwareTime, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("reply_count", Integer, nullable=False),
    Column("first_replied_at", AwareTime),
    Column("analysed_with", Text),
    Column("to_merge", Boolean, nullable=False),
    Column("purged_at", AwareTime),
    UniqueConstraint("source", "native_id"),
)
Index("ix_posts_asked_at", posts.c.asked_at, posts.c.id)
Index("ix_posts_source_asked_at", posts.c.source, posts.c.asked_at)
Index("ix_posts_source", posts.c.source, posts.c.first_fetched_at)
Index(
    "ix_posts_analysed_with",
    posts.c.analysed_with,
    posts.c.asked_at,
    posts.c.id,
    sqlite_where=posts.c.purged_at.is_(None),
    postgresql_where=posts.c.purged_at.is_(None),
)
Index(
    "ix_posts_unanswered",
    posts.c.asked_at,
    posts.c.id,
    sqlite_where=posts.c.reply_count == 0,
    postgresql_where=posts.c.reply_count == 0,
)
Index(
    "ix_posts_to_merge",
    posts.c.asked_at,
    posts.c.id,
    sqlite_where=posts.c.to_merge.is_(true()),
    postgresql_where=posts.c.to_merge.is_(true()),
)

# What the counts of service look at: as many entries as posts of the period, and no post is read.
Index(
    "ix_posts_service",
    posts.c.asked_at,
    posts.c.channel,
    posts.c.reply_count,
    posts.c.first_replied_at,
)
# News and notices with replies: hardly any. As text: a database matches an index's condition by its letters.
ANSWERED_CONTEXT = "posts.channel IN ('news', 'notice') AND posts.reply_count > 0"
_ANSWERED_CONTEXT = text(ANSWERED_CONTEXT.replace("posts.", ""))
Index(
    "ix_posts_answered_context",
    posts.c.id,
    sqlite_where=_ANSWERED_CONTEXT,
    postgresql_where=_ANSWERED_CONTEXT,
)

replies = Table(
    "replies",
    metadata,
    _post_key(primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("department", Text),
    Column("replied_at", AwareTime),
    Index("ix_replies_replied_at", "replied_at", "post_id"),
)

# Revisions that a newer one replaced: `content` is records.plain.plain_post of it.
post_revisions = Table(
    "post_revisions",
    metadata,
    _post_key(primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content", JSON, nullable=False),
)

analyses = Table(
    "analyses",
    metadata,
    _post_key(primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("topic", Text),
    Column("topic_guess", Text, nullable=False),
    Column("topic_score", Float, nullable=False),
    Column("runner_up", Text),
    Column("intent", Text, nullable=False),
    Column("intent_score", Float, nullable=False),
    Column("dissatisfaction", Float, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("places", JSON, nullable=False),
    Column("keywords", JSON, nullable=False),
    Column("reply_quality", JSON(none_as_null=True)),
    Column("fingerprint", Text, nullable=False),
    Column("subtopic", Text),
    Column("own_topics", JSON, nullable=False),
)

# `stale`: a post of it was analysed again since the problem was last summed up.
problems = Table(
    "problems",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("topic", Text),
    Column("place", Text),
    Column("department", Text),
    Column("first_seen", AwareTime, nullable=False),
    Column("last_seen", AwareTime, nullable=False),
    Column("n_posts", Integer, nullable=False),
    Column("n_voices", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("dissatisfaction", Float, nullable=False),
    Column("outcome", Text),
    Column("due_at", AwareTime),
    Column("stale", Boolean, nullable=False),
    Index("ix_problems_n_posts", "n_posts", "last_seen"),
    Index("ix_problems_last_seen", "last_seen"),
    Index("ix_problems_first_seen", "first_seen", "id"),
    Index("ix_problems_urgency", "urgency", "dissatisfaction", "last_seen"),
    Index("ix_problems_state", "state", "last_seen"),
)
Index(
    "ix_problems_stale",
    problems.c.id,
    sqlite_where=problems.c.stale.is_(true()),
    postgresql_where=problems.c.stale.is_(true()),
)

# `sequence` is the order of merging.
memberships = Table(
    "memberships",
    metadata,
    Column("sequence", _SERIAL, primary_key=True),
    _post_key(unique=True),
    Column("problem_id", Text, ForeignKey("problems.id"), nullable=False),
    Column("score", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Column("copy_of", Text),
    Index("ix_memberships_problem_id", "problem_id"),
    sqlite_autoincrement=True,
)

# What people decided: `ones` and `others` are post ids (records.problem.Decision). It outlives posts and
# problems, hence no foreign keys.
problem_decisions = Table(
    "problem_decisions",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("decided_at", AwareTime, nullable=False),
    Column("problem_id", Text, nullable=False),
    Column("other_id", Text, nullable=False),
    Column("ones", JSON, nullable=False),
    Column("others", JSON, nullable=False),
    Column("undone_at", AwareTime),
    sqlite_autoincrement=True,
)

# Which problems a reply of nearly these words was given to: a hash of its wording, never the words.
reply_uses = Table(
    "reply_uses",
    metadata,
    Column("reply_key", BigInteger, primary_key=True, autoincrement=False),
    Column("problem_id", Text, primary_key=True),
    Index("ix_reply_uses_problem_id", "problem_id"),
)

# What people said a message is, for training. `digest` is of the text that they read; nobody's name is kept.
labels = Table(
    "labels",
    metadata,
    _post_key(primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", AwareTime, nullable=False),
)

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
    Column("id", _SERIAL, primary_key=True),
    Column("matchers", JSON, nullable=False),
    Column("starts_at", AwareTime, nullable=False),
    Column("ends_at", AwareTime, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("ended_at", AwareTime),
    Index("ix_silences_ends_at", "ends_at"),
    sqlite_autoincrement=True,
)

runs = Table(
    "runs",
    metadata,
    Column("id", _SERIAL, primary_key=True),
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
    Column("id", _SERIAL, primary_key=True),
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
    Column("sequence", _SERIAL, primary_key=True),
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
    Column("id", _SERIAL, primary_key=True),
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

# Every version of every rule. `changed_by` is an account of this installation, or says that a file was
# edited; what was tried out before it went live is NULL where it was forced.
rule_versions = Table(
    "rule_versions",
    metadata,
    Column("id", _SERIAL, primary_key=True),
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

kept_values = Table(
    "kept_values",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", JSON, nullable=False),
)
