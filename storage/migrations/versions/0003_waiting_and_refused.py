"""Since when posts wait for the search index, and which ones it refuses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.schema import AwareTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the rows that wait already wait from now on, find those of one post, and keep refusals."""
    op.add_column("outbox", sa.Column("waiting_since", AwareTime(), nullable=True))
    op.execute("UPDATE outbox SET waiting_since = CURRENT_TIMESTAMP")
    op.create_index("ix_outbox_post_id", "outbox", ["post_id"], unique=False)
    op.create_table(
        "refusals",
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("refused_at", AwareTime(), nullable=False),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_refusals")),
    )
