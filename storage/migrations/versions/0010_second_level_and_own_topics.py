"""The second level of a topic, and the installation's own topics, of each analysis."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns. What was read before is unknown and has none, until it is read again."""
    op.add_column("analyses", sa.Column("subtopic", sa.Text(), nullable=True))
    op.add_column("analyses", sa.Column("own_topics", sa.JSON(), nullable=False, server_default="[]"))
