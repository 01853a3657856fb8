"""When the text of a post was deleted at the end of its retention, and indexes for all orders of problems."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.schema import AwareTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, leave such posts out of the index of what awaits analysis, and index two orders."""
    op.add_column("posts", sa.Column("purged_at", AwareTime(), nullable=True))
    op.drop_index("ix_posts_analysed_with", "posts")
    op.create_index(
        "ix_posts_analysed_with",
        "posts",
        ["analysed_with", "asked_at", "id"],
        unique=False,
        sqlite_where=sa.text("purged_at IS NULL"),
        postgresql_where=sa.text("purged_at IS NULL"),
    )
    op.create_index("ix_problems_first_seen", "problems", ["first_seen", "id"], unique=False)
    op.create_index(
        "ix_problems_urgency", "problems", ["urgency", "dissatisfaction", "last_seen"], unique=False
    )
