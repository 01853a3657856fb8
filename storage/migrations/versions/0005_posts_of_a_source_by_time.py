"""An index of each source's posts by time: how long a source is silent is asked on every page."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("ix_posts_source_asked_at", "posts", ["source", "asked_at"], unique=False)
