"""What people decided on problems, and how many problems a reply was given to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.schema import AwareTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make two tables."""
    op.create_table(
        "problem_decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("decided_at", AwareTime(), nullable=False),
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.Column("other_id", sa.Text(), nullable=False),
        sa.Column("ones", sa.JSON(), nullable=False),
        sa.Column("others", sa.JSON(), nullable=False),
        sa.Column("undone_at", AwareTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_problem_decisions")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reply_uses",
        sa.Column("reply_key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("problem_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reply_key", "problem_id", name=op.f("pk_reply_uses")),
    )
    op.create_index("ix_reply_uses_problem_id", "reply_uses", ["problem_id"], unique=False)
