"""Indexes that alone answer how many were asked and answered in a period, which the first page asks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make two indexes, and put the post into that of replies."""
    op.create_index(
        "ix_posts_service",
        "posts",
        ["asked_at", "channel", "reply_count", "first_replied_at"],
        unique=False,
    )
    op.create_index(
        "ix_posts_answered_context",
        "posts",
        ["id"],
        unique=False,
        sqlite_where=sa.text("channel IN ('news', 'notice') AND reply_count > 0"),
        postgresql_where=sa.text("channel IN ('news', 'notice') AND reply_count > 0"),
    )
    op.drop_index("ix_replies_replied_at", "replies")
    op.create_index("ix_replies_replied_at", "replies", ["replied_at", "post_id"], unique=False)
