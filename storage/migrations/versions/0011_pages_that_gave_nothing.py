"""Why a page that is remembered gave no post."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column. Until now only pages that gave a post were remembered."""
    op.add_column("pages", sa.Column("refusal", sa.Text(), nullable=True))
