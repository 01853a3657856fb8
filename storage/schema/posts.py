"""The tables of what residents asked, how it was read, and which messages are the same problem."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)

from storage.schema.columns import SERIAL, AwareTime, metadata, post_key

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
    post_key(primary_key=True),
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
    post_key(primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content", JSON, nullable=False),
)

analyses = Table(
    "analyses",
    metadata,
    post_key(primary_key=True),
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
    Column("sequence", SERIAL, primary_key=True),
    post_key(unique=True),
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
    Column("id", SERIAL, primary_key=True),
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
    post_key(primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", AwareTime, nullable=False),
)
