"""Versions of rules, and the backtests of what may become one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.schema import AwareTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables. The rules as they stand become first versions in the next round."""
    op.create_table(
        "rule_versions",
        sa.Column("id", _SERIAL, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", AwareTime(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tried_from", AwareTime(), nullable=True),
        sa.Column("tried_until", AwareTime(), nullable=True),
        sa.Column("tried_alerts", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_versions")),
        sa.UniqueConstraint("rule", "number", name=op.f("uq_rule_versions_rule_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rule_trials",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("period_start", AwareTime(), nullable=False),
        sa.Column("period_end", AwareTime(), nullable=False),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("tried_at", AwareTime(), nullable=False),
        sa.Column("tried_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_rule_trials")),
    )
