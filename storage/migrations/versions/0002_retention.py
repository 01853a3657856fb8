"""When the text of a post was deleted at the end of its retention; such posts are not analysed again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.schema import AwareTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and leave such posts out of the index of what awaits analysis."""
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
